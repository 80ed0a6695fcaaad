//! The boundary between a plugin that deploys and whoever runs it: the sandbox, or a test.

#[cfg(not(target_arch = "wasm32"))]
use super::{
    EffectToolCommand, EffectToolEnded, HttpProblem, RequestWire, ResponseWire, StorageProblem,
    Stored,
};

/// Whoever runs the plugin. In a component every call is a static one, so that the linker drops
/// the imports that the plugin does not use; elsewhere a test supplies the answers.
#[cfg(target_arch = "wasm32")]
pub(crate) type OutletRef = Component;
/// Whoever runs the plugin: here, a test.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) type OutletRef = std::rc::Rc<dyn DeployHost>;

/// What a deployment can ask of its host beyond what [`Host`](crate::Host) has, one method for
/// each function of `wit/step.wit`.
///
/// A deployment never sees this trait: it uses [`DeployCx`](super::DeployCx). A test implements
/// it.
#[cfg(not(target_arch = "wasm32"))]
pub trait DeployHost {
    /// Sends a request.
    ///
    /// # Errors
    /// When there is no answer.
    fn send(&self, request: &RequestWire) -> Result<ResponseWire, HttpProblem>;
    /// Lists the objects below a prefix of whole segments, sorted.
    ///
    /// # Errors
    /// When the storage cannot be asked.
    fn list(&self, prefix: &str) -> Result<Vec<Stored>, StorageProblem>;
    /// Reads a whole object.
    ///
    /// # Errors
    /// When there is none, or the storage cannot be asked.
    fn read(&self, path: &str) -> Result<Vec<u8>, StorageProblem>;
    /// Puts an artifact.
    ///
    /// # Errors
    /// When there is no such artifact, or the storage does not take it.
    fn put(&self, path: &str, artifact: &str) -> Result<(), StorageProblem>;
    /// Writes a small object.
    ///
    /// # Errors
    /// When the storage does not take it.
    fn write(&self, path: &str, data: &[u8]) -> Result<(), StorageProblem>;
    /// Replaces a small object that still is what was expected.
    ///
    /// # Errors
    /// When it is not, or the storage does not take it.
    fn swap(&self, path: &str, expected: Option<&[u8]>, data: &[u8]) -> Result<(), StorageProblem>;
    /// Removes an object.
    ///
    /// # Errors
    /// When the storage does not do it.
    fn remove(&self, path: &str) -> Result<(), StorageProblem>;
    /// Runs a tool to its end.
    fn run(&self, command: &EffectToolCommand) -> EffectToolEnded;
}

/// The imports of this component, with the methods of the trait `DeployHost` that tests implement.
#[cfg(target_arch = "wasm32")]
#[derive(Clone)]
pub(crate) struct Component;

#[cfg(target_arch = "wasm32")]
mod component {
    use super::Component;
    use crate::deploy::{
        EffectToolCommand, EffectToolEnded, HttpProblem, RequestWire, ResponseWire, StorageProblem,
        Stored,
    };
    use crate::deploy_bindings::belljar::step::{effect_tool, http, storage};

    #[expect(clippy::unused_self, reason = "the native form of the same calls holds a host")]
    impl Component {
        pub(crate) fn send(&self, request: &RequestWire) -> Result<ResponseWire, HttpProblem> {
            http::send(request)
        }

        pub(crate) fn list(&self, prefix: &str) -> Result<Vec<Stored>, StorageProblem> {
            storage::list(prefix)
        }

        pub(crate) fn read(&self, path: &str) -> Result<Vec<u8>, StorageProblem> {
            storage::read(path)
        }

        pub(crate) fn put(&self, path: &str, artifact: &str) -> Result<(), StorageProblem> {
            storage::put(path, artifact)
        }

        pub(crate) fn write(&self, path: &str, data: &[u8]) -> Result<(), StorageProblem> {
            storage::write(path, data)
        }

        pub(crate) fn swap(
            &self,
            path: &str,
            expected: Option<&[u8]>,
            data: &[u8],
        ) -> Result<(), StorageProblem> {
            storage::swap(path, expected, data)
        }

        pub(crate) fn remove(&self, path: &str) -> Result<(), StorageProblem> {
            storage::remove(path)
        }

        pub(crate) fn run(&self, command: &EffectToolCommand) -> EffectToolEnded {
            effect_tool::run(command)
        }
    }
}

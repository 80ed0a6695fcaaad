//! The attributes `#[step]`, `#[deployment]` and `#[config]` of the SDK. Use them through `belljar_sdk`.
//!
//! attribute text → `syn` item → the item again, plus what the component exports

mod about;
mod config;
mod deployment;
mod step;

use proc_macro::TokenStream;

/// Makes a function the step of a plugin.
///
/// The function takes its configuration and `&mut Cx`, and returns a `StepResult`. The crate
/// then exports `describe` and `run` when it is built for `wasm32-wasip2`. Beside the function
/// there will be `pub fn describe() -> Descriptor`, which tests can call on any machine.
///
/// The package's `Cargo.toml` gives the name (without `belljar-plugin-`), the version and, as
/// `description`, the summary; the function's doc comment is the manual. Arguments replace them:
/// `#[step(name = "lint", summary = "..", docs = include_str!("../README.md"))]`.
///
/// `tools` asks for native tools, each with the reason that a reviewer will read and, if it
/// matters, a semver requirement: `#[step(tools = [("cargo", "builds", ">=1.80")])]`. The name
/// `*` stands for any tool that the user grants. `secrets` asks for secrets by name in the same
/// way: `#[step(secrets = ["npm"])]`.
#[proc_macro_attribute]
pub fn step(arguments: TokenStream, item: TokenStream) -> TokenStream {
    step::expand(arguments.into(), item.into())
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}

/// Makes an `impl Deployment for ..` the deployment of a plugin.
///
/// The crate then exports `describe`, `preview`, `apply` and `observe` when it is built for
/// `wasm32-wasip2`; a run of it as a step is refused. Beside the `impl` there will be
/// `pub fn describe() -> Descriptor`.
///
/// Takes the arguments of [`macro@step`]; the manual is the doc comment of the `impl`. Besides,
/// `secrets` and `hosts` say what the plugin asks for:
/// `#[deployment(secrets = ["token"], hosts = ["api.example.com:443"])]`. As among the tools, `*`
/// stands for any that the user grants.
#[proc_macro_attribute]
pub fn deployment(arguments: TokenStream, item: TokenStream) -> TokenStream {
    deployment::expand(arguments.into(), item.into())
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}

/// Makes a struct or an enum a configuration, or a part of one.
///
/// Derives `Deserialize` and `JsonSchema`, with the doc comments as descriptions, kebab-case
/// names and unknown fields refused. More `#[serde(..)]` attributes can be added as usual;
/// a `rename_all` of one's own replaces kebab-case.
#[proc_macro_attribute]
pub fn config(arguments: TokenStream, item: TokenStream) -> TokenStream {
    config::expand(&arguments.into(), item.into())
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}

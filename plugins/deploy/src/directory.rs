//! The strategy `directory`: files under the release's own folder, then one pointer is switched.

use std::collections::{BTreeMap, BTreeSet};

use belljar_sdk::deploy::{Artifact, Stored};
use belljar_sdk::prelude::*;

use crate::config::Directory;
use crate::pointer::Pointer;
use crate::release::{digits, is_digits, short};
use crate::verdict;

/// The folder of all releases, below that of the strategy.
const RELEASES: &str = "releases";
/// The pointer, below the folder of the strategy.
const CURRENT: &str = "current";

/// Uploads what is missing, switches the pointer, removes old releases. All of it is decided from
/// what is stored now, so a call after one that broke off does only what is left.
pub(crate) fn apply(config: &Directory, at: usize, cx: &DeployCx) -> DeployResult {
    let files = select(config, at, cx)?;
    let places = Places::new(config, cx.release());
    let bytes = cx.storage().read_if_there(&places.current)?;
    let old = match &bytes {
        Some(bytes) => Some(Pointer::parse(&places.current, bytes)?),
        None => None,
    };
    let stored = cx.storage().list(&places.releases)?;
    let next = Pointer::to(cx.release(), places.own.clone(), &files);
    let next = next.after(old.as_ref(), config.keep);
    let mut changes = upload(&files, &places, &stored, cx)?;
    let text = next.text()?;
    if bytes.as_ref() != Some(&text) {
        cx.storage().swap(&places.current, bytes.as_deref(), text)?;
        changes.push(switched(&places, old.as_ref(), cx));
    }
    // Without a pointer nobody knows what the other folders are: they are left alone.
    if old.is_some() {
        changes.extend(clean(&next, &places, &stored, cx)?);
    }
    Ok(changes)
}

/// Looks whether the pointer names this release, and whether its files are there.
pub(crate) fn observe(config: &Directory, cx: &DeployCx) -> Observation {
    let places = Places::new(config, cx.release());
    let bytes = match cx.storage().read_if_there(&places.current) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Observation::unhealthy(format!("there is no `{}`", places.current)),
        Err(error) => return Observation::unknown(error.to_string()),
    };
    let Ok(pointer) = Pointer::parse(&places.current, &bytes) else {
        return Observation::unhealthy(format!("`{}` points at no release", places.current));
    };
    if pointer.release != cx.release() {
        return verdict::other(&format!("`{}`", places.current), &pointer.release);
    }
    let stored = match cx.storage().list(&places.own) {
        Ok(stored) => stored,
        Err(error) => return Observation::unknown(error.to_string()),
    };
    let files = cx.select(&config.files, &config.except);
    let missing = missing(&files, &places, &stored);
    let seen = match missing.first() {
        None => Observation::healthy(format!("{} files are there", files.len())),
        Some((first, _)) => Observation::unhealthy(format!(
            "{} of {} files are missing or have another size, such as `{}`",
            missing.len(),
            files.len(),
            first.path
        )),
    };
    seen.release(cx.release())
}

/// Where everything is.
struct Places {
    current: String,
    releases: String,
    own: String,
}

impl Places {
    fn new(config: &Directory, release: &str) -> Self {
        let to = config.to.trim_end_matches('/');
        let below =
            |name: &str| if to.is_empty() { name.to_owned() } else { format!("{to}/{name}") };
        let releases = below(RELEASES);
        Self { current: below(CURRENT), own: format!("{releases}/{}", digits(release)), releases }
    }
}

fn select(config: &Directory, at: usize, cx: &DeployCx) -> Result<Vec<Artifact>, StepError> {
    let files = cx.select(&config.files, &config.except);
    if files.is_empty() {
        let pointer = format!("/strategies/{at}/directory/files");
        return Err(StepError::invalid_config(pointer, "matches none of the shipped files"));
    }
    Ok(files)
}

/// The files that are not stored, and where they go.
///
/// A file of the right size at its place is taken for the file: the place is made of the digest
/// of the release, which fixes every file by its path, and no object is ever seen in part.
fn missing<'a>(
    files: &'a [Artifact],
    places: &Places,
    stored: &[Stored],
) -> Vec<(&'a Artifact, String)> {
    let sizes: BTreeMap<&str, u64> =
        stored.iter().map(|object| (object.path.as_str(), object.size)).collect();
    let wanted = files.iter().map(|file| (file, format!("{}/{}", places.own, file.path)));
    wanted.filter(|(file, place)| sizes.get(place.as_str()) != Some(&file.size)).collect()
}

fn upload(files: &[Artifact], places: &Places, stored: &[Stored], cx: &DeployCx) -> DeployResult {
    let mut changes = Vec::new();
    for (file, place) in missing(files, places, stored) {
        cx.check_cancelled()?;
        cx.storage().put(&place, &file.path)?;
        let detail = format!("{} bytes to `{place}`", file.size);
        changes.push(Change::new("upload", &file.path).detail(detail));
    }
    Ok(changes)
}

fn switched(places: &Places, old: Option<&Pointer>, cx: &DeployCx) -> Change {
    let new = short(cx.release());
    let detail = match old {
        Some(old) if old.release != cx.release() => {
            format!("from {} to {new}", short(&old.release))
        }
        _ => format!("to {new}"),
    };
    Change::new("switch", &places.current).detail(detail)
}

/// Removes the releases that are not kept, the remains of deployments that broke off among them.
fn clean(next: &Pointer, places: &Places, stored: &[Stored], cx: &DeployCx) -> DeployResult {
    let kept: BTreeSet<&str> =
        std::iter::once(&next.release).chain(&next.previous).map(|id| digits(id)).collect();
    let mut removed: BTreeMap<&str, usize> = BTreeMap::new();
    for object in stored {
        let below = object.path.strip_prefix(&places.releases);
        let below = below.and_then(|path| path.strip_prefix('/'));
        let Some((name, _)) = below.and_then(|path| path.split_once('/')) else { continue };
        if is_digits(name) && !kept.contains(name) {
            cx.check_cancelled()?;
            cx.storage().remove(&object.path)?;
            *removed.entry(name).or_default() += 1;
        }
    }
    let change = |(name, count): (&str, usize)| {
        Change::new("remove", format!("{}/{name}", places.releases))
            .detail(format!("{count} files"))
    };
    Ok(removed.into_iter().map(change).collect())
}

//! OCI images of one layer, as an image layout in a tarball or a folder.

use std::collections::BTreeMap;

use belljar_sdk::{Cx, StepError, serde_json};
use serde::Serialize;

use crate::config::{Config, Format, Image};
use crate::digests::{Digesting, Digests};
use crate::manifest::{Archive, Packed};
use crate::select::Entry;
use crate::tarball::Tarball;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
/// The annotation by which tools find an image within a layout.
const REFERENCE: &str = "org.opencontainers.image.ref.name";
/// Images say when they were made; ours must not depend on it.
const CREATED: &str = "1970-01-01T00:00:00Z";

/// The files of an image layout by path.
type Layout = BTreeMap<String, Vec<u8>>;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    media_type: &'static str,
    digest: String,
    size: u64,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    annotations: BTreeMap<&'static str, String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Index {
    schema_version: u32,
    media_type: &'static str,
    manifests: [Descriptor; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    schema_version: u32,
    media_type: &'static str,
    config: Descriptor,
    layers: [Descriptor; 1],
}

#[derive(Serialize)]
struct ImageConfig<'a> {
    created: &'static str,
    architecture: &'a str,
    os: &'a str,
    config: Execution<'a>,
    rootfs: RootFs,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Execution<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    user: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    env: Vec<String>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    entrypoint: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    cmd: &'a [String],
    #[serde(skip_serializing_if = "str::is_empty")]
    working_dir: &'a str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    labels: &'a BTreeMap<String, String>,
}

#[derive(Serialize)]
struct RootFs {
    #[serde(rename = "type")]
    kind: &'static str,
    diff_ids: [String; 1],
}

/// Writes an image. The compressed layer is held in memory, because its name is its digest.
///
/// # Errors
/// When an input cannot be read or an output cannot be written.
pub(crate) fn write(
    config: &Config,
    entries: &[Entry],
    cx: &Cx,
) -> Result<(Archive, Vec<Packed>), StepError> {
    let into = Digesting::new(crate::gzip(Vec::new()));
    let (into, packed) = crate::tar_entries(entries, into, cx)?;
    let (gzip, uncompressed) = into.finish();
    let (layout, digest) = layout(config, gzip.finish()?, &uncompressed)?;
    let mut archive = match config.format {
        Format::OciDir => write_folder(config, &layout, cx)?,
        _ => write_tarball(config, &layout, cx)?,
    };
    archive.image = Some(digest);
    Ok((archive, packed))
}

/// Returns the layout and the digest of the image's manifest.
fn layout(
    config: &Config,
    layer: Vec<u8>,
    uncompressed: &Digests,
) -> Result<(Layout, String), StepError> {
    let image = config.oci.clone().unwrap_or_default();
    let mut layout = Layout::new();
    let layer = blob(&mut layout, LAYER, layer);
    let settings = serde_json::to_vec(&image_config(&image, uncompressed))?;
    let settings = blob(&mut layout, CONFIG, settings);
    let manifest =
        Manifest { schema_version: 2, media_type: MANIFEST, config: settings, layers: [layer] };
    let mut manifest = blob(&mut layout, MANIFEST, serde_json::to_vec(&manifest)?);
    let digest = manifest.digest.clone();
    if !image.reference.is_empty() {
        manifest.annotations.insert(REFERENCE, image.reference);
    }
    let index = Index { schema_version: 2, media_type: INDEX, manifests: [manifest] };
    layout.insert("index.json".to_owned(), serde_json::to_vec(&index)?);
    layout.insert("oci-layout".to_owned(), br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec());
    Ok((layout, digest))
}

fn image_config<'a>(image: &'a Image, uncompressed: &Digests) -> ImageConfig<'a> {
    ImageConfig {
        created: CREATED,
        architecture: &image.architecture,
        os: &image.os,
        config: Execution {
            user: &image.user,
            env: image.env.iter().map(|(name, value)| format!("{name}={value}")).collect(),
            entrypoint: &image.entrypoint,
            cmd: &image.cmd,
            working_dir: &image.working_dir,
            labels: &image.labels,
        },
        rootfs: RootFs { kind: "layers", diff_ids: [format!("sha256:{}", uncompressed.sha256)] },
    }
}

fn blob(layout: &mut Layout, media_type: &'static str, bytes: Vec<u8>) -> Descriptor {
    let Digests { size, sha256, .. } = Digests::of(&bytes);
    layout.insert(format!("blobs/sha256/{sha256}"), bytes);
    let digest = format!("sha256:{sha256}");
    Descriptor { media_type, digest, size, annotations: BTreeMap::new() }
}

fn write_tarball(config: &Config, layout: &Layout, cx: &Cx) -> Result<Archive, StepError> {
    let mut tarball = Tarball::new(crate::create(config, cx)?);
    for (path, bytes) in layout {
        tarball.file(path, bytes.len() as u64, 0o644, &mut bytes.as_slice())?;
    }
    crate::finish(config, tarball.finish()?)
}

/// A folder has no digest of its own; its index fixes all the rest by digest.
fn write_folder(config: &Config, layout: &Layout, cx: &Cx) -> Result<Archive, StepError> {
    for (path, bytes) in layout {
        let path = format!("{}/{path}", config.output);
        cx.outputs().write(&path, bytes).map_err(crate::undeclared)?;
    }
    let digests = Digests::of(&layout["index.json"]);
    Ok(Archive::new(config, format!("{}/index.json", config.output), digests))
}

//! Lists the guests, so that one without a test does not compile.

use std::path::PathBuf;
use std::{env, fs};

fn main() {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let folder = here.join("guests/examples");
    println!("cargo::rerun-if-changed={}", folder.display());
    let entries = fs::read_dir(folder).expect("the guests are there");
    let mut names: Vec<_> = entries
        .map(|entry| entry.expect("the folder can be read to its end").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect();
    names.sort();
    let list = format!(
        "macro_rules! for_each_guest {{ ($then:ident) => {{ $then! {{ {} }} }}; }}\n",
        names.join(" ")
    );
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    fs::write(out.join("guests.rs"), list).expect("OUT_DIR can be written");
}

//! Writes the table of contents of a folder of Markdown pages. It knows nothing of Belljar: it is
//! an ordinary program with arguments, files and an exit code.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs, io};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [folder, to] = &arguments[..] else {
        eprintln!("usage: contents FOLDER FILE");
        return ExitCode::from(2);
    };
    match write(Path::new(folder), Path::new(to)) {
        Ok(count) => {
            println!("{count} pages");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("contents: {error}");
            ExitCode::FAILURE
        }
    }
}

fn write(folder: &Path, to: &Path) -> io::Result<usize> {
    let mut pages = Vec::new();
    collect(folder, &mut pages)?;
    pages.sort();
    let mut text = String::from("# Contents\n\n");
    for page in &pages {
        for line in fs::read_to_string(page)?.lines() {
            if let Some((depth, title)) = heading(line) {
                let indent = "  ".repeat(depth - 1);
                let _ = writeln!(text, "{indent}- [{title}]({})", page.display());
            }
        }
    }
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::write(to, text)?;
    Ok(pages.len())
}

/// The depth and the words of a Markdown heading.
fn heading(line: &str) -> Option<(usize, &str)> {
    let words = line.trim_start_matches('#');
    let depth = line.len() - words.len();
    (1..=6).contains(&depth).then_some((depth, words.strip_prefix(' ')?.trim()))
}

fn collect(folder: &Path, pages: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, pages)?;
        } else if path.extension().is_some_and(|extension| extension == "md") {
            pages.push(path);
        }
    }
    Ok(())
}

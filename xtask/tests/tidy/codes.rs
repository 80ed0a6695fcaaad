//! Every error code has a page, and every page is about a code that the program can give.

use std::collections::BTreeSet;

use crate::tree::{files, report, sources};

/// Where the pages are.
const PAGES: &str = "docs/errors/";

/// The codes that a source gives. Tests may make up others.
fn given(text: &str) -> BTreeSet<String> {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let literals = code.split('"').skip(1).step_by(2);
    literals.filter(|literal| is_code(literal)).map(str::to_owned).collect()
}

fn is_code(text: &str) -> bool {
    let digits = text.strip_prefix('E').unwrap_or_default();
    digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn pages() -> BTreeSet<String> {
    let names =
        files().iter().filter_map(|file| file.path.strip_prefix(PAGES)?.strip_suffix(".md"));
    names.filter(|name| *name != "README").map(str::to_owned).collect()
}

#[test]
fn codes_and_pages_match() {
    let host =
        sources().filter(|file| file.path.starts_with("host/") && file.path.contains("/src/"));
    let given: BTreeSet<String> = host.flat_map(|file| given(&file.text)).collect();
    let pages = pages();
    let unexplained = given.difference(&pages).map(|code| {
        format!("{PAGES}{code}.md is missing: say what {code} means, show it, and say what to do")
    });
    let unused = pages
        .difference(&given)
        .map(|code| format!("{PAGES}{code}.md: the program never gives {code}: remove the page"));
    report(&unexplained.chain(unused).collect::<Vec<_>>());
}

#[test]
fn codes_are_read_from_literals_outside_of_tests() {
    let text = "f(\"E0101\", \"no\"); // E0102\n#[cfg(test)]\nmod tests { \"E0999\" }";
    assert!(given(text).iter().eq(["E0101"]));
    assert!(!is_code("E010") && !is_code("e0101") && !is_code("E01011"));
}

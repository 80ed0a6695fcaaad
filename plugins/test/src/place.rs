//! Where a failure is written: the first place in a message that is a file of the project.

use belljar_sdk::Span;

/// How many places are looked up for one message.
const LOOKS: usize = 24;
/// What separates a path from the text around it.
const BETWEEN: [char; 10] = [' ', '\t', '"', '\'', '`', '(', ')', '<', '>', ','];
/// Folders of other people's code.
const FOREIGN: [&str; 4] = ["/rustc/", "node_modules/", "site-packages/", "/.cargo/"];

/// Finds the place. `bases` are the folders that relative paths may count from, and `exists`
/// says whether a path from the workspace root is a file of the project.
pub(crate) fn find(
    message: &str,
    bases: &[String],
    exists: &mut dyn FnMut(&str) -> bool,
) -> Option<Span> {
    let mut looks = 0;
    let mut look = |path: &str| {
        looks += 1;
        looks <= LOOKS && exists(path)
    };
    for line in message.lines() {
        let words: Vec<&str> = line.split(BETWEEN).filter(|word| !word.is_empty()).collect();
        for (at, word) in words.iter().enumerate() {
            let Some((path, line, col)) = place(word).or_else(|| python(&words[at..])) else {
                continue;
            };
            if let Some(file) = resolve(path, bases, &mut look) {
                return Some(Span::point(file, line, col));
            }
        }
    }
    None
}

/// `src/a.rs:3:5`, `a.py:3:`, `file:///a.js:3:5` → path, line, column
fn place(word: &str) -> Option<(&str, u32, u32)> {
    let word = word.trim_end_matches([':', '.', ';', ']']);
    let (rest, last) = word.rsplit_once(':')?;
    let last = number(last)?;
    let before = rest.rsplit_once(':').and_then(|(path, line)| Some((path, number(line)?)));
    let (path, line, col) = match before {
        Some((path, line)) => (path, line, last),
        None => (rest, last, 1),
    };
    is_path(path).then_some((path.strip_prefix("file://").unwrap_or(path), line, col))
}

/// `File "a.py", line 3` → path, line, column
fn python<'a>(words: &[&'a str]) -> Option<(&'a str, u32, u32)> {
    let [path, "line", line, ..] = words else { return None };
    is_path(path).then_some((*path, number(line)?, 1))
}

fn number(text: &str) -> Option<u32> {
    text.parse().ok().filter(|number| *number > 0)
}

fn is_path(text: &str) -> bool {
    let name = text.rsplit('/').next().unwrap_or(text);
    name.trim_start_matches('.').contains('.') && !FOREIGN.iter().any(|part| text.contains(part))
}

fn resolve(path: &str, bases: &[String], exists: &mut dyn FnMut(&str) -> bool) -> Option<String> {
    if let Some(absolute) = path.strip_prefix('/') {
        // The plugin does not know where the tool saw the workspace, so it tries every tail.
        let mut tail = Some(absolute);
        while let Some(path) = tail {
            if exists(path) {
                return Some(path.to_owned());
            }
            tail = path.split_once('/').map(|(_, rest)| rest);
        }
        return None;
    }
    let root = String::new();
    bases.iter().chain([&root]).filter_map(|base| normal(base, path)).find(|path| exists(path))
}

/// The path of `path` in `folder`, without `.` and `..`; `None` if it leads out of the root.
pub(crate) fn normal(folder: &str, path: &str) -> Option<String> {
    let mut segments: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(segments.pop()?),
            part => segments.push(part),
        }
    }
    Some(segments.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_place_in_a_file_of_the_project_is_found() {
        let check = |message: &str, expected: Option<(&str, u32, u32)>| {
            let files = ["a/src/lib.rs", "tests/test_a.py", "web/a.test.mjs", "api/p/a_test.go"];
            let bases = ["web".to_owned(), "api/p".to_owned()];
            let found = find(message, &bases, &mut |path| files.contains(&path));
            let expected = expected.map(|(file, line, col)| Span::point(file, line, col));
            assert_eq!(found, expected, "{message}");
        };
        check(
            "thread 't' (7) panicked at a/src/lib.rs:6:122:\nwhy",
            Some(("a/src/lib.rs", 6, 122)),
        );
        check(
            "12:30:45 x.y:3\ntests/test_a.py:13: AssertionError",
            Some(("tests/test_a.py", 13, 1)),
        );
        check("File \"/w/tests/test_a.py\", line 3, in x", Some(("tests/test_a.py", 3, 1)));
        check("at f (file:///w/web/a.test.mjs:3:28)", Some(("web/a.test.mjs", 3, 28)));
        check(" ❯ a.test.mjs:3:31", Some(("web/a.test.mjs", 3, 31)));
        check("a_test.go:14: got 3", Some(("api/p/a_test.go", 14, 1)));
        check("/rustc/0a/a/src/lib.rs:1:1 ../../../tests/test_a.py:1", None);
        check("took 1.5:3 at 10:30, nothing.here:0", None);
    }

    #[test]
    fn paths_are_made_normal_and_stay_below_the_root() {
        assert_eq!(normal("a/b", "../c/./d"), Some("a/c/d".to_owned()));
        assert_eq!(normal("a", ".."), Some(String::new()));
        assert_eq!(normal("a", "../../b"), None);
    }
}

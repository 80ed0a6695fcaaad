//! JUnit XML, as the many programs that write it understand it.

use belljar_sdk::{TestCase, TestStatus};
use roxmltree::{Document, Node};

use super::{Unreadable, looks, message, micros};

const EXPECTED: &str = "JUnit XML (`<testsuites><testsuite><testcase name=\"…\"/>…`)";

/// One `<testcase>`, before it is known which runner wrote it.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Element {
    /// `name`.
    pub(crate) name: String,
    /// `classname`, which each runner uses in its own way.
    pub(crate) class: String,
    /// The names of the suites around it, the outermost first.
    pub(crate) groups: Vec<String>,
    /// `file`, if there is one.
    pub(crate) file: Option<String>,
    /// `line`, if there is one.
    pub(crate) line: Option<u32>,
    /// `status`, which only some runners write.
    pub(crate) state: String,
    /// `time`.
    pub(crate) duration_us: u64,
    /// What became of it; `None` if it passed.
    pub(crate) bad: Option<Verdict>,
    /// Whether it passed after failing.
    pub(crate) flaky: bool,
}

/// What became of a test that did not pass.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Verdict {
    /// Failed, errored or skipped.
    pub(crate) status: TestStatus,
    /// What was said about it, in short and at length.
    pub(crate) message: String,
    /// What was said at length alone.
    pub(crate) text: String,
}

impl Verdict {
    fn silent(status: TestStatus) -> Self {
        Self { status, message: String::new(), text: String::new() }
    }
}

impl Element {
    /// The test case, in a group of this name.
    pub(crate) fn into_case(self, suite: String) -> TestCase {
        let verdict = self.bad.unwrap_or_else(|| Verdict::silent(TestStatus::Passed));
        let mut case = TestCase::new(suite, self.name, verdict.status).message(verdict.message);
        case.duration_us = self.duration_us;
        if self.flaky { case.attr("flaky", "true") } else { case }
    }

    /// Its group, if the runner has no convention of its own: the class, or the suites.
    pub(crate) fn suite(&self, default: &str) -> String {
        if !self.class.is_empty() && self.class != self.name {
            return self.class.clone();
        }
        if self.groups.is_empty() { default.to_owned() } else { self.groups.join(" > ") }
    }
}

/// Reads results. What stands before the first `<` is skipped.
///
/// # Errors
/// When they are no XML, or have no suite.
pub(crate) fn parse(text: &str) -> Result<Vec<Element>, Unreadable> {
    let unreadable = |found| Unreadable { expected: EXPECTED, found };
    let start = text.find("<?xml").or_else(|| text.find("<testsuite"));
    let Some(start) = start else { return Err(unreadable(looks(text))) };
    let text = clean(&text[start..]);
    let document =
        Document::parse(&text).map_err(|error| unreadable(format!("there is {error}")))?;
    let root = document.root_element();
    if !matches!(root.tag_name().name(), "testsuites" | "testsuite") {
        return Err(unreadable(format!("the root is `<{}>`", root.tag_name().name())));
    }
    let mut elements = Vec::new();
    for node in root.descendants().filter(Node::is_element) {
        let is_failed_suite = node.has_tag_name("testsuite") && verdict(node).is_some();
        if node.has_tag_name("testcase") || is_failed_suite {
            elements.push(element(node));
        }
    }
    Ok(elements)
}

/// Characters that XML does not allow, though programs write them.
fn clean(text: &str) -> String {
    let bad = |c: char| {
        (c < ' ' && !matches!(c, '\t' | '\n' | '\r')) || matches!(c, '\u{fffe}' | '\u{ffff}')
    };
    text.replace(bad, "\u{fffd}")
}

fn element(node: Node<'_, '_>) -> Element {
    let attribute = |name: &str| node.attribute(name).unwrap_or_default().to_owned();
    let mut groups: Vec<String> = node
        .ancestors()
        .skip(1)
        .filter(|above| above.has_tag_name("testsuite"))
        .filter_map(|above| above.attribute("name"))
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect();
    groups.reverse();
    let state = attribute("status");
    let not_run = matches!(state.as_str(), "disabled" | "notrun" | "skipped")
        || node.attribute("result").is_some_and(|result| result != "completed");
    let flaky = node
        .children()
        .any(|child| child.has_tag_name("flakyFailure") || child.has_tag_name("flakyError"));
    Element {
        name: attribute("name"),
        class: attribute("classname"),
        groups,
        file: node.attribute("file").map(str::to_owned),
        line: node.attribute("line").and_then(|line| line.parse().ok()),
        state,
        duration_us: seconds(node.attribute("time").unwrap_or_default()),
        bad: verdict(node).or_else(|| not_run.then(|| Verdict::silent(TestStatus::Skipped))),
        flaky,
    }
}

fn seconds(text: &str) -> u64 {
    text.replace(',', "").parse().map_or(0, |seconds| micros(seconds, 1.0))
}

/// What the children of a test say. A failure outweighs an error, and both a skip.
fn verdict(node: Node<'_, '_>) -> Option<Verdict> {
    let find = |name: &str| node.children().find(|child| child.has_tag_name(name));
    let (said, status) = find("failure")
        .map(|said| (said, TestStatus::Failed))
        .or_else(|| find("error").map(|said| (said, TestStatus::Errored)))
        .or_else(|| find("skipped").map(|said| (said, TestStatus::Skipped)))?;
    let mut text = text_of(said).trim().to_owned();
    let short = said.attribute("message").unwrap_or_default().trim();
    if text.is_empty() && status != TestStatus::Skipped {
        for output in node
            .children()
            .filter(|child| child.has_tag_name("system-out") || child.has_tag_name("system-err"))
        {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(text_of(output).trim());
        }
    }
    // Many repeat the short form in the first line of the long one.
    let first = |text: &str| text.lines().next().unwrap_or_default().to_owned();
    let is_repeated = first(&text).contains(&first(short));
    let whole = if is_repeated { message(&text) } else { message(&format!("{short}\n{text}")) };
    Some(Verdict { status, message: whole, text: message(&text) })
}

fn text_of(node: Node<'_, '_>) -> String {
    node.children().filter(Node::is_text).filter_map(|text| text.text()).collect()
}

#[cfg(test)]
mod tests {
    use TestStatus::{Errored, Failed, Passed, Skipped};

    use super::*;

    fn statuses(text: &str) -> Vec<(String, TestStatus)> {
        let elements = parse(text).unwrap();
        let status = |element: &Element| element.bad.as_ref().map_or(Passed, |bad| bad.status);
        elements.iter().map(|element| (element.name.clone(), status(element))).collect()
    }

    fn check(text: &str, expected: &[(&str, TestStatus)]) {
        let expected: Vec<_> = expected.iter().map(|(name, s)| ((*name).to_owned(), *s)).collect();
        assert_eq!(statuses(text), expected);
    }

    #[test]
    fn what_pytest_writes_is_read() {
        let text = include_str!("../../samples/pytest.xml");
        check(
            text,
            &[
                ("test_ok", Passed),
                ("test_bad", Failed),
                ("test_skip", Skipped),
                ("test_xf", Skipped),
                ("test_m[1]", Passed),
                ("test_m[a b]", Failed),
                ("test_err", Errored),
            ],
        );
        let bad = parse(text).unwrap().swap_remove(1);
        assert_eq!((bad.file.as_deref(), bad.line), (Some("tests/test_a.py"), Some(2)));
        assert_eq!((bad.class.as_str(), bad.duration_us), ("tests.test_a", 1000));
        let message = bad.bad.unwrap().message;
        assert!(message.starts_with("AssertionError: numbers\nassert 1 == 2\ndef"), "{message}");
        assert!(message.ends_with("tests/test_a.py:6: AssertionError"), "{message}");
    }

    #[test]
    fn what_node_writes_is_read_with_its_nested_suites() {
        let text = include_str!("../../samples/node.xml");
        check(
            text,
            &[
                ("ok", Passed),
                ("bad", Failed),
                ("skipped", Skipped),
                ("todo", Skipped),
                ("inner ok", Passed),
                ("inner bad", Failed),
                ("sub", Passed),
            ],
        );
        let elements = parse(text).unwrap();
        assert_eq!((&*elements[0].groups, elements[0].duration_us), (&[][..], 1065));
        assert_eq!(elements[5].groups, ["group"]);
    }

    #[test]
    fn what_vitest_writes_is_read() {
        let text = include_str!("../../samples/vitest.xml");
        check(
            text,
            &[
                ("ok", Passed),
                ("bad", Failed),
                ("skipped", Skipped),
                ("group > inner ok", Passed),
                ("group > inner bad", Failed),
            ],
        );
        assert_eq!(parse(text).unwrap()[0].suite("x"), "a.test.ts");
    }

    #[test]
    fn what_nextest_writes_is_read() {
        check(
            include_str!("../../samples/nextest.xml"),
            &[
                ("tests::ok", Passed),
                ("tests::bad", Failed),
                ("tests::sp", Passed),
                ("res", Failed),
                ("uses", Passed),
            ],
        );
    }

    #[test]
    fn what_ctest_writes_is_read_with_the_output_of_what_failed() {
        let text = include_str!("../../samples/ctest.xml");
        check(text, &[("good", Passed), ("bad", Failed), ("nothere", Skipped), ("dis", Skipped)]);
        let elements = parse(text).unwrap();
        assert_eq!(elements[1].bad.as_ref().unwrap().message, "Failed\nhello");
        assert_eq!(elements[2].state, "notrun");
    }

    #[test]
    fn a_test_that_passed_in_the_end_is_flaky() {
        let text = "<testsuite name='s'><testcase name='t' time='1,000.5'>\
            <flakyFailure message='m'/></testcase></testsuite>";
        let case = parse(text).unwrap().swap_remove(0);
        let case = case.clone().into_case(case.suite("x"));
        assert_eq!((case.suite.as_str(), case.status), ("s", Passed));
        assert_eq!((case.duration_us, case.attrs.len()), (1_000_500_000, 1));
    }

    #[test]
    fn a_suite_that_fails_by_itself_is_a_case() {
        check(
            "<testsuites><testsuite name='set up'><error>no database</error></testsuite></testsuites>",
            &[("set up", Errored)],
        );
    }

    #[test]
    fn characters_that_xml_forbids_do_not_hide_the_results() {
        check(
            "noise\n<testsuite><testcase name='\u{1b}[31mred'/></testsuite>",
            &[("\u{fffd}[31mred", Passed)],
        );
    }

    #[test]
    fn what_is_no_junit_says_what_was_expected() {
        let check = |text: &str, found: &str| {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.starts_with("expected JUnit XML"), "{error}");
            assert!(error.contains(found), "{error}");
        };
        check("", "it is empty");
        check("\nok 1 - a", "it begins with `ok 1 - a`");
        check("<?xml version='1.0'?><html/>", "the root is `<html>`");
        check("<testsuite><testcase", "there is");
        let bomb =
            "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><testsuite>&b;</testsuite>";
        check(&format!("<?xml version='1.0'?>{bomb}"), "there is");
    }
}

//! What a person sees of whole runs.

mod failures;

use std::sync::{Arc, Mutex};

use belljar_model::event::Source;
use belljar_model::finding::Severity;
use belljar_model::{Blame, Code, Digest, Fault, MissReason};
use insta::assert_snapshot;

use super::*;
use crate::style::Symbols;
use crate::testing::{
    CI, HOSTILE, assert_harmless, begun, finding, finished, found, hostile_run, log, path, planned,
    report, run, span, started, test, tested, without_colors,
};

const STYLE: Style = Style { symbols: Symbols::Unicode, ..Style::plain() };
const PLAIN: ConsoleOptions = ConsoleOptions { mode: Mode::Plain, logs: ShownLogs::Failed };

/// A writer whose text can be read afterwards.
#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Page {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

fn feed(console: &mut Console, events: &[Event]) {
    for event in events {
        console.read(event);
    }
}

fn show_as(events: &[Event], style: Style, options: ConsoleOptions) -> String {
    let page = Page::default();
    let mut console = Console::new(Box::new(page.clone()), style, options)
        .with_source(|_| Some("{\"a\": 1,}\n".to_owned()));
    feed(&mut console, events);
    page.text()
}

fn show(events: &[Event]) -> String {
    show_as(events, STYLE, PLAIN)
}

fn passed(step: &str, source: Source) -> StepReport {
    let summary = "3 files checked".to_owned();
    StepReport { summary, ..report(step, Status::Passed, Some(source)) }
}

fn broken(step: &str, status: Status, fault: Fault) -> Event {
    let report = report(step, status, Some(Source::Executed));
    finished(StepReport { fault: Some(fault), ..report })
}

fn skipped(step: &str, cause: &str) -> Event {
    let report = report(step, Status::Skipped, None);
    finished(StepReport { skipped_for: Some(StepName::new(cause)), ..report })
}

/// `lint` fails with a finding, a failed test and a log; `package` is skipped.
fn failing() -> Vec<Event> {
    let mut steps = vec![begun("lint", 1_000)];
    steps.extend((0..12).map(|number| log("lint", &format!("line {number}"))));
    let at = Some(span("a.json", [1, 8, 1, 9]));
    steps.push(found("lint", finding("trailing-comma", Severity::Error, at)));
    steps.push(tested("lint", test("api", "adds", TestStatus::Failed, "1 != 2\nleft: 1")));
    let fault = Fault::new(Blame::Project, Code::new("E0400"), "1 file breaks a rule");
    steps.push(broken("lint", Status::Failed, fault));
    steps.push(skipped("package[debug]", "lint"));
    run(&["lint", "package[debug]"], steps)
}

#[test]
fn a_step_that_ran_says_why() {
    let (old, new) = (Digest::of(b"old"), Digest::of(b"new"));
    let mut lint = passed("lint", Source::Executed);
    lint.miss =
        vec![MissReason::FileChanged { path: path("a.json"), old, new }, MissReason::Forced];
    let mut package = passed("web:package", Source::Executed);
    (package.attempts, package.wall_us) = (2, 64_000_000);
    let warning = finding("style", Severity::Warning, None);
    let events = [found("lint", warning), finished(lint), finished(package)];
    assert_snapshot!(show(&run(&["lint", "web:package"], events)), @"
           PASS [  0.41s] (1/2) lint         3 files checked · 1 finding (1 warning) · a.json changed: 96a42572 → b20ab0a0 (and 1 more)
           PASS [ 1m 04s] (2/2) web:package  3 files checked · try 2

        Summary [  0.64s] 2 steps: 2 ok · run 0a41
        ");
}

#[test]
fn a_run_without_work_says_so() {
    let steps = [("lint", Source::ExactHit), ("package", Source::ObservedHit)];
    let steps = steps.map(|(step, source)| finished(passed(step, source)));
    assert_snapshot!(show(&run(&["lint", "package"], steps)), @"
            HIT [  0.41s] (1/2) lint     3 files checked · cached: same inputs
            HIT [  0.41s] (2/2) package  3 files checked · cached: nothing that it read has changed

        Summary [  0.64s] 2 steps: 2 ok (2 cached), nothing to do · run 0a41
        ");
}

#[test]
fn a_run_of_a_part_says_since_when_the_others_are_unchanged() {
    let since = || Event::Unchanged { since: "77aa".to_owned() };
    let last = |events: &[Event]| show(events).lines().last().unwrap().to_owned();
    let hit = || finished(passed("lint", Source::ExactHit));
    let part = run(&["lint"], [since(), hit()]);
    assert!(last(&part).contains("the others unchanged since run 77aa"), "{}", last(&part));
    // Nothing had to be looked at, so there is no plan.
    let whole: Vec<_> = part
        .into_iter()
        .filter(|event| !matches!(event, Event::Planned { .. } | Event::StepFinished { .. }))
        .collect();
    assert!(last(&whole).contains("· unchanged since run 77aa"), "{}", last(&whole));
}

#[test]
fn log_lines_come_after_the_name_of_their_step() {
    belljar_cases::case!("G03");
    let options = ConsoleOptions { logs: ShownLogs::All, ..PLAIN };
    let events = [log("lint", "one"), log("lint", ""), log("web:lint", "  two")];
    assert_snapshot!(show_as(&events, STYLE, options), @"
        lint | one
        lint |
        web:lint |   two
        ");
    let none = ConsoleOptions { logs: ShownLogs::None, ..PLAIN };
    assert!(!show_as(&failing(), STYLE, none).contains("line 11"));
}

#[test]
fn quiet_speaks_only_of_failures() {
    let quiet = ConsoleOptions { mode: Mode::Quiet, ..PLAIN };
    let good = run(&["lint"], [finished(passed("lint", Source::Executed))]);
    assert_eq!(show_as(&good, STYLE, quiet), "");
    let text = show_as(&failing(), STYLE, quiet);
    assert!(text.starts_with("\nfailed[E0400]: step `lint`"), "{text}");
}

#[test]
fn hostile_text_is_harmless_wherever_it_is_shown() {
    belljar_cases::case!("G01", "G02");
    for logs in [ShownLogs::All, ShownLogs::Failed] {
        let text = show_as(&hostile_run(), CI, ConsoleOptions { logs, ..PLAIN });
        assert!(text.contains("\\u{1b}"), "{text}");
        assert_harmless(&text);
    }
    let hostile = [started(), planned(&[HOSTILE]), begun(HOSTILE, 0)];
    let mut console = Console::new(Box::new(Page::default()), CI, PLAIN);
    feed(&mut console, &hostile);
    for line in live::lines(&console.run, 0, &CI) {
        assert!(!line.contains(sanitize::is_harmful), "{line:?}");
    }
}

#[test]
fn colors_and_symbols_only_repeat_what_the_words_say() {
    let colored = show_as(&failing(), Style { color: crate::Color::Always, ..STYLE }, PLAIN);
    assert!(colored.contains("\u{1b}["));
    assert_eq!(without_colors(&colored), show(&failing()));
    assert!(show_as(&failing(), Style::plain(), PLAIN).is_ascii());
}

#[test]
fn the_bar_shows_what_runs_and_fits_the_terminal() {
    let mut console = Console::new(Box::new(Page::default()), STYLE, PLAIN);
    let long = "very-long-name-".repeat(8);
    let mut events = vec![started(), planned(&["lint", "test", "package"])];
    events.extend([begun("lint", 2_000), begun("test", 1_000), begun(&long, 3_000)]);
    feed(&mut console, &events);
    assert_snapshot!(live::lines(&console.run, 65_000, &STYLE).join("\n"), @"
        ⠋ running test     1m 04s of about 2s  lint@1.2.0
        ⠋ running lint     1m 03s of about 2s  lint@1.2.0
        ⠋ running very-long-name-very-long-name-very-long-name-very-long-name-very-lo…
          0/3 done · 3 running · 0 waiting
        ");
    for number in 0..100 {
        console.read(&begun(&format!("step-{number}"), 5_000));
    }
    assert_eq!(live::lines(&console.run, 9_000, &STYLE).len(), 10);
}

#[test]
fn the_bar_follows_the_width_of_the_terminal() {
    let page = Page::default();
    let options = ConsoleOptions { mode: Mode::Bar, ..PLAIN };
    let mut console = Console::new(Box::new(page.clone()), STYLE, options);
    feed(&mut console, &[started(), planned(&["lint"]), begun("lint", 1_000)]);
    console.resize(20);
    console.tick(2_000);
    assert!(page.text().contains(" ⠋ running lint  1…"), "{:?}", page.text());
}

#[test]
fn a_long_silence_is_broken() {
    let page = Page::default();
    let mut console = Console::new(Box::new(page.clone()), STYLE, PLAIN);
    feed(&mut console, &[started(), planned(&["lint"])]);
    console.tick(90_000);
    assert_eq!(page.text(), "", "nothing runs");
    console.read(&begun("lint", 90_000));
    for now in (90_000..160_000).step_by(100) {
        console.tick(now);
    }
    assert_snapshot!(page.text(), @"
        RUNNING [    30s] lint
        RUNNING [ 1m 00s] lint
        ");
}

#[test]
fn the_bar_leaves_the_lines_and_nothing_else() {
    let page = Page::default();
    let options = ConsoleOptions { mode: Mode::Bar, ..PLAIN };
    let mut console = Console::new(Box::new(page.clone()), STYLE, options);
    let events = run(&["lint"], [begun("lint", 1_000), finished(passed("lint", Source::Executed))]);
    for event in &events {
        console.read(event);
        console.tick(2_000);
    }
    let drawn = page.text();
    assert!(drawn.contains("running lint"), "{drawn:?}");
    let kept = show(&events);
    let (line, summary) = kept.split_once('\n').unwrap();
    assert!(drawn.contains(line) && drawn.ends_with(summary), "{drawn:?}");
    assert!(!drawn.contains("\u{1b}[?1049h"), "not the alternate screen");
}

#[test]
fn a_writer_that_fails_is_left_alone() {
    struct Broken(Arc<Mutex<usize>>);
    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            *self.0.lock().unwrap() += 1;
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let tries = Arc::default();
    let mut console = Console::new(Box::new(Broken(Arc::clone(&tries))), STYLE, PLAIN);
    feed(&mut console, &failing());
    assert_eq!(*tries.lock().unwrap(), 1);
}

#[test]
fn ten_thousand_findings_cost_ten_thousand_steps() {
    let at = || Some(span("a.json", [1, 1, 1, 2]));
    let many = (0..10_000).map(|_| found("lint", finding("rule", Severity::Error, at())));
    let fault = Fault::new(Blame::Project, Code::new("E0400"), "many");
    let events = run(&["lint"], many.chain([broken("lint", Status::Failed, fault)]));
    let reads = Arc::new(Mutex::new(0));
    let page = Page::default();
    let counter = Arc::clone(&reads);
    let mut console = Console::new(Box::new(page.clone()), STYLE, PLAIN).with_source(move |_| {
        *counter.lock().unwrap() += 1;
        Some("{}\n".to_owned())
    });
    feed(&mut console, &events);
    assert_eq!(*reads.lock().unwrap(), 1);
    assert!(page.text().lines().count() < 200);
    assert!(page.text().contains("and 9 980 more findings (belljar logs lint)"));
}

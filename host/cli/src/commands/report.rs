//! `belljar report` and `belljar find`: questions that the ledger answers.

use belljar_delivery::reports::{self, DoraAsk, EvidenceFile, FindAsk};
use belljar_model::ports::Clock as _;
use belljar_model::sheet::Sheet;
use belljar_report::sheet;

use super::ledger::write;
use crate::args::{FindArgs, Global, ReportArgs, ReportCommand, SheetFormat};
use crate::clock::SystemClock;
use crate::delivery::Book;
use crate::error::CommandError;
use crate::exit_code::Exit;
use crate::moment;
use crate::project::Project;
use crate::terminal::Terminal;

pub(super) fn report(
    global: &Global,
    command: &ReportCommand,
    terminal: &Terminal,
) -> Result<Exit, CommandError> {
    let project = Project::open(global, terminal)?;
    let book = Book::of(&project);
    let now_ms = SystemClock::start().now_ms();
    let since = |how: &ReportArgs| {
        moment::length_ms("--since", &how.since).map(|length| now_ms.saturating_sub(length))
    };
    let (sheet, how) = match command {
        ReportCommand::Dora { environment, how } => {
            let environment = match environment {
                Some(name) => book.environment(name)?.spec.name.clone(),
                None => last_environment(&book)?,
            };
            let ask = DoraAsk { environment, since_ms: since(how)?, until_ms: now_ms };
            (reports::dora(&book.entries()?, ask).sheet(), how)
        }
        ReportCommand::Releases { how } => {
            (reports::releases(&book.entries()?, since(how)?).sheet(), how)
        }
        ReportCommand::Risk { how } => (reports::risk(&book.entries()?, since(how)?).sheet(), how),
    };
    let text = render(&sheet, how.format, terminal);
    match &how.output {
        Some(file) => write(file, &text)?,
        None => terminal.answer(&text),
    }
    Ok(Exit::Success)
}

pub(super) fn find(
    global: &Global,
    args: &FindArgs,
    terminal: &Terminal,
) -> Result<Exit, CommandError> {
    let project = Project::open(global, terminal)?;
    let book = Book::of(&project);
    let (path, digest) = match args.path.rsplit_once('@') {
        Some((path, digest)) if !path.is_empty() && !digest.is_empty() => (path, Some(digest)),
        _ => (args.path.as_str(), None),
    };
    let ask = FindAsk { path: path.to_owned(), digest: digest.map(str::to_owned) };
    let ledger = book.to_read();
    let evidence = |sha256: &str| -> Option<Vec<EvidenceFile>> {
        serde_json::from_slice(&ledger.evidence(sha256).ok()?).ok()
    };
    let found = reports::find(&book.entries()?, &evidence, ask);
    terminal.answer(&render(&found.sheet(), args.format, terminal));
    Ok(if found.found.is_empty() { Exit::Nothing } else { Exit::Success })
}

/// The environment that no other one needs: usually production.
fn last_environment(book: &Book<'_>) -> Result<String, CommandError> {
    let all = &book.project.pipeline.environments;
    let is_needed =
        |name: &str| all.values().any(|one| one.spec.needs.iter().any(|need| need == name));
    let last: Vec<&String> = all.keys().filter(|name| !is_needed(name)).collect();
    match last.as_slice() {
        [only] => Ok((*only).clone()),
        [] => Err(CommandError::usage("the pipeline has no environment")),
        several => {
            let names: Vec<_> = several.iter().map(|name| name.as_str()).collect();
            let help = format!("--environment {}", names.join(", or "));
            Err(CommandError::usage_help("there are several environments to report on", help))
        }
    }
}

fn render(of: &Sheet, format: Option<SheetFormat>, terminal: &Terminal) -> String {
    let usual = if terminal.json { SheetFormat::Json } else { SheetFormat::Text };
    match format.unwrap_or(usual) {
        SheetFormat::Text => sheet::text::render(of, &terminal.out),
        SheetFormat::Json => sheet::json::render(of),
        SheetFormat::Csv => sheet::csv::render(of),
        SheetFormat::Md => sheet::markdown::render(of),
        SheetFormat::Html => sheet::html::render(of),
    }
}

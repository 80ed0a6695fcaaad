//! The terminal: stdout is the answer, stderr is the rest.

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use belljar_model::Diagnostic;
use belljar_pipeline::Sources;
use belljar_report::{Color, Style, Symbols};
use serde::Serialize;

use crate::args::{Global, Progress, When};
use crate::env::EnvVar;
use crate::error::CommandError;
use crate::exit_code::Exit;
use crate::secrets;

/// Narrower than this, tables and the bar are not readable anyway.
const LEAST_WIDTH: u16 = 40;

/// Where answers and remarks go, and how they may look there.
#[expect(
    clippy::struct_excessive_bools,
    reason = "facts and flags that do not depend on each other"
)]
pub(crate) struct Terminal {
    /// How stdout may look.
    pub(crate) out: Style,
    /// How stderr may look.
    pub(crate) err: Style,
    /// Whether answers are JSON.
    pub(crate) json: bool,
    /// Whether to say less.
    pub(crate) quiet: bool,
    interactive: bool,
}

impl Terminal {
    /// Looks at the terminal, the environment and the flags, once.
    pub(crate) fn new(global: &Global) -> Self {
        let dumb = EnvVar::get(EnvVar::TERM).is_some_and(|term| term == "dumb");
        let ci = EnvVar::says_ci();
        let style = |is_terminal: bool| Style {
            color: color(
                global.color,
                if is_terminal && !dumb { Color::Always } else { Color::Never },
            ),
            symbols: if unicode() { Symbols::Unicode } else { Symbols::Ascii },
            width: width(),
            ci,
        };
        let on_terminal = std::io::stderr().is_terminal();
        Self {
            out: style(std::io::stdout().is_terminal()),
            err: style(on_terminal),
            json: global.json,
            quiet: global.quiet,
            interactive: on_terminal && !dumb && !ci,
        }
    }

    /// Whether the bar can be drawn and is wanted.
    pub(crate) fn wants_bar(&self, progress: Progress) -> bool {
        match progress {
            Progress::Auto => self.interactive && !self.quiet,
            Progress::Bar => true,
            Progress::Plain | Progress::None => false,
        }
    }

    /// Writes the answer. A reader that went away (`| head`) is no error.
    #[expect(clippy::unused_self, reason = "whoever writes shows that it was given the terminal")]
    pub(crate) fn answer(&self, text: &str) {
        let text = secrets::veil().mask().text(text.to_owned());
        let mut out = std::io::stdout().lock();
        let newline = if text.ends_with('\n') || text.is_empty() { "" } else { "\n" };
        drop(write!(out, "{text}{newline}").and_then(|()| out.flush()));
    }

    /// Writes the answer as a JSON document.
    pub(crate) fn answer_json(&self, answer: &impl Serialize) {
        self.answer(&belljar_report::json::document(answer));
    }

    /// A handle for a remark from wherever the reason for it comes up.
    pub(crate) fn remarks(&self) -> Remark {
        Remark { quiet: self.quiet, made: AtomicBool::new(false) }
    }

    /// Writes a remark.
    #[expect(clippy::unused_self, reason = "whoever writes shows that it was given the terminal")]
    pub(crate) fn remark(&self, text: &str) {
        remark(text);
    }

    /// Shows mistakes and oddities of a pipeline file.
    pub(crate) fn diagnostics(&self, diagnostics: &[Diagnostic], sources: &Sources) {
        if !diagnostics.is_empty() {
            let text = |file: &str| sources.text(file).map(str::to_owned);
            self.remark(&belljar_report::diagnostics::render(diagnostics, &text, &self.err));
        }
    }

    /// Shows why a command ended without an answer.
    pub(crate) fn fail(&self, error: &CommandError) -> Exit {
        match error {
            CommandError::Diagnostics { diagnostics, sources } => {
                self.diagnostics(diagnostics, sources);
            }
            CommandError::Faults(faults) => {
                for fault in faults {
                    self.remark(&belljar_report::fault::render_fault(None, fault, &self.err));
                }
            }
            CommandError::Usage { message, help } => {
                self.remark(&format!("error: {message}"));
                if let Some(help) = help {
                    self.remark(&format!("help: {help}"));
                }
            }
            CommandError::Other(error) => self.remark(&format!("infrastructure error: {error:#}")),
        }
        error.exit()
    }
}

/// Writes a remark, from wherever it comes up.
pub(crate) fn remark(text: &str) {
    let text = secrets::veil().mask().text(text.to_owned());
    let mut err = std::io::stderr().lock();
    let newline = if text.ends_with('\n') || text.is_empty() { "" } else { "\n" };
    drop(write!(err, "{text}{newline}"));
}

/// A remark that is made at most once, and not if the user wants quiet.
pub(crate) struct Remark {
    quiet: bool,
    made: AtomicBool,
}

impl Remark {
    /// Writes the remark, unless it was written before.
    pub(crate) fn once(&self, text: &str) {
        if !self.quiet && !self.made.swap(true, Ordering::Relaxed) {
            drop(writeln!(std::io::stderr().lock(), "{text}"));
        }
    }
}

/// The colors that are wanted; `able` is what the place itself can show.
fn color(when: When, able: Color) -> Color {
    let forced = || EnvVar::get(EnvVar::CLICOLOR_FORCE).is_some_and(|force| force != "0");
    match when {
        When::Always => Color::Always,
        When::Never => Color::Never,
        When::Auto if EnvVar::get(EnvVar::NO_COLOR).is_some() => Color::Never,
        When::Auto if forced() => Color::Always,
        When::Auto => able,
    }
}

/// Whether the locale says UTF-8. The C locale of bare containers says nothing, and such a
/// terminal shows question marks.
fn unicode() -> bool {
    let locale = EnvVar::LOCALE.into_iter().find_map(EnvVar::get).unwrap_or_default();
    let locale = locale.to_ascii_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

/// The columns of the terminal, now.
pub(crate) fn width() -> u16 {
    let asked = rustix::termios::tcgetwinsize(std::io::stderr()).ok().map(|size| size.ws_col);
    let set = || EnvVar::get(EnvVar::COLUMNS).and_then(|columns| columns.parse().ok());
    asked.filter(|width| *width > 0).or_else(set).unwrap_or(100).max(LEAST_WIDTH)
}

//! Screen: lines that scroll and, below them, lines that are drawn over and over.

use std::io::{self, Write};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};

use super::Mode;
use crate::style::Style;

/// The writer, shared between the lines and the bar so that their order holds. `None` once
/// writing has failed: a reader that went away must not stop a build.
#[derive(Clone)]
struct Shared(Arc<Mutex<Option<Box<dyn Write + Send>>>>);

impl Shared {
    fn write(&self, text: &str) {
        let mut out = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(writer) = out.as_mut()
            && writer.write_all(text.as_bytes()).and_then(|()| writer.flush()).is_err()
        {
            *out = None;
        }
    }
}

/// Where a console writes.
pub(super) struct Screen {
    out: Shared,
    width: Arc<AtomicU16>,
    bar: Option<ProgressBar>,
}

impl Screen {
    pub(super) fn new(out: Box<dyn Write + Send>, style: &Style, mode: Mode) -> Self {
        let out = Shared(Arc::new(Mutex::new(Some(out))));
        let width = Arc::new(AtomicU16::new(style.width));
        let bar = (mode == Mode::Bar).then(|| {
            let terminal = Terminal { out: out.clone(), width: Arc::clone(&width) };
            let bar = ProgressBar::with_draw_target(
                None,
                ProgressDrawTarget::term_like_with_hz(Box::new(terminal), 20),
            );
            let message = ProgressStyle::with_template("{msg}").expect("the template is valid");
            bar.with_style(message)
        });
        Self { out, width, bar }
    }

    /// Draws to another width from now on.
    pub(super) fn resize(&self, width: u16) {
        self.width.store(width, Ordering::Relaxed);
    }

    /// Writes lines that stay.
    pub(super) fn print(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| self.out.write(text)),
            None => self.out.write(text),
        }
    }

    /// Replaces the lines that do not stay.
    pub(super) fn draw_live(&self, text: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(text.to_owned());
        }
    }

    /// Erases the lines that do not stay, for good.
    pub(super) fn end_live(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

/// What the bar draws on: the shared writer, with the few ANSI sequences that it needs.
struct Terminal {
    out: Shared,
    width: Arc<AtomicU16>,
}

impl std::fmt::Debug for Terminal {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Terminal").field("width", &self.width).finish_non_exhaustive()
    }
}

impl Terminal {
    fn moved(&self, distance: usize, direction: char) {
        if distance > 0 {
            self.out.write(&format!("\u{1b}[{distance}{direction}"));
        }
    }
}

impl TermLike for Terminal {
    fn width(&self) -> u16 {
        self.width.load(Ordering::Relaxed)
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.moved(n, 'A');
        Ok(())
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.moved(n, 'B');
        Ok(())
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.moved(n, 'C');
        Ok(())
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.moved(n, 'D');
        Ok(())
    }

    fn write_line(&self, s: &str) -> io::Result<()> {
        self.out.write(&format!("{s}\n"));
        Ok(())
    }

    fn write_str(&self, s: &str) -> io::Result<()> {
        self.out.write(s);
        Ok(())
    }

    fn clear_line(&self) -> io::Result<()> {
        self.out.write("\r\u{1b}[2K");
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        Ok(())
    }
}

//! `belljar:step/log`: the step's log.

use belljar_model::event::LogLevel;
use wasmtime::Result;

use crate::bindings::plugin::belljar::step::log;
use crate::bindings::plugin::belljar::step::types::{Attr, Level};
use crate::state::State;

impl log::Host for State {
    fn enabled(&mut self, _at: Level) -> Result<bool> {
        // Not what the user asked to see: the answer would be a dependency that no key covers.
        Ok(true)
    }

    fn emit(&mut self, at: Level, message: String, attrs: Vec<Attr>) -> Result<()> {
        let mut text = message;
        for Attr { key, value } in attrs {
            text.push_str(&format!(" {key}={value}"));
        }
        self.log.message(level(at), &text);
        Ok(())
    }

    fn emit_lines(&mut self, at: Level, lines: Vec<String>) -> Result<()> {
        for line in lines {
            self.log.message(level(at), &line);
        }
        Ok(())
    }
}

const fn level(level: Level) -> LogLevel {
    match level {
        Level::Trace => LogLevel::Trace,
        Level::Debug => LogLevel::Debug,
        Level::Info => LogLevel::Info,
        Level::Warn => LogLevel::Warn,
        Level::Error => LogLevel::Error,
    }
}

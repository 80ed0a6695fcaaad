//! Caps: how large the parts of a component may be, looked at before it is compiled.
//!
//! The compiler is bounded in time and memory anyway; these bounds are what lets a message say
//! which part is too large. They are far above what toolchains make.

use belljar_model::{Blame, Code, Fault};
use wasmparser::{Parser, Payload};

/// More in a component than is compiled.
const TOO_MUCH: Code = Code::new("E0331");

/// Bytes of the body of one function.
const FUNCTION: usize = 1 << 20;
/// Functions of all modules together.
const FUNCTIONS: u64 = 200_000;
/// Imports of one module or component.
const IMPORTS: u64 = 10_000;
/// Types of all modules and components together.
const TYPES: u64 = 50_000;
/// Modules and components within each other.
const DEPTH: usize = 32;
/// Modules and components together.
const PARTS: u64 = 1_000;

/// What was counted so far.
#[derive(Default)]
struct Counted {
    /// Functions with a body, in all modules.
    functions: u64,
    types: u64,
    parts: u64,
    /// The modules and components that are open: how many functions each imports, and has begun.
    open: Vec<Functions>,
}

#[derive(Default)]
struct Functions {
    imported: u64,
    begun: u64,
}

/// Looks at how much a component holds. What is broken is left to the compiler to say.
///
/// # Errors
/// When something in it is over a cap.
pub(crate) fn check(what: &str, bytes: &[u8]) -> Result<(), Fault> {
    let mut counted = Counted::default();
    counted.open.push(Functions::default());
    for payload in Parser::new(0).parse_all(bytes) {
        let Ok(payload) = payload else { return Ok(()) };
        counted.take(&payload).map_err(|reason| {
            let message = format!("{what} is more than this host compiles: {reason}");
            Fault::new(Blame::Plugin, TOO_MUCH, message)
                .note("these bounds are fixed; they are far above what compilers make")
                .help("split the function, or leave generated tables out of code")
        })?;
    }
    Ok(())
}

impl Counted {
    fn take(&mut self, payload: &Payload<'_>) -> Result<(), String> {
        match payload {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => {
                self.parts += 1;
                self.open.push(Functions::default());
                most("modules and components", self.parts, PARTS)?;
                most("levels of components within each other", self.open.len() as u64, DEPTH as u64)
            }
            Payload::End(_) => {
                self.open.pop();
                Ok(())
            }
            Payload::ImportSection(section) => {
                let count = u64::from(section.count());
                if let Some(module) = self.open.last_mut() {
                    module.imported += functions_of(section);
                }
                most("imports", count, IMPORTS)
            }
            Payload::ComponentImportSection(section) => {
                most("imports", u64::from(section.count()), IMPORTS)
            }
            Payload::TypeSection(section) => self.types(section.count()),
            Payload::CoreTypeSection(section) => self.types(section.count()),
            Payload::ComponentTypeSection(section) => self.types(section.count()),
            Payload::CodeSectionEntry(body) => self.function(body.range().len()),
            _ => Ok(()),
        }
    }

    fn types(&mut self, count: u32) -> Result<(), String> {
        self.types += u64::from(count);
        most("types", self.types, TYPES)
    }

    fn function(&mut self, size: usize) -> Result<(), String> {
        self.functions += 1;
        let module = self.open.last_mut();
        let index = module.map_or(0, |module| {
            module.begun += 1;
            module.imported + module.begun - 1
        });
        if size > FUNCTION {
            return Err(format!(
                "function {index} has {size} bytes of code, and at most {FUNCTION} are compiled"
            ));
        }
        most("functions", self.functions, FUNCTIONS)
    }
}

/// How many functions a module imports, so that a function's number is the one that tools show.
fn functions_of(section: &wasmparser::ImportSectionReader<'_>) -> u64 {
    if u64::from(section.count()) > IMPORTS {
        return 0;
    }
    let imports = section.clone().into_imports().filter_map(Result::ok);
    imports.filter(|import| matches!(import.ty, wasmparser::TypeRef::Func(_))).count() as u64
}

fn most(what: &str, count: u64, most: u64) -> Result<(), String> {
    if count > most { Err(format!("it has {count} {what}, and at most {most}")) } else { Ok(()) }
}

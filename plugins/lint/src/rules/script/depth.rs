//! A bound on how deep a script nests, found before a parser sees it.
//!
//! The parser calls itself for every level, and every level costs stack. This estimate reads
//! tokens only. Every open bracket has a weight, and so have operators and keywords, because
//! `!!!!a`, `a=>a=>a` and `if(a)if(b)` nest without a bracket. The weight of a bracket's content
//! falls back to nothing where a statement or an element of a list ends.
//!
//! One unit of weight stands for 128 bytes of stack, measured on the parser and the analysis
//! after it. The limit is a quarter of the stack that a component has.

use super::scan::{Scanner, Shape};

/// How deep a script may nest, counted in brackets.
pub(crate) const MAX_SCRIPT_DEPTH: usize = 128;

/// What one level of brackets weighs.
const BRACKET: usize = 16;
/// What an open element of JSX weighs.
const ELEMENT: usize = 5;

/// Whether `<` may open an element.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Markup {
    /// The language has JSX.
    Jsx,
    /// It has not.
    None,
}

/// Returns the place where a script becomes too deep, if it does.
pub(crate) fn too_deep(text: &str, markup: Markup) -> Option<usize> {
    let mut depth = Depth { outer: Vec::new(), level: Level::default(), markup };
    let mut scanner = Scanner::new(text);
    while let Some((shape, range)) = scanner.next() {
        depth.add(shape, &text[range.clone()]);
        if depth.weight() > MAX_SCRIPT_DEPTH * BRACKET {
            return Some(range.start);
        }
        if depth.level.is_markup_text() {
            scanner.skip_markup_text();
        }
    }
    None
}

/// What is open at one place.
struct Depth {
    /// The levels around the innermost one.
    outer: Vec<Level>,
    level: Level,
    markup: Markup,
}

/// One bracket, and what its content weighs so far.
#[derive(Default)]
struct Level {
    /// The weight of everything around.
    around: usize,
    /// The weight of operators and keywords since a statement or element ended.
    chain: usize,
    /// `<` that are not closed: type arguments.
    angles: usize,
    /// Elements of JSX that are not closed.
    elements: usize,
    /// Where in JSX the last token was.
    tag: Tag,
    /// How the last token left things.
    last: Last,
    /// What the bracket follows.
    bracket: Bracket,
}

/// What stood before.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Last {
    /// Nothing, or something that an operand must follow.
    #[default]
    Open,
    /// The end of an operand: another operand starts a new statement.
    Operand,
    /// A keyword whose parentheses are followed by a statement.
    HeaderWord,
    /// `<`, which may open an element.
    Angle,
    /// `<` and a name.
    TagName,
}

#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Bracket {
    /// The header of an `if`, `for`, `while` or `with`.
    Header,
    #[default]
    Other,
}

#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Tag {
    /// Between `<` and `>`.
    Inside,
    #[default]
    Outside,
}

impl Level {
    fn weight(&self) -> usize {
        self.around + self.chain + self.angles * BRACKET + self.elements * ELEMENT
    }

    fn is_markup_text(&self) -> bool {
        self.elements > 0 && self.tag == Tag::Outside && self.last != Last::Angle
    }

    fn end_statement(&mut self) {
        self.chain = 0;
        self.angles = 0;
        self.last = Last::Open;
    }

    /// An operand right after another one can only be the next statement.
    fn begin_operand(&mut self) {
        if self.last == Last::Operand && self.elements == 0 {
            self.end_statement();
        }
    }

    fn word(&mut self, word: &str) {
        let weight = match word {
            "case" | "default" => return self.end_statement(),
            "class" => 10,
            "if" | "for" | "while" | "with" | "do" | "keyof" | "unique" | "readonly" | "infer"
            | "asserts" => 5,
            "function" => 6,
            "new" | "return" | "throw" => 4,
            "typeof" | "void" | "delete" | "await" | "yield" | "async" => 2,
            // These go on with what stands before them.
            "else" | "instanceof" | "in" | "of" | "as" | "satisfies" | "extends" | "is" => {
                self.chain += 1;
                self.last = Last::Open;
                return;
            }
            _ => 0,
        };
        self.begin_operand();
        self.chain += weight;
        self.last = match word {
            "if" | "for" | "while" | "with" => Last::HeaderWord,
            _ if weight > 0 => Last::Open,
            _ => Last::Operand,
        };
    }

    fn sign(&mut self, sign: &str) {
        let last = std::mem::replace(&mut self.last, Last::Open);
        match sign {
            ";" => self.end_statement(),
            "," => self.chain = 0,
            "</" | "/>" => {
                self.elements = self.elements.saturating_sub(1);
                self.tag = if sign == "</" { Tag::Inside } else { Tag::Outside };
                self.chain = 0;
                self.last = Last::Operand;
            }
            ">" => {
                self.angles = self.angles.saturating_sub(1);
                self.elements += usize::from(last == Last::Angle);
                self.tag = Tag::Outside;
            }
            // A mark after an operand belongs to it.
            "++" | "--" | "!" if last == Last::Operand => {
                self.chain += 1;
                self.last = Last::Operand;
            }
            "=>" => self.chain += 8,
            "?" | "=" => self.chain += 6,
            ":" | "@" => self.chain += 4,
            "**" | "..." => self.chain += 3,
            "++" | "--" | "!" | "~" => self.chain += 2,
            "+" | "-" if last != Last::Operand => self.chain += 2,
            _ => self.chain += 1,
        }
    }
}

impl Depth {
    fn weight(&self) -> usize {
        self.level.weight()
    }

    fn add(&mut self, shape: Shape, token: &str) {
        match shape {
            Shape::Open => self.open(),
            Shape::Close => self.close(token),
            Shape::Literal => {
                self.level.begin_operand();
                self.level.last = Last::Operand;
            }
            Shape::Template => {
                self.level.chain += 1;
                self.level.last = Last::Operand;
            }
            Shape::Word if self.level.last == Last::Angle => self.begin_element(),
            Shape::Word if self.level.last == Last::TagName && token == "extends" => {
                self.level.undo_element();
            }
            Shape::Sign if self.level.last == Last::TagName && token == "," => {
                self.level.undo_element();
            }
            Shape::Word if self.level.tag == Tag::Inside => self.level.last = Last::Operand,
            Shape::Word => self.level.word(token),
            Shape::Sign if token == "<" => self.angle(),
            Shape::Sign => self.level.sign(token),
        }
    }

    fn open(&mut self) {
        let bracket = match self.level.last {
            Last::HeaderWord => Bracket::Header,
            _ => Bracket::Other,
        };
        let around = self.level.weight() + BRACKET;
        let inner = Level { around, bracket, ..Level::default() };
        self.outer.push(std::mem::replace(&mut self.level, inner));
    }

    fn close(&mut self, token: &str) {
        let Some(outer) = self.outer.pop() else { return };
        let inner = std::mem::replace(&mut self.level, outer);
        // Calls and subscripts nest to the left: `a()()()`.
        self.level.chain += usize::from(token != "}");
        self.level.last = if inner.bracket == Bracket::Header { Last::Open } else { Last::Operand };
    }

    fn angle(&mut self) {
        let after_operand = self.level.last == Last::Operand && self.level.elements == 0;
        self.level.angles += 1;
        // Before an operand it asserts a type, which nests even after it is closed.
        self.level.chain += if after_operand { 0 } else { 2 };
        let opens = self.markup == Markup::Jsx && !after_operand;
        self.level.last = if opens { Last::Angle } else { Last::Open };
    }

    fn begin_element(&mut self) {
        self.level.angles = self.level.angles.saturating_sub(1);
        self.level.elements += 1;
        self.level.tag = Tag::Inside;
        self.level.last = Last::TagName;
    }
}

impl Level {
    /// `<T,` and `<T extends` begin the type parameters of a function, not an element.
    fn undo_element(&mut self) {
        self.elements = self.elements.saturating_sub(1);
        self.angles += 1;
        self.tag = Tag::Outside;
        self.last = Last::Open;
    }
}

//! A bound on how deep a script nests, found before a parser sees it.
//!
//! The parser calls itself for every level, and every level costs stack. This estimate reads
//! tokens only. Every open bracket has a weight, and so have operators and keywords, because
//! `!!!!a`, `a=>a=>a` and `if(a)if(b)` nest without a bracket. The weight of a bracket's content
//! falls back to nothing where a statement or an element of a list ends.
//!
//! One unit of weight stands for 128 bytes of stack, measured on the parser and the analysis
//! after it. The limit is a quarter of the stack that a component has.

use super::script_scan::{Scanner, Shape};

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
            "if" | "for" | "while" | "with" => 5,
            "class" => 10,
            "do" | "keyof" | "unique" | "readonly" | "infer" | "asserts" => 5,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::Rule;
    use crate::rules::script;
    use crate::source::SourceFile;
    use crate::testing::with_stack;

    /// A way to nest: what stands before, what opens a level, the core, what closes a level.
    const NESTS: &[[&str; 5]] = &[
        ["a.js", "", "(", "a", ")"],
        ["a.js", "", "[", "a", "]"],
        ["a.js", "", "{", "a", "}"],
        ["a.js", "", "a(", "a", ")"],
        ["a.js", "", "a[", "a", "]"],
        ["a.js", "", "!", "a", ""],
        ["a.js", "", "- ", "a", ""],
        ["a.js", "", "~", "a", ""],
        ["a.js", "", "a=>", "a", ""],
        ["a.js", "", "async a=>", "a", ""],
        ["a.js", "", "async()=>{", "a", "}"],
        ["a.js", "", "if(a)", "a", ""],
        ["a.js", "", "if(a)\n", "a", ""],
        ["a.js", "", "if(a){}else ", "a", ""],
        ["a.js", "", "while(a)", "a", ""],
        ["a.js", "", "for(;;)", "a", ""],
        ["a.js", "", "do ", "a;", " while(a);"],
        ["a.js", "", "try{", "a", "}finally{}"],
        ["a.js", "", "switch(a){case a:", "a", "}"],
        ["a.js", "", "a?b:", "a", ""],
        ["a.js", "", "a?", "a", ":b"],
        ["a.js", "", "a=", "a", ""],
        ["a.js", "", "a**", "a", ""],
        ["a.js", "", "a+(", "a", ")"],
        ["a.js", "", "`${", "a", "}`"],
        ["a.js", "", "[...[", "a", "]]"],
        ["a.js", "", "({a:", "a", "})"],
        ["a.js", "", "({a(){", "a", "}})"],
        ["a.js", "", "[[a]=[", "a", "]]"],
        ["a.js", "", "new ", "a", ""],
        ["a.js", "", "typeof ", "a", ""],
        ["a.js", "", "await ", "a", ""],
        ["a.js", "", "function a(){", "a", "}"],
        ["a.js", "", "(function(){", "a", "})"],
        ["a.js", "", "(a=>", "a", ")"],
        ["a.js", "", "(a=>{", "a", "})"],
        ["a.js", "", "(class{a=", "a", "})"],
        ["a.js", "", "(class{a(){", "a", "}})"],
        ["a.js", "", "(class extends ", "a", "{})"],
        ["a.js", "", "import(", "a", ")"],
        ["a.js", "", "<a>", "a", "</a>"],
        ["a.js", "", "<a>text; it's ", "a", "</a>"],
        ["a.js", "", "<>", "a", "</>"],
        ["a.js", "", "<a b={", "a", "}/>"],
        ["a.js", "", "<a>{", "a", "}</a>"],
        ["a.js", "", "a(function(){return ", "a", "})"],
        ["a.ts", "", "<a>", "a", ""],
        ["a.ts", "", "(", "b", " as c)"],
        ["a.ts", "", "let a:{b:", "a", "}"],
        ["a.ts", "", "namespace a{", "", "}"],
        ["a.ts", "", "(@a()class{a=", "a", "})"],
        ["a.ts", "type a=", "{b:", "a", "}"],
        ["a.tsx", "", "(<T,>(a:T)=>", "a", ")"],
        ["a.d.ts", "", "declare module a{", "", "}"],
        ["a.ts", "let a:", "A<", "B", ">"],
        ["a.ts", "let a:", "[", "B", "]"],
        ["a.ts", "let a:", "{b:", "B", "}"],
        ["a.ts", "let a:", "(b:", "B", ")=>c"],
        ["a.ts", "type a=", "keyof ", "B", ""],
        ["a.ts", "type a=", "b extends c?", "B", ":d"],
        ["a.ts", "type a=", "b extends c?d:", "B", ""],
        ["a.ts", "type a=", "(", "B", ")"],
        ["a.ts", "type a=", "`${", "B", "}`"],
        ["a.ts", "type a=", "{[a in b]:", "B", "}"],
        ["a.ts", "let a:", "<T extends ", "b", ">()=>c"],
        ["a.js", "var ", "{a:", "a", "}"],
        ["a.js", "var ", "[", "a", "]"],
        ["a.js", "var ", "{a={", "a", "}}"],
        ["a.js", "x=", "/[(]/.b(", "a", ")"],
        ["a.js", "a=", "class extends ", "b", "{}"],
        ["a.js", "a", "", "", ".b"],
        ["a.js", "a", "", "", "()"],
        ["a.js", "a", "", "", "[0]"],
        ["a.js", "a", "", "", ".b()"],
        ["a.js", "a", "", "", "?.b"],
        ["a.js", "a", "", "", "+a"],
        ["a.js", "a", "", "", "\n+a"],
        ["a.js", "a", "", "", "``"],
        ["a.js", "a", "", "", "-a"],
        ["a.js", "a", "", "", "||a"],
        ["a.js", "a", "", "", " in a"],
        ["a.js", "a", "", "", "&&a"],
        ["a.js", "a", "", "", "??a"],
        ["a.ts", "a", "", "", "!"],
        ["a.ts", "a", "", "", " as a"],
        ["a.ts", "let a:b", "", "", "[]"],
        ["a.ts", "let a:b", "", "", ".c"],
        ["a.ts", "let a:b", "", "", "|c"],
        ["a.js", "a", "", "", "=>b"],
    ];

    fn source([_, before, open, core, close]: &[&str; 5], depth: usize) -> String {
        format!("{before}{}{core}{}", open.repeat(depth), close.repeat(depth))
    }

    fn markup_of(path: &str) -> Markup {
        if path.ends_with(".ts") { Markup::None } else { Markup::Jsx }
    }

    #[test]
    fn whatever_nests_is_bounded() {
        for nest in NESTS {
            let text = source(nest, 5000);
            assert!(too_deep(&text, markup_of(nest[0])).is_some(), "{nest:?}");
        }
    }

    #[test]
    fn what_is_not_too_deep_fits_on_a_small_stack() {
        with_stack(320 * 1024, || {
            for nest in NESTS {
                let depths: Vec<usize> = (0..5000).collect();
                let fits =
                    |depth: &usize| too_deep(&source(nest, *depth), markup_of(nest[0])).is_none();
                let depth = depths.partition_point(fits) - 1;
                let (path, text) = (nest[0], source(nest, depth));
                let kind = crate::file_kind::FileKind::Script;
                let remarks = script::check(&SourceFile { path, kind, text: &text });
                assert!(remarks.iter().all(|it| it.rule != Rule::NestingTooDeep), "{nest:?}");
            }
        });
    }

    #[test]
    fn long_flat_scripts_are_not_deep() {
        for (markup, line) in [
            (Markup::None, "foo(a, b)\n"),
            (Markup::None, "const a = b ? c : d\n"),
            (Markup::None, "const f = async (a) => { return await a.b(c) }\n"),
            (Markup::None, "if (a) { b() } else if (c) d()\n"),
            (Markup::None, "for (let i = 0; i < n; i++) { a[i] <<= 1 }\n"),
            (Markup::None, "case 'a':\n"),
            (Markup::None, "  method(a) { return !a }\n"),
            (Markup::None, "  a: string | null\n"),
            (Markup::None, "x = a / b; y = /[(]/.test('(')\n"),
            (Markup::None, "let a: Map<string, Array<number>> = b < c\n"),
            (Markup::None, "const f = <T>(a: T) => a\n"),
            (Markup::Jsx, "const f = <T,>(a: T) => a\n"),
            (Markup::Jsx, "const f = <T extends B<C>>(a: T) => a\n"),
            (Markup::Jsx, "a = <b c={d} e=\"f\">it's // {g}, for if <br/> <></> </b>\n"),
            (Markup::Jsx, "if (a <b && c> d) e()\n"),
            (Markup::Jsx, "1.5, 'a', [b], {c: d},\n"),
        ] {
            assert_eq!(too_deep(&line.repeat(3000), markup), None, "{line}");
        }
    }
}

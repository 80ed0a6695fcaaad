//! Tests of the bound on nesting: it must hold for whatever nests, and for nothing else.

use super::check;
use super::depth::{Markup, too_deep};
use crate::file_kind::extension;
use crate::rule::Rule;
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
    if extension(path) == "ts" { Markup::None } else { Markup::Jsx }
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
            let remarks = check(&SourceFile { path, kind, text: &text });
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

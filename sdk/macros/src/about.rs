//! What the arguments of an attribute say of a plugin.

use proc_macro2::TokenStream;
use quote::quote;
use syn::punctuated::Punctuated;
use syn::{
    Attribute, Error, Expr, ExprArray, ExprLit, ExprTuple, Lit, MetaNameValue, Result, Token,
};

/// What the attribute's arguments say; what is absent comes from the package.
#[derive(Default)]
struct Arguments {
    name: Option<Expr>,
    version: Option<Expr>,
    summary: Option<Expr>,
    docs: Option<Expr>,
    tools: Option<Expr>,
    secrets: Option<Expr>,
    hosts: Option<Expr>,
}

impl Arguments {
    /// Reads the arguments of an attribute that takes those in `known`.
    fn parse(tokens: TokenStream, known: &[&str]) -> Result<Self> {
        let list = Punctuated::<MetaNameValue, Token![,]>::parse_terminated;
        let mut arguments = Self::default();
        for argument in syn::parse::Parser::parse2(list, tokens)? {
            let name = argument.path.get_ident().map(ToString::to_string);
            let slot = match name.as_deref().filter(|name| known.contains(name)) {
                Some("name") => &mut arguments.name,
                Some("version") => &mut arguments.version,
                Some("summary") => &mut arguments.summary,
                Some("docs") => &mut arguments.docs,
                Some("tools") => &mut arguments.tools,
                Some("secrets") => &mut arguments.secrets,
                Some("hosts") => &mut arguments.hosts,
                _ => {
                    let expected = format!("expected {}", alternatives(known));
                    return Err(Error::new_spanned(argument.path, expected));
                }
            };
            *slot = Some(argument.value);
        }
        Ok(arguments)
    }
}

/// Names all of a list: `a`, `b` or `c`.
fn alternatives(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match names.split_last() {
        Some((last, others)) if !others.is_empty() => {
            format!("{} or {last}", others.join(", "))
        }
        _ => names.concat(),
    }
}

/// Puts together what a plugin says of itself, from the arguments of its attribute (those in
/// `known`) and the doc comment of its item.
pub(crate) fn about(
    arguments: TokenStream,
    known: &[&str],
    item: &[Attribute],
) -> Result<TokenStream> {
    let arguments = Arguments::parse(arguments, known)?;
    let or = |own: Option<Expr>, default: TokenStream| own.map_or(default, |own| quote! { #own });
    let name = or(arguments.name, quote! { ::core::env!("CARGO_PKG_NAME") });
    let version = or(arguments.version, quote! { ::core::env!("CARGO_PKG_VERSION") });
    let summary = or(arguments.summary, quote! { ::core::env!("CARGO_PKG_DESCRIPTION") });
    let comment = doc_comment(item);
    let docs = or(arguments.docs, quote! { #comment });
    let tools = arguments.tools.as_ref().map_or(Ok(Vec::new()), tools)?;
    let secrets = arguments.secrets.as_ref().map_or(Ok(Vec::new()), |list| texts(list, "name"))?;
    let hosts = arguments.hosts.as_ref().map_or(Ok(Vec::new()), |list| texts(list, "host:443"))?;
    Ok(quote! {
        ::belljar_sdk::export::About {
            name: #name,
            version: #version,
            summary: #summary,
            docs: #docs,
            tools: &[#(#tools),*],
            secrets: &[#(#secrets),*],
            hosts: &[#(#hosts),*],
        }
    })
}

/// The items of `secrets = ["name"]` and `hosts = ["host:port"]`.
fn texts<'a>(list: &'a Expr, example: &str) -> Result<Vec<&'a Expr>> {
    let shape = || format!("expected `[\"{example}\", ..]`");
    let Expr::Array(ExprArray { elems, .. }) = list else {
        return Err(Error::new_spanned(list, shape()));
    };
    let is_text = |item: &&Expr| matches!(item, Expr::Lit(ExprLit { lit: Lit::Str(_), .. }));
    match elems.iter().find(|item| !is_text(item)) {
        Some(item) => Err(Error::new_spanned(item, shape())),
        None => Ok(elems.iter().collect()),
    }
}

/// What `tools = [("name", "why"), ("name", "why", "version")]` says of each tool.
fn tools(list: &Expr) -> Result<Vec<TokenStream>> {
    let shape = "expected `[(\"name\", \"why it is needed\"), ..]`, each with a third item for a \
                 required version if there is one";
    let Expr::Array(ExprArray { elems, .. }) = list else {
        return Err(Error::new_spanned(list, shape));
    };
    let tool = |item: &Expr| {
        let Expr::Tuple(ExprTuple { elems, .. }) = item else {
            return Err(Error::new_spanned(item, shape));
        };
        let (name, reason, version) = match elems.iter().collect::<Vec<_>>()[..] {
            [name, reason] => (name, reason, quote! { "" }),
            [name, reason, version] => (name, reason, quote! { #version }),
            _ => return Err(Error::new_spanned(item, shape)),
        };
        Ok(quote! {
            ::belljar_sdk::export::AboutTool { name: #name, reason: #reason, version: #version }
        })
    };
    elems.iter().map(tool).collect()
}

fn doc_comment(item: &[Attribute]) -> String {
    let docs = item.iter().filter(|attribute| attribute.path().is_ident("doc"));
    let lines =
        docs.filter_map(|attribute| match &attribute.meta.require_name_value().ok()?.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        });
    let lines: Vec<String> =
        lines.map(|line| line.strip_prefix(' ').unwrap_or(&line).to_owned()).collect();
    lines.join("\n").trim().to_owned()
}

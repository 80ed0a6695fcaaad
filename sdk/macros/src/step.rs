//! `#[step]`: a function becomes a component's exports.

use proc_macro2::TokenStream;
use quote::quote;
use syn::punctuated::Punctuated;
use syn::{
    Error, Expr, ExprArray, ExprLit, ExprTuple, FnArg, ItemFn, Lit, MetaNameValue, Result, Token,
    Type,
};

/// What the attribute's arguments say; what is absent comes from the package.
#[derive(Default)]
struct Arguments {
    name: Option<Expr>,
    version: Option<Expr>,
    summary: Option<Expr>,
    docs: Option<Expr>,
    tools: Option<Expr>,
}

/// Expands `#[step]`.
pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let function: ItemFn = syn::parse2(item)?;
    let config = config_type(&function)?;
    let name = &function.sig.ident;
    let about = about(Arguments::parse(arguments)?, &function)?;
    Ok(quote! {
        // A step owns its configuration, may never fail, and its doc comment is a manual for users.
        #[allow(
            clippy::missing_errors_doc,
            clippy::needless_pass_by_value,
            clippy::unnecessary_wraps
        )]
        #function

        /// Describes this plugin.
        #[must_use]
        pub fn describe() -> ::belljar_sdk::Descriptor {
            ::belljar_sdk::export::describe::<#config>(&#about)
        }

        // Keeps a private step alive on machines where nothing exports it.
        const _: fn(#config, &mut ::belljar_sdk::Cx) -> ::belljar_sdk::StepResult = #name;

        #[cfg(target_arch = "wasm32")]
        const _: () = {
            use ::belljar_sdk::bindings::exports::belljar::step::step as exported;

            struct Component;

            impl exported::Guest for Component {
                fn describe() -> exported::Descriptor {
                    describe()
                }

                fn run(
                    call: exported::Invocation,
                ) -> ::core::result::Result<exported::Outcome, exported::StepError> {
                    ::belljar_sdk::export::run(#name, &call)
                }
            }

            ::belljar_sdk::bindings::export_step!(Component with_types_in ::belljar_sdk::bindings);
        };
    })
}

impl Arguments {
    fn parse(tokens: TokenStream) -> Result<Self> {
        let list = Punctuated::<MetaNameValue, Token![,]>::parse_terminated;
        let mut arguments = Self::default();
        for argument in syn::parse::Parser::parse2(list, tokens)? {
            let slot = match argument.path.get_ident().map(ToString::to_string).as_deref() {
                Some("name") => &mut arguments.name,
                Some("version") => &mut arguments.version,
                Some("summary") => &mut arguments.summary,
                Some("docs") => &mut arguments.docs,
                Some("tools") => &mut arguments.tools,
                _ => {
                    let known = "expected `name`, `version`, `summary`, `docs` or `tools`";
                    return Err(Error::new_spanned(argument.path, known));
                }
            };
            *slot = Some(argument.value);
        }
        Ok(arguments)
    }
}

fn about(arguments: Arguments, function: &ItemFn) -> Result<TokenStream> {
    let or = |own: Option<Expr>, default: TokenStream| own.map_or(default, |own| quote! { #own });
    let name = or(arguments.name, quote! { ::core::env!("CARGO_PKG_NAME") });
    let version = or(arguments.version, quote! { ::core::env!("CARGO_PKG_VERSION") });
    let summary = or(arguments.summary, quote! { ::core::env!("CARGO_PKG_DESCRIPTION") });
    let comment = doc_comment(function);
    let docs = or(arguments.docs, quote! { #comment });
    let tools = arguments.tools.as_ref().map_or(Ok(Vec::new()), tools)?;
    Ok(quote! {
        ::belljar_sdk::export::About {
            name: #name,
            version: #version,
            summary: #summary,
            docs: #docs,
            tools: &[#(#tools),*],
        }
    })
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

fn config_type(function: &ItemFn) -> Result<&Type> {
    let signature = &function.sig;
    if let Some(keyword) = &signature.asyncness {
        return Err(Error::new_spanned(
            keyword,
            "a step is not `async`: the host runs it to its end",
        ));
    }
    if !signature.generics.params.is_empty() {
        return Err(Error::new_spanned(&signature.generics, "a step has no generic parameters"));
    }
    if let [FnArg::Typed(config), FnArg::Typed(_)] = signature.inputs.iter().collect::<Vec<_>>()[..]
    {
        return Ok(&config.ty);
    }
    let shape = "expected `fn(config: Config, cx: &mut Cx) -> StepResult`";
    Err(Error::new_spanned(signature, shape))
}

fn doc_comment(function: &ItemFn) -> String {
    let docs = function.attrs.iter().filter(|attribute| attribute.path().is_ident("doc"));
    let lines =
        docs.filter_map(|attribute| match &attribute.meta.require_name_value().ok()?.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        });
    let lines: Vec<String> =
        lines.map(|line| line.strip_prefix(' ').unwrap_or(&line).to_owned()).collect();
    lines.join("\n").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(arguments: TokenStream, item: TokenStream, expected: &str) {
        let text = match expand(arguments, item) {
            Ok(tokens) => tokens.to_string(),
            Err(error) => error.to_string(),
        };
        assert!(text.contains(expected), "{expected:?} not in {text}");
    }

    #[test]
    fn the_doc_comment_is_the_manual() {
        let item = quote! {
            /// First.
            ///
            ///     code
            fn run(config: Config, cx: &mut Cx) -> StepResult { todo() }
        };
        check(quote! {}, item, r#"docs : "First.\n\n    code""#);
    }

    #[test]
    fn arguments_replace_what_the_package_says() {
        let item = quote! { fn run(config: Config, cx: &mut Cx) -> StepResult { todo() } };
        check(quote! { name = "x" }, item.clone(), r#"name : "x""#);
        check(quote! { docs = include_str!("a.md") }, item, r#"docs : include_str ! ("a.md")"#);
    }

    #[test]
    fn tools_are_asked_for_with_a_reason() {
        let item = quote! { fn run(config: Config, cx: &mut Cx) -> StepResult { todo() } };
        let check_tools = |tools: TokenStream, expected: &str| {
            check(quote! { tools = #tools }, item.clone(), expected);
        };
        let two = quote! { [("cc", "compiles"), ("ld", "links", ">=2")] };
        check_tools(two.clone(), r#"name : "cc" , reason : "compiles" , version : "" }"#);
        check_tools(two, r#"name : "ld" , reason : "links" , version : ">=2""#);
        check_tools(quote! { [] }, "tools : & []");
        for wrong in [quote! { "cc" }, quote! { ["cc"] }, quote! { [("cc",)] }] {
            check_tools(wrong, "expected `[(");
        }
    }

    #[test]
    fn a_wrong_shape_is_told_with_the_right_one() {
        let shape = "expected `fn(config: Config, cx: &mut Cx) -> StepResult`";
        check(quote! {}, quote! { fn run() {} }, shape);
        check(quote! {}, quote! { async fn run(a: A, b: B) {} }, "not `async`");
        check(quote! {}, quote! { fn run<T>(a: T, b: B) {} }, "no generic parameters");
        check(quote! { title = "x" }, quote! { fn run(a: A, b: B) {} }, "expected `name`");
    }
}

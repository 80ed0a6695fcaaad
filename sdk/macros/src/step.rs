//! `#[step]`: a function becomes a component's exports.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Error, FnArg, ItemFn, Result, Type};

use crate::about::about;

/// The arguments that `#[step]` takes.
const KNOWN: &[&str] = &["name", "version", "summary", "docs", "tools", "secrets"];

/// Expands `#[step]`.
pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let function: ItemFn = syn::parse2(item)?;
    let config = config_type(&function)?;
    let name = &function.sig.ident;
    let about = about(arguments, KNOWN, &function.attrs)?;
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

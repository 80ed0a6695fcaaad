//! `#[deployment]`: an implementation of the trait `Deployment` becomes a component's exports.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Error, ItemImpl, Result, Type};

use crate::about::about;

/// The arguments that `#[deployment]` takes.
const KNOWN: &[&str] = &["name", "version", "summary", "docs", "tools", "secrets", "hosts"];

/// Expands `#[deployment]`.
pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let shape = "expected `impl Deployment for Deploy { .. }`";
    let mut item: ItemImpl = syn::parse2(item).map_err(|error| Error::new(error.span(), shape))?;
    let deploys = deploying_type(&item, shape)?.clone();
    let about = about(arguments, KNOWN, &item.attrs)?;
    // The doc comment is the manual; rustdoc has the trait's own text.
    item.attrs.retain(|attribute| !attribute.path().is_ident("doc"));
    Ok(quote! {
        #item

        /// Describes this plugin.
        #[must_use]
        pub fn describe() -> ::belljar_sdk::Descriptor {
            type Config = <#deploys as ::belljar_sdk::Deployment>::Config;
            ::belljar_sdk::export::describe::<Config>(&#about)
        }

        #[cfg(target_arch = "wasm32")]
        const _: () = {
            use ::belljar_sdk::bindings::exports::belljar::step::step as exported;
            use ::belljar_sdk::deploy_bindings::exports::belljar::step::deployment;

            struct Component;

            impl exported::Guest for Component {
                fn describe() -> exported::Descriptor {
                    describe()
                }

                fn run(
                    _: exported::Invocation,
                ) -> ::core::result::Result<exported::Outcome, exported::StepError> {
                    ::core::result::Result::Err(::belljar_sdk::export::not_a_step())
                }
            }

            impl deployment::Guest for Component {
                fn preview(
                    request: deployment::Request,
                ) -> ::core::result::Result<::std::vec::Vec<deployment::Change>, deployment::StepError>
                {
                    ::belljar_sdk::export::apply::<#deploys>(request)
                }

                fn apply(
                    request: deployment::Request,
                ) -> ::core::result::Result<::std::vec::Vec<deployment::Change>, deployment::StepError>
                {
                    ::belljar_sdk::export::apply::<#deploys>(request)
                }

                fn observe(
                    request: deployment::Request,
                ) -> ::core::result::Result<deployment::Observation, deployment::StepError> {
                    ::belljar_sdk::export::observe::<#deploys>(request)
                }
            }

            ::belljar_sdk::bindings::export_step!(Component with_types_in ::belljar_sdk::bindings);
            ::belljar_sdk::deploy_bindings::export_deployment!(
                Component with_types_in ::belljar_sdk::deploy_bindings
            );
        };
    })
}

fn deploying_type<'a>(item: &'a ItemImpl, shape: &str) -> Result<&'a Type> {
    let Some((_, path, _)) = &item.trait_ else {
        return Err(Error::new_spanned(&item.self_ty, shape));
    };
    if path.segments.last().is_none_or(|last| last.ident != "Deployment") {
        return Err(Error::new_spanned(path, shape));
    }
    if !item.generics.params.is_empty() {
        return Err(Error::new_spanned(&item.generics, "a deployment has no generic parameters"));
    }
    Ok(&item.self_ty)
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
    fn secrets_and_hosts_are_asked_for() {
        let item = quote! { impl Deployment for Deploy {} };
        let both = quote! { secrets = ["token", "key"], hosts = ["a.example:443"] };
        check(both.clone(), item.clone(), r#"secrets : & ["token" , "key"]"#);
        check(both, item.clone(), r#"hosts : & ["a.example:443"]"#);
        check(quote! {}, item.clone(), "secrets : & []");
        check(quote! { secrets = "token" }, item.clone(), r#"expected `["name", ..]`"#);
        check(quote! { hosts = [443] }, item, r#"expected `["host:443", ..]`"#);
    }

    #[test]
    fn the_doc_comment_is_the_manual() {
        let item = quote! {
            /// Copies.
            impl belljar_sdk::Deployment for Deploy {}
        };
        check(quote! {}, item, r#"docs : "Copies.""#);
    }

    #[test]
    fn preview_and_apply_are_one_code() {
        let text = expand(quote! {}, quote! { impl Deployment for Deploy {} }).unwrap();
        assert_eq!(text.to_string().matches("export :: apply :: < Deploy >").count(), 2);
    }

    #[test]
    fn a_wrong_shape_is_told_with_the_right_one() {
        let shape = "expected `impl Deployment for Deploy { .. }`";
        check(quote! {}, quote! { fn apply() {} }, shape);
        check(quote! {}, quote! { impl Deploy {} }, shape);
        check(quote! {}, quote! { impl Clone for Deploy {} }, shape);
        check(quote! {}, quote! { impl<T> Deployment for A<T> {} }, "no generic parameters");
        check(quote! { title = "x" }, quote! { impl Deployment for A {} }, "`secrets` or `hosts`");
    }
}

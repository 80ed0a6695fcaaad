//! `#[config]`: the derives of a configuration, so that a plugin depends on the SDK only.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Error, Result};

/// Expands `#[config]`.
pub(crate) fn expand(arguments: &TokenStream, item: TokenStream) -> Result<TokenStream> {
    if !arguments.is_empty() {
        return Err(Error::new_spanned(arguments, "`#[config]` takes no arguments"));
    }
    let item: DeriveInput = syn::parse2(item)?;
    let own = serde_options(&item)?;
    let written = |name: &str| own.iter().any(|option| option == name);
    let rename = (!written("rename_all")).then(|| quote! { #[serde(rename_all = "kebab-case")] });
    let deny = (matches!(item.data, Data::Struct(_)) && !written("deny_unknown_fields"))
        .then(|| quote! { #[serde(deny_unknown_fields)] });
    Ok(quote! {
        #[derive(
            ::core::clone::Clone,
            ::core::fmt::Debug,
            ::belljar_sdk::serde::Deserialize,
            ::belljar_sdk::schemars::JsonSchema,
        )]
        #[serde(crate = "::belljar_sdk::serde")]
        #[schemars(crate = "::belljar_sdk::schemars")]
        #rename
        #deny
        #item
    })
}

/// The names of the options in the item's own `#[serde(..)]` attributes.
fn serde_options(item: &DeriveInput) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for attribute in item.attrs.iter().filter(|attribute| attribute.path().is_ident("serde")) {
        attribute.parse_nested_meta(|meta| {
            names.extend(meta.path.get_ident().map(ToString::to_string));
            if meta.input.peek(syn::Token![=]) {
                meta.value()?.parse::<syn::Expr>()?;
            } else if meta.input.peek(syn::token::Paren) {
                let _ignored: proc_macro2::Group = meta.input.parse()?;
            }
            Ok(())
        })?;
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_serde_options_are_kept_and_not_doubled() {
        let item = quote! {
            #[serde(rename_all = "snake_case", default, bound(deserialize = "T: X"))]
            struct Config { a: u8 }
        };
        let text = expand(&TokenStream::new(), item).unwrap().to_string();
        assert!(text.contains("snake_case") && !text.contains("kebab-case"), "{text}");
        assert!(text.contains("deny_unknown_fields"), "{text}");
    }

    #[test]
    fn an_enum_gets_kebab_case_but_does_not_deny_fields() {
        let text = expand(&TokenStream::new(), quote! { enum Format { A } }).unwrap().to_string();
        assert!(text.contains("kebab-case") && !text.contains("deny_unknown_fields"), "{text}");
    }
}

//! Structs.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::punctuated::Punctuated;
use syn::{Attribute, Data, DeriveInput, Error, Expr, ExprLit, Field, Fields, Lit, Meta, Result, Token};

pub fn derive(input: &DeriveInput) -> Result<TokenStream> {
    let Data::Struct(data) = &input.data else {
        return Err(Error::new_spanned(input, "a struct is an `Object`; an enum may be a `Choice`"));
    };
    let Fields::Named(fields) = &data.fields else {
        return Err(Error::new_spanned(input, "attributes have names, so the fields of an `Object` must"));
    };
    if !input.generics.params.is_empty() {
        return Err(Error::new_spanned(&input.generics, "an `Object` is one type, without parameters"));
    }
    let of = &input.ident;
    let about = calls(&input.attrs, "object")?;
    let described = description(&input.attrs);
    let attributes = fields.named.iter().map(attribute).collect::<Result<Vec<_>>>()?;
    let idents: Vec<_> = fields.named.iter().filter_map(|field| field.ident.as_ref()).collect();
    let names: Vec<_> = fields.named.iter().map(name).collect();
    Ok(quote! {
        impl ::tfplugin::Object for #of {
            fn schema() -> ::tfplugin::Schema {
                ::tfplugin::Schema::new(::std::vec![#(#attributes),*]).describe(#described)#about
            }

            fn from_object(object: &::tfplugin::View<'_>) -> ::std::result::Result<Self, ::tfplugin::Mismatch> {
                ::std::result::Result::Ok(Self { #(#idents: object.field(#names)?),* })
            }

            fn to_object(&self) -> ::std::collections::BTreeMap<::std::string::String, ::tfplugin::Value> {
                let attributes: [(&str, ::tfplugin::Value); _] =
                    [#((#names, ::tfplugin::Field::to_value(&self.#idents))),*];
                attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
            }
        }

        impl ::tfplugin::Field for #of {
            fn shape() -> ::tfplugin::Shape {
                ::tfplugin::Shape::nested(<Self as ::tfplugin::Object>::schema())
            }

            fn from_value(value: &::tfplugin::Value) -> ::std::result::Result<Self, ::tfplugin::Mismatch> {
                if let ::tfplugin::Value::Map(_) = value {
                    <Self as ::tfplugin::Object>::from_object(&::tfplugin::View::new(value))
                } else {
                    ::std::result::Result::Err(::tfplugin::Mismatch::new("is no object"))
                }
            }

            fn to_value(&self) -> ::tfplugin::Value {
                <Self as ::tfplugin::Object>::to_value(self)
            }
        }
    })
}

fn attribute(field: &Field) -> Result<TokenStream> {
    let (name, ty, described) = (name(field), &field.ty, description(&field.attrs));
    let about = calls(&field.attrs, "attribute")?;
    Ok(quote! { ::tfplugin::Attribute::of::<#ty>(#name).describe(#described)#about })
}

/// `r#type` is the attribute `type`.
fn name(field: &Field) -> String {
    let name = field.ident.as_ref().map(ToString::to_string).unwrap_or_default();
    name.strip_prefix("r#").map_or(name.clone(), str::to_owned)
}

/// `#[attribute(replaces, default = 3, check(length(1..=9)))]` as `.replaces().default(3).check(length(1..=9))`.
fn calls(attributes: &[Attribute], of: &str) -> Result<TokenStream> {
    let mut calls = TokenStream::new();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident(of)) {
        for meta in attribute.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)? {
            let function = meta.path().require_ident()?;
            let arguments = match &meta {
                Meta::Path(_) => TokenStream::new(),
                Meta::List(list) => list.tokens.clone(),
                Meta::NameValue(pair) => pair.value.to_token_stream(),
            };
            calls.extend(quote! { .#function(#arguments) });
        }
    }
    Ok(calls)
}

/// What the comment says.
fn description(attributes: &[Attribute]) -> String {
    let line = |attribute: &Attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    };
    let lines: Vec<String> = attributes.iter().filter_map(line).map(|line| line.trim().to_owned()).collect();
    lines.join("\n").trim().to_owned()
}

//! Enums of bare words.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Error, Fields, LitStr, Result, Variant};

pub fn derive(input: &DeriveInput) -> Result<TokenStream> {
    let Data::Enum(data) = &input.data else {
        return Err(Error::new_spanned(input, "an enum is a `Choice`; a struct is an `Object`"));
    };
    if let Some(variant) = data.variants.iter().find(|variant| !matches!(variant.fields, Fields::Unit)) {
        return Err(Error::new_spanned(variant, "a `Choice` is between bare words"));
    }
    let of = &input.ident;
    let idents: Vec<_> = data.variants.iter().map(|variant| &variant.ident).collect();
    let words = data.variants.iter().map(word).collect::<Result<Vec<_>>>()?;
    Ok(quote! {
        impl #of {
            /// The word for it.
            pub fn as_str(&self) -> &'static str {
                match self { #(Self::#idents => #words),* }
            }
        }

        impl ::tfplugin::Field for #of {
            fn shape() -> ::tfplugin::Shape {
                ::tfplugin::Shape::text(::tfplugin::check::one_of([#(#words),*]))
            }

            fn from_value(value: &::tfplugin::Value) -> ::std::result::Result<Self, ::tfplugin::Mismatch> {
                match value {
                    #(::tfplugin::Value::String(word) if word == #words => ::std::result::Result::Ok(Self::#idents),)*
                    _ => ::std::result::Result::Err(::tfplugin::Mismatch::new(
                        ::std::concat!("is none of the words that are possible: ", #(#words, " "),*).trim_end(),
                    )),
                }
            }

            fn to_value(&self) -> ::tfplugin::Value {
                ::tfplugin::Value::from(self.as_str())
            }
        }

        impl ::std::convert::From<#of> for ::tfplugin::Value {
            fn from(choice: #of) -> Self {
                ::tfplugin::Field::to_value(&choice)
            }
        }
    })
}

fn word(variant: &Variant) -> Result<String> {
    if let Some(attribute) = variant.attrs.iter().find(|attribute| attribute.path().is_ident("choice")) {
        return attribute.parse_args::<LitStr>().map(|word| word.value());
    }
    let mut word = String::new();
    for letter in variant.ident.to_string().chars() {
        if letter.is_uppercase() && !word.is_empty() {
            word.push('_');
        }
        word.extend(letter.to_lowercase());
    }
    Ok(word)
}

//! Derives for `tfplugin`, which exports and explains them.

mod choice;
mod object;

use proc_macro::TokenStream;

/// Makes a struct an object of Terraform.
///
/// Each field is an attribute of the same name; its type and its comment say most of what the schema has to. What else
/// there is to say stands in `#[attribute(…)]`, and what concerns the whole object in `#[object(…)]`: both are calls of
/// functions, of `tfplugin::Attribute` and `tfplugin::Schema`. `replaces` is `.replaces()`, `default = 3` is
/// `.default(3)`, `check(length(1..=63))` is `.check(length(1..=63))`.
#[proc_macro_derive(Object, attributes(object, attribute))]
pub fn object(input: TokenStream) -> TokenStream {
    syn::parse(input).and_then(|input| object::derive(&input)).unwrap_or_else(|error| error.to_compile_error()).into()
}

/// Makes an enum of bare words a field: text that must be one of them.
///
/// The words are the variants in `snake_case`, or what `#[choice("word")]` says.
#[proc_macro_derive(Choice, attributes(choice))]
pub fn choice(input: TokenStream) -> TokenStream {
    syn::parse(input).and_then(|input| choice::derive(&input)).unwrap_or_else(|error| error.to_compile_error()).into()
}

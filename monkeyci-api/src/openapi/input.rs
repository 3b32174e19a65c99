use super::{Operation, Shape, Shaped};
use crate::address::Client;
use crate::extract::{At, Body, Query, Upgrade};
use crate::identity::Who;
use crate::state::State;
use crate::working::Working;

/// What a handler takes, as far as it shows in the document.
pub trait Input {
    /// Adds itself to the operation.
    fn describe(operation: &mut Operation);
}

/// The arguments of a handler.
pub trait Inputs {
    /// Adds them to the operation.
    fn describe(operation: &mut Operation);
}

impl<P: Shaped> Input for At<P> {
    fn describe(operation: &mut Operation) {
        operation.parameters.push(("path", Shape::of::<P>()));
    }
}

impl<Q: Shaped> Input for Query<Q> {
    fn describe(operation: &mut Operation) {
        operation.parameters.push(("query", Shape::of::<Q>()));
    }
}

impl<B: Shaped> Input for Body<B> {
    fn describe(operation: &mut Operation) {
        operation.body = Some(Shape::of::<B>());
    }
}

macro_rules! shows_nothing {
    ($($kind:ty),* $(,)?) => { $(impl Input for $kind { fn describe(_: &mut Operation) {} })* };
}

shows_nothing!(
    Who,
    Working,
    Client,
    Upgrade,
    axum::body::Body,
    axum::extract::State<State>,
    http::HeaderMap,
    bytes::Bytes
);

macro_rules! inputs {
    ($($argument:ident)*) => {
        // axum puts a marker of its own before the arguments of a handler.
        impl<M, $($argument: Input),*> Inputs for (M, $($argument,)*) {
            fn describe(operation: &mut Operation) {
                let _ = &operation;
                $($argument::describe(operation);)*
            }
        }
    };
}

inputs!();
inputs!(A);
inputs!(A B);
inputs!(A B C);
inputs!(A B C D);
inputs!(A B C D E);
inputs!(A B C D E F);

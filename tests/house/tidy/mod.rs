//! The rules of the house, checked.

mod hostile;
mod imports;
mod lines;
mod names;
mod purity;
pub mod sources;

//! What handlers take out of a request, and how that is described in the OpenAPI document.

mod at;
mod body;
mod labels;
mod name;
mod paging;
mod query;
mod upgrade;
mod whole;

pub use at::{
    At, BuildPath, DeliveryPath, EnvironmentPath, HookPath, JobPath, LogPath, MemberPath, NamePath, NoticePath,
    OrgNamePath, OrgPath, RepoPath, SetPath,
};
pub use body::{Body, typed};
pub use labels::check_filters;
pub use name::check_name;
pub use paging::Paging;
pub use query::Query;
pub use upgrade::Upgrade;
pub use whole::Whole;

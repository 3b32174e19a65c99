//! What a build is called outside.

use monkeyci_sdk::prelude::*;

/// The version that is released: a tag of three or four numbers.
pub fn release(ctx: &Ctx) -> Option<&str> {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    ctx.tag().filter(|tag| matches!(tag.split('.').count(), 3 | 4) && tag.split('.').all(is_number))
}

/// The tag of images. Those of releases begin with a word of their own, by which the registry keeps them longer.
pub fn image(ctx: &Ctx) -> String {
    match (release(ctx), ctx.build()) {
        (Some(version), _) => format!("release-{version}"),
        (None, Some(build)) => format!("build-{}", build.number),
        (None, None) => "latest".to_owned(),
    }
}

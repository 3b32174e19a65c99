//! Whom a release is told to.

use monkeyci_plugin_release::github as on_github;
use monkeyci_sdk::http::{self, HttpError};
use monkeyci_sdk::prelude::*;

use crate::image::{APP_MANIFEST, GUI_MANIFEST};
use crate::part::Part;
use crate::version;

const PUSHOVER: &str = "https://api.pushover.net/1";

/// A release on GitHub.
pub fn github(ctx: &Ctx) -> Option<Job> {
    version::release(ctx)?;
    let release = on_github("monkey-projects/monkeyci").release("github-release").job(ctx)?;
    Some(release.after(process(&Part::App.publish())))
}

/// Writes the new version into the repository whose images are made of ours.
pub fn patch_images(ctx: &Ctx) -> Option<Job> {
    let version = version::image(ctx);
    let images = [(Part::App, "api/VERSION", APP_MANIFEST), (Part::Gui, "gui/VERSION", GUI_MANIFEST)];
    let images: Vec<_> = images.into_iter().filter(|(part, ..)| part.is_published(ctx)).collect();
    let patch = on_github("monkey-projects/scw-images").patch("scw-images").branch("main");
    let patch = patch.message(&format!("Updated images for {version}"));
    let patch = images.iter().fold(patch, |patch, (_, path, _)| {
        let version = version.clone();
        patch.file(path, move |_| version.clone())
    });
    let before: Vec<_> = images.iter().map(|(.., manifest)| process(manifest)).collect();
    (!before.is_empty()).then(|| patch.job().after(before))
}

/// A message to whoever waits for it.
pub fn pushover(ctx: &Ctx) -> Option<Job> {
    let text = format!("MonkeyCI version {} has been released.", version::release(ctx)?);
    let tell = action("pushover", move |act: &Act| send(act, PUSHOVER, &text));
    Some(tell.after([process(APP_MANIFEST), process(GUI_MANIFEST)]))
}

/// Sends a message by Pushover's API.
pub fn send(act: &Act, api: &str, text: &str) -> Result<(), HttpError> {
    let param = |name: &str| act.get(name).unwrap_or_default();
    let fields = [("token", param("pushover-token")), ("user", param("pushover-user")), ("message", text)];
    http::post(format!("{api}/messages.json")).form(&fields).send()?;
    Ok(())
}

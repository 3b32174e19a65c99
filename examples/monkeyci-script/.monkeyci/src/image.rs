//! The images of server and page.

use monkeyci_plugin_image::{Image, ImageJobs, image};
use monkeyci_sdk::prelude::*;

use crate::part::Part;
use crate::{clojure, gui, version};

/// The job after which the server's image is there, and that of the page.
pub const APP_MANIFEST: &str = "app-img-manifest";
pub const GUI_MANIFEST: &str = "gui-img-manifest";

/// An image of ours, for one architecture as yet.
fn ours<'a>(ctx: &Ctx, name: &str) -> Image<'a> {
    let image = image(&format!("rg.fr-par.scw.cloud/monkeyci/{name}")).tag(&version::image(ctx)).archs(&[Arch::Amd]);
    image.login_params("registry-user", "registry-password")
}

pub fn app(ctx: &Ctx) -> Option<ImageJobs> {
    Part::App.is_published(ctx).then(|| {
        let jar = artifact(&clojure::app_jar().id, "app/target");
        let image = ours(ctx, "monkeyci-api").dockerfile("docker/Dockerfile").id("publish-app-img");
        let image = image.manifest_id(APP_MANIFEST).each(|job| job.after(process("app-uberjar")).restore(&jar));
        image.jobs(ctx)
    })
}

pub fn gui(ctx: &Ctx) -> Option<ImageJobs> {
    Part::Gui.is_published(ctx).then(|| {
        // From the root of the checkout, where the job that saves them works in the page's folder.
        let pages = artifact(&gui::pages().id, "gui/target");
        let image = ours(ctx, "monkeyci-gui").context("gui").id("publish-gui-img").manifest_id(GUI_MANIFEST);
        let image = image.each(|job| job.after(process("release-gui")).restore(&pages).size(2));
        image.jobs(ctx)
    })
}

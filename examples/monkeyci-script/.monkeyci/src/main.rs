//! MonkeyCI's own build, as a script in Rust: seven parts of one repository, each tested when it changed, and published
//! from the main branch and on release.

mod announce;
mod clojars;
mod clojure;
mod gui;
mod image;
mod part;
#[cfg(test)]
mod tests;
mod upload;
mod version;

use monkeyci_sdk::prelude::*;

fn plan(ctx: &Ctx) -> Plan {
    let libraries = (clojure::tests(ctx), gui::test(ctx), clojure::publish(ctx));
    let app = (clojure::uberjar(ctx), upload::uberjar(ctx), upload::install_script(ctx));
    let images = (gui::release(ctx), image::app(ctx), image::gui(ctx));
    let cli = (clojure::cli_uberjar(ctx), clojure::cli_native(ctx));
    let announce = (announce::github(ctx), announce::patch_images(ctx), announce::pushover(ctx));
    Plan::from((libraries, app, images, cli, announce))
}

monkeyci_sdk::main!(plan);

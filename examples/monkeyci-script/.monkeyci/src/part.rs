//! The parts of the repository, and what happens to them in a build.

use monkeyci_sdk::prelude::*;

use crate::version::release;

/// A part of the repository, with a folder of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Common,
    Core,
    App,
    Gui,
    TestLib,
    Script,
    Cli,
}

impl Part {
    /// Its folder.
    pub fn dir(self) -> &'static str {
        match self {
            Self::Common => "common",
            Self::Core => "core",
            Self::App => "app",
            Self::Gui => "gui",
            Self::TestLib => "test-lib",
            Self::Script => "script",
            Self::Cli => "cli",
        }
    }

    /// Somebody touched it, or asked for a build by hand.
    fn changed(self, ctx: &Ctx) -> bool {
        ctx.is_manual() || ctx.touched(format!("{}/", self.dir()))
    }

    /// It is built and tested.
    pub fn is_built(self, ctx: &Ctx) -> bool {
        self.changed(ctx) || release(ctx).is_some()
    }

    /// It goes to others: everything on release, and from the main branch what changed.
    pub fn is_published(self, ctx: &Ctx) -> bool {
        release(ctx).is_some() || (ctx.is_main_branch() && self.changed(ctx))
    }

    /// The id of the job that tests it.
    pub fn test(self) -> String {
        format!("test-{}", self.dir())
    }

    /// The id of the job that publishes it.
    pub fn publish(self) -> String {
        format!("publish-{}", self.dir())
    }
}

//! A client of the provider of files, and a folder for it.

use tfplugin::Reattach;
use tfplugin::proto::configure_provider;

use crate::client::{Client, object, wire};
use crate::files::{Files, plugin};

impl Client {
    /// A provider in this process, and a folder that it is configured with.
    pub async fn in_folder() -> (Self, Reattach, tempfile::TempDir) {
        let folder = tempfile::tempdir().expect("a folder");
        let provider = Reattach::start(plugin()).expect("it starts");
        let mut client = Self::plain(provider.socket().to_owned()).await;
        client.configure(folder.path().to_str().expect("UTF-8")).await;
        (client, provider, folder)
    }

    pub async fn configure(&mut self, folder: &str) {
        let config = object([("folder", folder.into())]);
        let request = configure_provider::Request { config: wire::<Files>(&config), ..Default::default() };
        let answer: configure_provider::Response = self.ask("ConfigureProvider", request).await;
        assert_eq!(answer.diagnostics, []);
    }
}

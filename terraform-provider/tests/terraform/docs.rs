//! The pages in `docs/`, as the registry shows them.

use std::path::Path;

use tfplugin::Docs;

#[test]
fn every_page_is_what_its_schema_and_its_example_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let docs = Docs::of(&monkeyci_provider::plugin(), &folder.join("examples"));
    let docs = docs.unwrap_or_else(|incomplete| panic!("{incomplete}"));
    if std::env::var_os("MONKEYCI_UPDATE").is_some() {
        docs.write(&folder.join("docs")).expect("they are written");
    }
    let stale = docs.stale(&folder.join("docs")).expect("they are read");
    assert_eq!(stale, Vec::<String>::new(), "run this test with MONKEYCI_UPDATE=1, which writes them anew");
    let most = docs.pages().map(|(_, page)| page.len()).max();
    assert!(most.is_some_and(|most| most < 500_000), "the registry cuts off a page of {most:?} bytes");
}

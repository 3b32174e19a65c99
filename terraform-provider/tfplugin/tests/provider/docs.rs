//! The pages of a provider's documentation.

use std::fs;
use std::path::Path;

use tempfile::TempDir;
use tfplugin::{Docs, Plugin};

use crate::files::{self, Files, Note, Slug};

const NOTE: &str = "resource \"files_note\" \"todo\" {\n  name = \"todo\"\n}\n";
const SLUG: &str = "output \"slug\" {\n  value = provider::files::slug(\"To do\")\n}\n";
const IMPORT: &str = "# By its name.\nterraform import files_note.todo 'todo'\n";

/// What the pages are of: all that is described to the last field.
fn plugin() -> Plugin<Files> {
    Plugin::new().resource::<Note>().list::<Note>().function::<Slug>()
}

fn write(folder: &Path, file: &str, text: &str) {
    let path = folder.join(file);
    fs::create_dir_all(path.parent().expect("a folder")).expect("it is made");
    fs::write(path, text).expect("it is written");
}

/// Examples of everything.
fn examples() -> TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    write(dir.path(), "provider/provider.tf", "provider \"files\" {\n  folder = \"notes\"\n}\n");
    write(dir.path(), "resources/files_note/resource.tf", NOTE);
    write(dir.path(), "resources/files_note/import.sh", IMPORT);
    write(dir.path(), "functions/slug/function.tf", SLUG);
    let list = "list \"files_note\" \"all\" {\n  provider = files\n}\n";
    write(dir.path(), "list-resources/files_note/list-resource.tfquery.hcl", list);
    dir
}

fn page(docs: &Docs, file: &str) -> String {
    let mut pages = docs.pages();
    pages.find(|(name, _)| *name == file).unwrap_or_else(|| panic!("no {file}")).1.to_owned()
}

#[test]
fn a_page_says_all_that_the_schema_does() {
    let examples = examples();
    let docs = Docs::of(&plugin(), examples.path()).expect("nothing is missing");
    let files: Vec<_> = docs.pages().map(|(file, _)| file).collect();
    assert_eq!(files, ["functions/slug.md", "index.md", "list-resources/note.md", "resources/note.md"]);
    let note = page(&docs, "resources/note.md");
    for text in [
        "page_title: \"files_note Resource - files\"\nsubcategory: \"\"\ndescription: |-\n  A note in the folder.\n---\n",
        "\n# files_note (Resource)\n\nA note in the folder.\n\n## Example Usage\n\n```terraform\nresource \"files_note\" \"todo\"",
        "> **NOTE**: [Write-only arguments](",
        "\n### Required\n\n- `name` (String) What it is called. Another name is another note. A change replaces it.\n\n### Optional",
        "- `access` (String) Who may read it. One of `everybody`, `owner_only`. Default: `\"everybody\"`.\n",
        "- `author` (Attributes) Who wrote it. (see [below for nested schema](#nestedatt--author))\n",
        "- `copies` (Number) How many there are. 1 to 9. Default: `1`.\n",
        "- `extra` (Dynamic) Anything.\n",
        "- `mentions` (Attributes Set) ",
        "- `parts` (Attributes Map) ",
        "- `secret_wo` (String, [Write-only](https://developer.hashicorp.com",
        "- `tags` (Set of String) Words to find it by.\n",
        "\n### Read-Only\n\n- `id` (String) Where it is.\n- `revision` (Number) How often it was written.\n",
        "\n<a id=\"nestedatt--author\"></a>\n### Nested Schema for `author`\n\nRequired:\n\n- `name` (String) What they are called.\n\nOptional:\n\n- `email` (String) ",
        "```terraform\nimport {\n  to = files_note.todo\n  id = \"todo\"\n}\n```",
        "### Identity Schema\n\n#### Required\n\n- `name` (String)",
        "```shell\n# By its name.\nterraform import files_note.todo 'todo'\n```\n",
    ] {
        assert!(note.contains(text), "no {text:?} in {note}");
    }
    let slug = page(&docs, "functions/slug.md");
    let expected = "# function: slug\n\nA text as a name.\n\n## Example Usage\n\n```terraform\noutput \"slug\" {\n  \
                    value = provider::files::slug(\"To do\")\n}\n```\n\n## Signature\n\n```text\nslug(text string) string\n```\n\n\
                    ## Arguments\n\n1. `text` (String) Any text with a letter in it.\n";
    assert!(slug.ends_with(expected), "{slug}");
    assert!(page(&docs, "index.md").contains("# files Provider\n\nKeeps notes in a folder.\n"));
}

#[test]
fn pages_that_are_stale_missing_or_too_many_are_found() {
    let (examples, folder) = (examples(), tempfile::tempdir().expect("a folder"));
    let docs = Docs::of(&plugin(), examples.path()).expect("nothing is missing");
    assert_eq!(docs.stale(folder.path()).expect("it is read").len(), 4);
    docs.write(folder.path()).expect("it is written");
    assert_eq!(docs.stale(folder.path()).expect("it is read"), Vec::<String>::new());

    write(folder.path(), "resources/gone.md", "of what was removed");
    write(folder.path(), "guides/own.md", "written by hand");
    write(folder.path(), "index.md", "changed by hand");
    assert_eq!(docs.stale(folder.path()).expect("it is read"), ["resources/gone.md", "index.md"]);
    docs.write(folder.path()).expect("it is written");
    assert_eq!(docs.stale(folder.path()).expect("it is read"), Vec::<String>::new());
    assert!(folder.path().join("guides/own.md").exists());
}

#[test]
fn what_lacks_a_description_or_an_example_is_named() {
    let examples = examples();
    // The whole provider has fields without comments, and more than there are examples of.
    let missing = Docs::of(&files::plugin(), examples.path()).expect_err("much is missing").to_string();
    for text in [
        "data source files_note: `name` has no description",
        "ephemeral resource files_lease: `key` has no description",
        "ephemeral resource files_lease has no example: write ",
        "functions/joined/function.tf",
        "actions/files_archive/action.tf",
    ] {
        assert!(missing.contains(text), "no {text:?} in {missing}");
    }
    assert!(!missing.contains("\nresource files_note"), "{missing}");

    write(examples.path(), "resources/files_note/resource.tf", "resource \"files_other\" \"x\" {}\n");
    write(examples.path(), "resources/files_note/import.sh", "terraform import files_note.todo\n");
    write(examples.path(), "resources/files_gone/resource.tf", NOTE);
    let missing = Docs::of(&plugin(), examples.path()).expect_err("much is wrong").0;
    assert_eq!(
        missing,
        [
            "resource files_note: the example resources/files_note/resource.tf has no `resource \"files_note\"`",
            "resource files_note: resources/files_note/import.sh: `files_note.todo` names no id",
            "the example resources/files_gone is of nothing there is",
        ]
    );
    write(examples.path(), "resources/files_note/import.sh", "# Notes are not imported:\n# they are short.\n");
    write(examples.path(), "resources/files_note/resource.tf", NOTE);
    fs::remove_dir_all(examples.path().join("resources/files_gone")).expect("it was there");
    let docs = Docs::of(&plugin(), examples.path()).expect("nothing is missing");
    assert!(page(&docs, "resources/note.md").ends_with("## Import\n\nNotes are not imported:\nthey are short.\n"));
}

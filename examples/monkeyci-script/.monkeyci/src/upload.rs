//! Files in a bucket, from where they are installed.

use std::fs;
use std::path::Path;

use monkeyci_sdk::http::{self, Request};
use monkeyci_sdk::prelude::*;

use crate::part::Part;
use crate::{clojure, version};

/// Puts the server's jar there.
pub fn uberjar(ctx: &Ctx) -> Option<Job> {
    Part::App.is_published(ctx).then(|| {
        let upload = action("upload-uberjar", |act: &Act| {
            let stage = if version::release(act).is_some() { "prod" } else { "staging" };
            let name = format!("monkeyci/{}.jar", version::image(act));
            put(act, &name, |request| {
                request.header("x-amz-tagging", format!("env={stage}")).upload_file(act.path(clojure::app_jar().path))
            })
        });
        upload.after(process("app-uberjar")).restore(&artifact(&clojure::app_jar().id, "app/target"))
    })
}

/// Puts the script there that installs the CLI of the released version.
pub fn install_script(ctx: &Ctx) -> Option<Job> {
    let version = version::release(ctx)?.to_owned();
    let upload = action("upload-install-script", move |act: &Act| {
        let script = prepared(act.dir(), &version)?;
        put(act, "install-cli.sh", |request| request.body(script.clone()))
    });
    Some(upload.after(process("upload-uberjar")))
}

/// The script, with the version in it.
pub fn prepared(dir: &Path, version: &str) -> Result<String, String> {
    let path = dir.join("app/dev-resources/install-cli.sh");
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(text.replace("{{version}}", version))
}

/// Puts something into the bucket, for everybody to read.
fn put(act: &Act, name: &str, with: impl Fn(Request) -> Request) -> Result<Outcome, String> {
    let param = |name: &str| act.get(name).ok_or_else(|| format!("this build has no param `{name}`"));
    let (url, bucket) = (param("s3-url")?.trim_end_matches('/'), param("s3-bucket")?);
    let (key, secret) = (param("s3-access-key")?, param("s3-secret-key")?);
    let request = http::put(format!("{url}/{bucket}/{name}")).header("x-amz-acl", "public-read");
    let request = request.aws_sigv4(act.get("s3-region").unwrap_or("us-east-1"), "s3", key, secret);
    with(request).retries(3).send().map_err(|error| error.to_string())?;
    Ok(Outcome::success().message(format!("{name} is in {bucket}")))
}

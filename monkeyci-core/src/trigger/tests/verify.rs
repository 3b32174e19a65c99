//! Whose deliveries are believed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac_sha256::HMAC;
use http::HeaderMap;
use proptest::prelude::*;

use super::headers;
use crate::trigger::{Forge, Refusal, verify};

/// The example of GitHub's documentation.
const SECRET: &str = "It's a Secret to Everybody";
const BODY: &[u8] = b"Hello, World!";
const CODE: &str = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

/// The example of the Standard Webhooks' specification.
const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const SIGNED: &[u8] = br#"{"test": 2432232314}"#;
const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const SIGNED_AT: i64 = 1_614_265_330_000;

fn judge(forge: Forge, secrets: &[&str], pairs: &[(&str, &str)], body: &[u8]) -> Result<(), Refusal> {
    verify(forge, secrets, &headers(pairs), body, SIGNED_AT)
}

/// The headers that this forge signs with, with this code.
fn signed(forge: Forge, code: &str) -> HeaderMap {
    match forge {
        Forge::GitHub => headers(&[("X-Hub-Signature-256", &format!("sha256={code}"))]),
        Forge::Bitbucket | Forge::BitbucketServer => headers(&[("X-Hub-Signature", &format!("sha256={code}"))]),
        Forge::Gitea => headers(&[("X-Gitea-Signature", code)]),
        Forge::Forgejo => headers(&[("X-Forgejo-Signature", code)]),
        Forge::GitLab => headers(&[("X-Gitlab-Token", SECRET)]),
    }
}

const SIGNING: [Forge; 5] = [Forge::GitHub, Forge::Bitbucket, Forge::BitbucketServer, Forge::Gitea, Forge::Forgejo];

#[test]
fn the_examples_of_the_documentation_are_believed() {
    for forge in SIGNING {
        assert_eq!(verify(forge, &[SECRET], &signed(forge, CODE), BODY, 0), Ok(()), "{forge}");
        assert_eq!(verify(forge, &[SECRET], &signed(forge, &CODE.to_uppercase()), BODY, 0), Ok(()), "{forge}");
    }
    let pairs = [("webhook-id", ID), ("webhook-timestamp", "1614265330"), ("webhook-signature", SIGNATURE)];
    assert_eq!(judge(Forge::GitLab, &[KEY], &pairs, SIGNED), Ok(()));
    assert_eq!(judge(Forge::GitLab, &["token"], &[("X-Gitlab-Token", "token")], b"anything"), Ok(()));
}

#[test]
fn what_is_forged_cut_or_for_another_hook_is_refused() {
    for forge in SIGNING {
        let judge = |secrets: &[&str], body: &[u8]| verify(forge, secrets, &signed(forge, CODE), body, 0);
        assert_eq!(judge(&[SECRET], b"Hello, World!!"), Err(Refusal::Wrong), "one byte more");
        assert_eq!(judge(&[SECRET], b"Hello, World"), Err(Refusal::Wrong), "one byte less");
        assert_eq!(judge(&[SECRET], b""), Err(Refusal::Wrong));
        assert_eq!(judge(&["of another repository"], BODY), Err(Refusal::Wrong));
        assert_eq!(judge(&[], BODY), Err(Refusal::NoSecret));
        assert_eq!(judge(&["", ""], BODY), Err(Refusal::NoSecret));
        assert_eq!(judge(&["", SECRET], BODY), Ok(()), "an empty one beside it does no harm");
        assert!(matches!(verify(forge, &[SECRET], &headers(&[]), BODY, 0), Err(Refusal::Unsigned(_))), "{forge}");
        for code in ["", "0", &CODE[1..], &format!("{CODE}0"), &format!("{}é", &CODE[2..]), &"g".repeat(64)] {
            let refused = verify(forge, &[SECRET], &signed(forge, code), BODY, 0);
            assert!(matches!(refused, Err(Refusal::Malformed { .. })), "{forge}: {code:?}: {refused:?}");
        }
        let mut twice = signed(forge, CODE);
        let again = twice.iter().map(|(name, value)| (name.clone(), value.clone())).next().expect("a header");
        twice.append(again.0, again.1);
        assert!(matches!(verify(forge, &[SECRET], &twice, BODY, 0), Err(Refusal::Several(_))), "{forge}");
    }
    // What anybody can compute who knows that the secret is empty.
    let empty: String = HMAC::mac(BODY, b"").iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(verify(Forge::GitHub, &[""], &signed(Forge::GitHub, &empty), BODY, 0), Err(Refusal::NoSecret));
    assert_eq!(verify(Forge::GitHub, &[SECRET], &signed(Forge::GitHub, &empty), BODY, 0), Err(Refusal::Wrong));
}

#[test]
fn sha_1_is_never_enough() {
    let weak = ("X-Hub-Signature", "sha1=3f9dd0fbb5d1c5d4b3b8a0e1d2c3b4a5f6e7d8c9");
    for forge in [Forge::GitHub, Forge::Bitbucket, Forge::BitbucketServer] {
        assert_eq!(judge(forge, &[SECRET], &[weak], BODY), Err(Refusal::Weak), "{forge}");
    }
    let strong = ("X-Hub-Signature-256", &*format!("sha256={CODE}"));
    assert_eq!(judge(Forge::GitHub, &[SECRET], &[weak, strong], BODY), Ok(()), "GitHub sends both");
    let disguised = ("X-Hub-Signature-256", "sha1=3f9dd0fbb5d1c5d4b3b8a0e1d2c3b4a5f6e7d8c9");
    assert_eq!(judge(Forge::GitHub, &[SECRET], &[disguised], BODY), Err(Refusal::Weak));
}

#[test]
fn while_one_secret_replaces_another_both_are_good() {
    for forge in Forge::ALL {
        for secrets in [["new", SECRET], [SECRET, "new"]] {
            assert_eq!(verify(forge, &secrets, &signed(forge, CODE), BODY, 0), Ok(()), "{forge}");
        }
    }
}

#[test]
fn the_forge_s_own_header_decides_alone_where_it_is_there() {
    let (right, wrong) = (CODE, "0".repeat(64));
    let hub = format!("sha256={right}");
    for (forge, pairs, is_believed) in [
        (Forge::Forgejo, &[("X-Forgejo-Signature", &*wrong), ("X-Gitea-Signature", right)][..], false),
        (Forge::Forgejo, &[("X-Forgejo-Signature", right), ("X-Gitea-Signature", &wrong)], true),
        (Forge::Forgejo, &[("X-Gitea-Signature", right)], true),
        (Forge::Forgejo, &[("X-Gitea-Signature", &wrong), ("X-Hub-Signature-256", &hub)], false),
        (Forge::Forgejo, &[("X-Forgejo-Signature", ""), ("X-Gitea-Signature", right)], false),
        (Forge::Gitea, &[("X-Gitea-Signature", &wrong), ("X-Hub-Signature-256", &hub)], false),
        (Forge::Gitea, &[("X-Hub-Signature-256", &hub)], true),
        (Forge::Gitea, &[("X-Forgejo-Signature", right)], false),
        (Forge::GitHub, &[("X-Gitea-Signature", right)], false),
        (Forge::Bitbucket, &[("X-Hub-Signature-256", &hub)], false),
    ] {
        assert_eq!(judge(forge, &[SECRET], pairs, BODY).is_ok(), is_believed, "{forge} {pairs:?}");
    }
}

#[test]
fn a_signature_of_gitlab_is_preferred_to_its_token_and_grows_old() {
    let at = |time: &'static str| {
        [("webhook-id", ID), ("webhook-timestamp", time), ("webhook-signature", SIGNATURE), ("X-Gitlab-Token", "token")]
    };
    let good = at("1614265330");
    assert_eq!(judge(Forge::GitLab, &[KEY], &good, SIGNED), Ok(()));
    assert_eq!(judge(Forge::GitLab, &[KEY, "token"], &good, b"other"), Err(Refusal::Wrong), "the token does not help");
    assert_eq!(judge(Forge::GitLab, &["token"], &good, b"other"), Ok(()), "nobody here knows a key");
    assert_eq!(judge(Forge::GitLab, &[KEY, "token"], &good[3..], SIGNED), Ok(()), "an older GitLab does not sign");
    for (pairs, missing) in
        [(&good[3..], "webhook-signature"), (&good[1..3], "webhook-id"), (&[good[0], good[2]], "webhook-timestamp")]
    {
        assert_eq!(judge(Forge::GitLab, &[KEY], pairs, SIGNED), Err(Refusal::Unsigned(missing)));
    }
    assert_eq!(judge(Forge::GitLab, &["token"], &[], SIGNED), Err(Refusal::Unsigned("x-gitlab-token")));
    // A key is never sent, so it is no token.
    assert_eq!(
        judge(Forge::GitLab, &[KEY], &[("X-Gitlab-Token", KEY)], SIGNED),
        Err(Refusal::Unsigned("webhook-signature"))
    );

    for (seconds, is_believed) in [(-300, true), (300, true), (-301, false), (301, false)] {
        let judged = verify(Forge::GitLab, &[KEY], &headers(&good), SIGNED, SIGNED_AT + seconds * 1000);
        assert_eq!(judged.is_ok(), is_believed, "{seconds}: {judged:?}");
    }
    assert_eq!(judge(Forge::GitLab, &[KEY], &at("1614265331"), SIGNED), Err(Refusal::Wrong), "the time is signed too");
    for time in ["", "x", "+1614265330", "-1614265330", "1614265330.0", "16142653300000000000"] {
        let refused = judge(Forge::GitLab, &[KEY], &at(time), SIGNED);
        assert!(matches!(refused, Err(Refusal::Malformed { .. })), "{time:?}: {refused:?}");
    }
    for bad in ["v1,", "v1,AAAA", "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", "g0hM", ""] {
        let pairs = [good[0], good[1], ("webhook-signature", bad)];
        assert!(matches!(judge(Forge::GitLab, &[KEY], &pairs, SIGNED), Err(Refusal::Malformed { .. })), "{bad:?}");
    }
    let other = STANDARD.encode([7; 32]);
    let rotating = format!("v1,{other} {SIGNATURE} v1a,x");
    let pairs = [good[0], good[1], ("webhook-signature", &*rotating)];
    assert_eq!(judge(Forge::GitLab, &[KEY], &pairs, SIGNED), Ok(()), "one of several signatures");
    assert_eq!(judge(Forge::GitLab, &["whsec_"], &good, SIGNED), Err(Refusal::NoSecret));
    assert_eq!(judge(Forge::GitLab, &["whsec_!"], &good, SIGNED), Err(Refusal::NoSecret));
    assert_eq!(judge(Forge::GitLab, &["toke", "tokens", ""], &[("X-Gitlab-Token", "token")], b""), Err(Refusal::Wrong));
}

proptest! {
    #[test]
    fn only_the_body_and_the_secret_that_were_signed_are_believed(
        body in prop::collection::vec(any::<u8>(), 0..200),
        secret in ".{1,80}",
        flip in any::<prop::sample::Index>(),
        bit in 0..8_u32,
    ) {
        let code: String = HMAC::mac(&body, secret.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        for forge in SIGNING {
            let headers = signed(forge, &code);
            prop_assert_eq!(verify(forge, &[&secret], &headers, &body, 0), Ok(()));
            if !body.is_empty() {
                let mut other = body.clone();
                other[flip.index(body.len())] ^= 1 << bit;
                prop_assert_eq!(verify(forge, &[&secret], &headers, &other, 0), Err(Refusal::Wrong));
            }
        }
    }
}

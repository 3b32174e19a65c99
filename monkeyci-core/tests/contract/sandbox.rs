//! What a plain process that runs as somebody else has, and what it is kept from.

use std::os::unix::fs::PermissionsExt as _;

use crate::fixture::Fixture;

pub async fn a_job_of_somebody_else_sees_nothing_of_ours(fixture: &Fixture) {
    let home = fixture.home.path();
    std::fs::write(home.join("key"), "hidden from all\n").expect("written");
    // Also what anybody may read is not seen, and what may be written is no way out.
    std::fs::set_permissions(home.join("key"), std::fs::Permissions::from_mode(0o644)).expect("ours");
    let at = home.display();
    let lines = [
        "test \"$(id -u)\" = 65534 && test \"$(id -G)\" = 65534 && test \"$USER\" = nobody".to_owned(),
        "echo theirs > made && echo kept > \"$HOME/kept\" && mktemp >/dev/null".to_owned(),
        "grep -q 'NoNewPrivs:.1' /proc/self/status".to_owned(),
        format!("! cat {at}/key"),
        format!("! ls {at}"),
        format!("! touch {at}/new && ! touch ../new && ! touch ../control/start && ! rm -f ../control/job"),
        "! cat /etc/shadow".to_owned(),
    ];
    let ran = fixture.run(fixture.job("other", lines.each_ref().map(String::as_str))).await;
    assert_eq!(ran.outcome().code, Some(0), "{:?}: {}", ran.outcome(), ran.output());
    assert!(!ran.output().contains("hidden from all"), "{}", ran.output());
}

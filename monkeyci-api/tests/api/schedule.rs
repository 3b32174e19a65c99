use serde_json::json;

use super::house::House;

const SCHEDULES: &str = "/v1/orgs/acme/repos/web/schedules";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schedule_is_checked_shows_when_it_fires_and_is_removed() {
    let house = House::with_script("[]").await;
    let one = format!("{SCHEDULES}/nightly");
    let made = house.put(&one, json!({ "cron": "30 2 * * *", "timezone": "Europe/Brussels" })).await.must(201).json();
    assert!(made["next"].is_i64() && made.get("last").is_none(), "{made}");
    let off = json!({ "cron": "30 2 * * *", "enabled": false });
    assert_eq!(house.put(&one, off).await.must(200).json().get("next"), None);
    for (body, pointer) in [
        (json!({ "cron": "61 * * * *" }), "/cron"),
        // Case B44: a schedule of each second.
        (json!({ "cron": "* * * * * *" }), "/cron"),
        // Case B45: a schedule that is never due.
        (json!({ "cron": "0 0 30 2 *" }), "/cron"),
        (json!({ "cron": "0 0 * * *", "timezone": "Europe/Brusels" }), "/timezone"),
        (json!({ "cron": "0 0 * * *", "branch": "-x" }), "/branch"),
    ] {
        let refused = house.put(&one, body.clone()).await.must(422).json();
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{body}: {refused}");
    }
    house.delete(&one).await.must(204);
    house.get(&one).await.must(404);
}

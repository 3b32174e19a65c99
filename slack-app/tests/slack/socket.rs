//! Slack is listened to: nothing is missed as connections come and go.

use crate::house::House;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_connection_is_open_before_the_first_one_goes() {
    let house = House::open(true).await;
    let slack = house.slack();
    let app = house.known.id.as_str();
    slack.until("it listens", |world| (world.sockets.told(app) == 1).then_some(())).await;
    let minute = std::time::Duration::from_secs(61);
    slack.clock().advance(minute);
    slack.change(|world| world.sockets.disconnect(app, "warning"));
    let is_there = |world: &slack_emulator::world::World| world.sockets.told(app) == 1 && world.sockets.open(app) == 2;
    slack.until("it listens by another one too", |world| is_there(world).then_some(())).await;
    house.command("ann", "/build whoami").await;
    house.answered("You are `ann`").await;
    slack.clock().advance(minute);
    // Slack closes both: it comes again.
    slack.change(|world| world.sockets.disconnect(app, "refresh_requested"));
    slack.until("it listens again", |world| (world.sockets.told(app) == 1).then_some(())).await;
    house.command("ann", "/build status web").await;
    house.answered("acme/web").await;
}

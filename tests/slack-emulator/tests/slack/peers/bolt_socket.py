"""slack_bolt with a socket, which it opens again when it is asked to."""

import sys

from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

from bolt_story import listen, told
from emulator import Emulator

slack = Emulator(sys.argv[1])
app_id = slack.app["app_id"]
client = WebClient(token=slack.token, base_url=f"{slack.url}/api/")
app = App(client=client)
listen(app)

# Nobody listens yet.
lost = slack.post("command", user="ann", channel="builds", text="/build run")
assert lost["error"] == "dispatch_failed", lost

handler = SocketModeHandler(app, slack.app["app_token"], web_client=client)
handler.connect()
count = lambda: slack.get(f"apps/{app_id}/socket")["open"]
slack.until("a socket", lambda: count() == 1)
told(slack)
slack.call("DELETE", f"apps/{app_id}/socket?reason=refresh_requested")
slack.until("another socket", lambda: slack.count("apps.connections.open") == 2 and count() == 1)
answered = slack.post("command", user="ann", channel="builds", text="/build after all")
assert answered["ok"], answered
handler.close()
print("slack_bolt with a socket: well")

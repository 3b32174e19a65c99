"""slack_sdk: its client posts, changes, waits, tries again, uploads; its verifier believes our signatures."""

import http.server
import sys
import threading
import urllib.parse
import json

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_handlers import ConnectionErrorRetryHandler, RateLimitErrorRetryHandler
from slack_sdk.models.blocks import ActionsBlock, ButtonElement, HeaderBlock, InputBlock, PlainTextInputElement, SectionBlock
from slack_sdk.models.metadata import Metadata
from slack_sdk.models.views import View
from slack_sdk.signature import SignatureVerifier
from slack_sdk.webhook import WebhookClient

from emulator import Emulator

came = []


class Receiver(http.server.BaseHTTPRequestHandler):
    """Takes what Slack delivers."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        came.append((body, dict(self.headers)))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
threading.Thread(target=server.serve_forever, daemon=True).start()
slack = Emulator(sys.argv[1], f"http://127.0.0.1:{server.server_port}/")
client = WebClient(token=slack.token, base_url=f"{slack.url}/api/")


def refused(error, call, **arguments):
    try:
        call(**arguments)
    except SlackApiError as refusal:
        assert refusal.response["error"] == error, refusal.response
        return refusal.response
    raise AssertionError(f"{error} was expected")


who = client.auth_test()
assert who["user_id"] == slack.bot and who["team_id"] == slack.team and who["bot_id"].startswith("B"), who
assert "chat:write" in who.headers["x-oauth-scopes"]

# Messages, as the client's own models make them.
blocks = [
    HeaderBlock(text="web #1"),
    SectionBlock(text="*unit* failed"),
    ActionsBlock(elements=[ButtonElement(text="Retry", action_id="retry", value="1", style="primary")]),
]
metadata = Metadata(event_type="build", event_payload={"number": 1})
posted = client.chat_postMessage(channel=slack.builds, text="web #1", blocks=blocks, metadata=metadata)
changed = client.chat_update(channel=slack.builds, ts=posted["ts"], text="web #1 went well", blocks=blocks[:2])
assert changed["message"]["text"] == "web #1 went well" and len(changed["message"]["blocks"]) == 2
shown = slack.messages()
assert [one["ts"] for one in shown] == [posted["ts"]] and shown[0]["revision"] == 1
link = client.chat_getPermalink(channel=slack.builds, message_ts=posted["ts"])["permalink"]
assert link.endswith("/p" + posted["ts"].replace(".", ""))

# Errors, as the client raises them.
wide = [SectionBlock(text="a" * 3000).to_dict()]
wide[0]["text"]["text"] += "a"
response = refused("invalid_blocks", client.chat_postMessage, channel=slack.builds, blocks=wide)
assert response["response_metadata"]["messages"] == [
    "[ERROR] must be less than 3001 characters [json-pointer:/blocks/0/text/text]"
]
refused("channel_not_found", client.chat_postMessage, channel="C404", text="a")
refused("message_not_found", client.chat_update, channel=slack.builds, ts="1.2", text="a")
response = refused("missing_scope", client.pins_add, channel=slack.builds, timestamp=posted["ts"])
assert response["needed"] == "pins:write"
refused("invalid_auth", WebClient(token="xoxb-wrong", base_url=f"{slack.url}/api/").auth_test)

# Too fast: the client waits as long as it is told to, and posts once.
patient = WebClient(token=slack.token, base_url=f"{slack.url}/api/")
patient.retry_handlers.append(RateLimitErrorRetryHandler(max_retry_count=5))
before = slack.count("chat.postMessage")
for number in range(3):
    patient.chat_postMessage(channel=slack.builds, text=f"fast {number}")
assert [one["text"] for one in slack.messages()][-3:] == ["fast 0", "fast 1", "fast 2"]
assert slack.count("chat.postMessage") > before + 3, "it was asked to wait"
# The clock stands: whatever was left is taken, and then there is nothing.
slack.post("clock", speed=0)
try:
    client.chat_postMessage(channel=slack.builds, text="the last")
except SlackApiError as refusal:
    assert refusal.response["error"] == "ratelimited", refusal.response
refused("ratelimited", client.chat_postMessage, channel=slack.builds, text="too fast")
slack.post("clock", speed=1)
habits = slack.get("habits")
slack.call("PUT", "habits", habits | {"limits": False})

# The answer is lost: the client asks again, and the message is there once.
stubborn = WebClient(token=slack.token, base_url=f"{slack.url}/api/")
stubborn.retry_handlers = [ConnectionErrorRetryHandler(max_retry_count=2)]
slack.post("faults", method="chat.postMessage", kind="lost", times=2)
again = stubborn.chat_postMessage(channel=slack.builds, text="once", client_msg_id="11111111-1111-4111-8111-111111111111")
assert [one["ts"] for one in slack.messages() if one["text"] == "once"] == [again["ts"]]

# Pages, people, files, home tabs.
for number in range(5):
    slack.post("channels", team=slack.team, name=f"more-{number}")
names = [channel["name"] for page in client.conversations_list(limit=2) for channel in page["channels"]]
assert sorted(names) == ["builds"] + [f"more-{number}" for number in range(5)], names
assert client.users_lookupByEmail(email="ann@example.com")["user"]["id"] == slack.ann
assert client.users_info(user=slack.ann)["user"]["profile"]["email"] == "ann@example.com"
uploaded = client.files_upload_v2(content="log\n" * 100, filename="log.txt", channel=slack.builds, initial_comment="all of it")
assert uploaded["files"][0]["size"] == 400 and slack.messages()[-1]["files"][0]["name"] == "log.txt"
home = View(type="home", blocks=[SectionBlock(text="hello")])
client.views_publish(user_id=slack.ann, view=home)
assert slack.get("home", user="ann", app=slack.app["app_id"])["blocks"][0]["text"]["text"] == "hello"
client.reactions_add(channel=slack.builds, timestamp=posted["ts"], name="eyes")
replies = client.chat_postMessage(channel=slack.builds, thread_ts=posted["ts"], text="log")
read = client.conversations_replies(channel=slack.builds, ts=posted["ts"])
assert [one["ts"] for one in read["messages"]] == [posted["ts"], replies["ts"]]

# OAuth, with the id and the secret as the client sends them.
to = slack.post("allow", user="ann", client_id=slack.app["client_id"], scope="chat:write", state="s")["location"]
code = urllib.parse.parse_qs(urllib.parse.urlparse(to).query)["code"][0]
access = WebClient(base_url=f"{slack.url}/api/").oauth_v2_access(
    client_id=slack.app["client_id"], client_secret=slack.app["client_secret"], code=code
)
assert access["access_token"].startswith("xoxb-") and access["authed_user"]["id"] == slack.ann

# What is delivered is signed as the client verifies it.
answered = slack.post("command", user="ann", channel="builds", text="/build run")
assert answered["ok"], answered
body, headers = next(one for one in came if b"command=%2Fbuild" in one[0])
verifier = SignatureVerifier(slack.app["signing_secret"])
assert verifier.is_valid_request(body, headers)
assert not verifier.is_valid_request(body + b" ", headers)
assert not SignatureVerifier("another").is_valid_request(body, headers)
fields = dict(urllib.parse.parse_qsl(body.decode(), keep_blank_values=True))
hook = WebhookClient(fields["response_url"])
sent = hook.send(text="it runs", response_type="in_channel")
assert (sent.status_code, sent.body) == (200, "ok"), sent
assert slack.messages()[-1]["text"] == "it runs"

# A modal, as the client's models make it.
modal = View(
    type="modal", callback_id="run", title="Run a build", submit="Run",
    blocks=[InputBlock(block_id="ref", label="Branch", element=PlainTextInputElement(action_id="ref"))],
)
opened = client.views_open(trigger_id=fields["trigger_id"], view=modal)
assert slack.get("modals", user="ann")[0]["id"] == opened["view"]["id"]
refused("exchanged_trigger_id", client.views_open, trigger_id=fields["trigger_id"], view=modal)
print("slack_sdk: well")

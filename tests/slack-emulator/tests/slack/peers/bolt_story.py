"""An app of slack_bolt, and what people do with it."""

from emulator import Emulator


def listen(app):
    """An app for builds, small."""

    @app.command("/build")
    def build(ack, command, client, respond):
        if not command["text"]:
            ack()
            client.views_open(trigger_id=command["trigger_id"], view=modal())
        else:
            ack(f"understood: {command['text']}")
            respond(text="it runs", response_type="in_channel", blocks=[row()])

    @app.action("retry")
    def retry(ack, body, respond):
        ack()
        respond(text=f"retried by {body['user']['username']}", replace_original=True)

    @app.view("run")
    def run(ack, view, client, body):
        ref = view["state"]["values"]["ref"]["ref"]["value"]
        if ref == "mian":
            ack(response_action="errors", errors={"ref": "there is no such branch"})
        else:
            ack()
            client.chat_postMessage(channel=body["user"]["id"], text=f"runs {ref}")

    @app.options("repo")
    def repos(ack, payload):
        ack(options=[{"text": {"type": "plain_text", "text": payload["value"] + "/web"}, "value": "web"}])

    @app.event("app_mention")
    def mentioned(event, say):
        say(text="you called", thread_ts=event["ts"])

    @app.event("app_home_opened")
    def home(event, client):
        blocks = [{"type": "section", "text": {"type": "plain_text", "text": "at home"}}]
        client.views_publish(user_id=event["user"], view={"type": "home", "blocks": blocks})

    @app.event("link_shared")
    def shared(event, client):
        unfurls = {link["url"]: {"blocks": [row()]} for link in event["links"]}
        client.chat_unfurl(channel=event["channel"], ts=event["message_ts"], unfurls=unfurls)

    @app.event("message")
    def message(event, say):
        if event.get("channel_type") == "im":
            say(f"you said {event['text']}")

    @app.shortcut("again")
    def again(ack, shortcut, respond):
        ack()
        respond(text=f"again: {shortcut['message']['text']}", response_type="in_channel")


def row():
    button = {"type": "button", "action_id": "retry", "text": {"type": "plain_text", "text": "Retry"}}
    return {"type": "actions", "elements": [button]}


def modal():
    label = {"type": "plain_text", "text": "Field"}
    return {
        "type": "modal", "callback_id": "run", "title": label, "submit": label,
        "blocks": [
            {"type": "input", "block_id": "repo", "label": label,
             "element": {"type": "external_select", "action_id": "repo", "min_query_length": 0}},
            {"type": "input", "block_id": "ref", "label": label,
             "element": {"type": "plain_text_input", "action_id": "ref"}},
        ],
    }


def told(slack: Emulator):
    """What people do, and what becomes of it."""
    slack.call("PUT", "habits", slack.get("habits") | {"limits": False})

    def seen(text):
        return slack.until(text, lambda: next((one for one in slack.messages() if one["text"] == text), None))

    answered = slack.post("command", user="ann", channel="builds", text="/build run web")
    assert answered["ok"], answered
    assert seen("understood: run web")["ephemeral_to"] == slack.ann
    runs = seen("it runs")
    assert runs["bot_id"] and not runs.get("is_ephemeral")
    assert slack.post("click", user="bob", channel="builds", action_id="retry", ts=runs["ts"])["ok"]
    assert seen("retried by bob")["ts"] == runs["ts"]

    assert slack.post("command", user="ann", channel="builds", text="/build")["ok"]
    slack.until("a modal", lambda: slack.get("modals", user="ann"))
    found = slack.post("modals/suggest", user="ann", action_id="repo", value="acme")
    assert found["answer"]["options"][0]["text"]["text"] == "acme/web", found
    values = {"repo": found["answer"]["options"][0], "ref": "mian"}
    refused = slack.post("modals/submit", user="ann", values=values)
    assert refused["answer"]["errors"] == {"ref": "there is no such branch"}, refused
    assert slack.post("modals/submit", user="ann", values=values | {"ref": "main"})["ok"]
    assert slack.get("modals", user="ann") == []

    said = slack.post("say", user="ann", channel="builds", text=f"<@{slack.bot}> status")
    assert seen("you called")["thread_ts"] == said["ts"]
    direct = slack.post("say", user="bob", app=slack.app["app_id"], text="logs")
    read = lambda: [one["text"] for one in slack.get(f"channels/{direct['channel']}")["messages"]]
    slack.until("an answer", lambda: "you said logs" in read())
    slack.post("home", user="bob", app=slack.app["app_id"])
    slack.until("a home tab", lambda: slack.get("home", user="bob", app=slack.app["app_id"]))
    link = slack.post("say", user="ann", channel="builds", text="https://ci.example.com/1 is red")
    unfurled = lambda: [one for one in slack.messages() if one["ts"] == link["ts"] and one.get("attachments")]
    slack.until("a preview", unfurled)
    assert slack.post("shortcut", user="ann", callback_id="again", channel="builds", ts=said["ts"])["ok"]
    seen(f"again: <@{slack.bot}> status")

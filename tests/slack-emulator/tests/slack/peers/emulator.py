"""What a test does with the emulator, over HTTP."""

import json
import urllib.error
import urllib.parse
import urllib.request

SCOPES = [
    "commands", "chat:write", "app_mentions:read", "im:write", "im:history", "im:read", "channels:read",
    "channels:history", "channels:join", "users:read", "users:read.email", "links:read", "links:write", "files:write",
    "reactions:write", "team:read",
]


class Emulator:
    """An emulator with a workspace: ann and bob, and the channel `builds`."""

    def __init__(self, url, app_url=None):
        self.url = url
        self.team = self.post("workspaces", name="Acme")["team_id"]
        self.ann = self.post("people", team=self.team, name="ann", email="ann@example.com")["user_id"]
        self.bob = self.post("people", team=self.team, name="bob", is_admin=True)["user_id"]
        self.builds = self.post("channels", team=self.team, name="builds", members=["ann", "bob"])["channel_id"]
        self.app = self.call("POST", "apps", manifest(app_url))
        installed = self.post("install", app=self.app["app_id"], team=self.team)
        self.token, self.bot = installed["token"], installed["bot_user_id"]
        self.call("PATCH", f"channels/{self.builds}", {"invite": [self.bot]})

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/_emulator/{path}", data, {"content-type": "application/json"})
        request.method = method
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.code} {error.read().decode()}") from None

    def post(self, path, **body):
        return self.call("POST", path, body)

    def get(self, path, **query):
        return self.call("GET", f"{path}?{urllib.parse.urlencode(query)}")

    def messages(self):
        return self.get(f"channels/{self.builds}")["messages"]

    def count(self, method):
        return self.get("calls", method=method)["counts"].get(method, 0)

    def until(self, what, find):
        """Waits until something is found."""
        version = 0
        for _ in range(1000):
            found = find()
            if found:
                return found
            version = self.get("version", after=version)["version"]
        raise AssertionError(f"this did not come true: {what}")


def manifest(url):
    """The manifest of an app at a URL, or of one with a socket."""
    where = {"request_url": url} if url else {}
    command = {"command": "/build", "description": "Runs builds", "should_escape": True}
    return {
        "display_information": {"name": "MonkeyCI"},
        "features": {
            "app_home": {"home_tab_enabled": True, "messages_tab_enabled": True},
            "bot_user": {"display_name": "MonkeyCI"},
            "slash_commands": [command | ({"url": url} if url else {})],
            "shortcuts": [
                {"name": "Run", "type": "global", "callback_id": "run", "description": "Runs"},
                {"name": "Again", "type": "message", "callback_id": "again", "description": "Runs again"},
            ],
            "unfurl_domains": ["ci.example.com"],
        },
        "oauth_config": {"redirect_urls": ["https://ci.example.com/slack"], "scopes": {"bot": SCOPES}},
        "settings": {
            "event_subscriptions": where | {
                "bot_events": ["app_mention", "message.im", "link_shared", "app_home_opened", "message.channels"],
            },
            "interactivity": where | {"is_enabled": True},
            "socket_mode_enabled": not url,
        },
    }

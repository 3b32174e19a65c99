"""slack_bolt behind a URL: it believes what the emulator signs, and nothing else."""

import http.server
import sys
import threading

from slack_bolt import App, BoltRequest
from slack_sdk import WebClient

from bolt_story import listen, told
from emulator import Emulator

app = None


class Receiver(http.server.BaseHTTPRequestHandler):
    """Passes requests on to the app."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        answer = app.dispatch(BoltRequest(body=body, headers=dict(self.headers)))
        content = answer.body.encode()
        self.send_response(answer.status)
        for name, value in answer.first_headers().items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
slack = Emulator(sys.argv[1], f"http://127.0.0.1:{server.server_port}/")
client = WebClient(token=slack.token, base_url=f"{slack.url}/api/")
app = App(client=client, signing_secret=slack.app["signing_secret"])
listen(app)
threading.Thread(target=server.serve_forever, daemon=True).start()

slack.post(f"apps/{slack.app['app_id']}/verify")
told(slack)
command = next(one for one in slack.get("deliveries") if one["type"] == "slash_commands")
statuses = {
    way: slack.post(f"deliveries/{command['number']}/again", way=way)["status"]
    for way in ["replay", "forged", "changed", "old", "unsigned"]
}
assert statuses == {"replay": 200, "forged": 401, "changed": 401, "old": 401, "unsigned": 401}, statuses
print("slack_bolt over HTTP: well")

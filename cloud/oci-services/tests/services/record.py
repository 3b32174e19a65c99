"""Has Oracle's SDK for Python send what our clients send too, writes down what it sent, and prints that as JSON.

    python record.py > recorded.json

A call is known by the id of its request, which the SDK sends as it is told. Answers are made up: the SDK reads them, and fails
where it cannot.
"""

import http.server
import json
import tempfile
import threading

import oci
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

KEPT = ["accept", "content-type", "if-match", "opc-retry-token"]
QUEUE = "ocid1.queue.oc1.eu-frankfurt-1.aaaaq"
STREAM = "ocid1.stream.oc1.eu-frankfurt-1.aaaas"
SECRET = "ocid1.vaultsecret.oc1.eu-frankfurt-1.aaaav"
TENANCY = "ocid1.tenancy.oc1..aaaat"
NOW = "2026-11-22T16:30:00.000Z"
calls = []


class Answer(http.server.BaseHTTPRequestHandler):
    def answer(self):
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", 0))).decode()
        calls.append({
            "op": headers["opc-request-id"], "method": self.command, "path": self.path,
            "headers": {name: headers[name] for name in KEPT if name in headers}, "body": body,
        })
        said = json.dumps([] if self.path.startswith(("/20190729/limit", f"/20180418/streams/{STREAM}/messages?")) else {}).encode()
        self.send_response(200)
        for name, value in {"content-type": "application/json", "content-length": len(said), "opc-next-cursor": "c"}.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(said)

    do_GET = do_POST = do_PUT = do_DELETE = answer

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}"
key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
with tempfile.NamedTemporaryFile(suffix=".pem") as file:
    file.write(key)
    file.flush()
    config = {"user": "ocid1.user.oc1..a", "fingerprint": ":".join(["00"] * 16), "tenancy": TENANCY, "region": "eu-frankfurt-1",
              "key_file": file.name}

    def client(kind):
        return kind(config, service_endpoint=url, retry_strategy=oci.retry.NoneRetryStrategy())

    m = oci.queue.models
    client(oci.queue.QueueAdminClient).get_queue(QUEUE, opc_request_id="queue_get_queue")
    queue = client(oci.queue.QueueClient)
    entry = m.PutMessagesDetailsEntry(content='{"type":"build/queued"}', metadata=m.MessageMetadata(
        channel_id="ch1", custom_properties={"k": "v"}))
    plain = m.PutMessagesDetailsEntry(content="grüße \"&\n")
    queue.put_messages(QUEUE, m.PutMessagesDetails(messages=[entry, plain]), opc_request_id="queue_put_messages")
    queue.get_messages(QUEUE, visibility_in_seconds=30, timeout_in_seconds=20, limit=10, channel_filter="ch 1&=ü",
                       opc_request_id="queue_get_messages")
    queue.get_messages(QUEUE, timeout_in_seconds=0, limit=20, consumer_group_id="ocid1.consumergroup.oc1..g",
                       opc_request_id="queue_get_messages_of_a_group")
    queue.update_messages(QUEUE, m.UpdateMessagesDetails(entries=[
        m.UpdateMessagesDetailsEntry(receipt=receipt, visibility_in_seconds=60) for receipt in ["a/+=", "b"]]),
        opc_request_id="queue_update_messages")
    queue.delete_messages(QUEUE, m.DeleteMessagesDetails(entries=[
        m.DeleteMessagesDetailsEntry(receipt=receipt) for receipt in ["a/+=", "b"]]), opc_request_id="queue_delete_messages")
    queue.get_stats(QUEUE, opc_request_id="queue_get_stats")

    m = oci.streaming.models
    client(oci.streaming.StreamAdminClient).get_stream(STREAM, opc_request_id="stream_get_stream")
    stream = client(oci.streaming.StreamClient)
    stream.put_messages(STREAM, m.PutMessagesDetails(messages=[
        m.PutMessagesDetailsEntry(key="aw==", value="eyJhIjoxfQ=="), m.PutMessagesDetailsEntry(key="", value="/+8=")]),
        opc_request_id="stream_put_messages")
    for name, more in {
        "oldest": {"type": "TRIM_HORIZON"}, "at": {"type": "AT_OFFSET", "offset": 7},
        "after": {"type": "AFTER_OFFSET", "offset": 7}, "newest": {"type": "LATEST"},
    }.items():
        stream.create_cursor(STREAM, m.CreateCursorDetails(partition="0", **more), opc_request_id=f"stream_cursor_{name}")
    stream.get_messages(STREAM, "CUR+S/OR==", limit=10, opc_request_id="stream_get_messages")

    secrets = client(oci.secrets.SecretsClient)
    secrets.get_secret_bundle(SECRET, opc_request_id="secret_current")
    secrets.get_secret_bundle(SECRET, version_number=3, opc_request_id="secret_of_a_number")
    secrets.get_secret_bundle(SECRET, stage="PREVIOUS", opc_request_id="secret_previous")

    limits = client(oci.limits.LimitsClient)
    limits.list_limit_values(TENANCY, "compute", opc_request_id="limits_values")
    limits.list_limit_definitions(TENANCY, service_name="compute", opc_request_id="limits_definitions")
    limits.get_resource_availability("compute", "standard-e4-core-count", TENANCY, availability_domain="Uocm:EU-FRANKFURT-1-AD-1",
                                     opc_request_id="limits_availability")

print(json.dumps({"sdk": oci.__version__, "calls": calls}, indent=1, ensure_ascii=False))

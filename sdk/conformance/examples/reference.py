#!/usr/bin/env python3
"""The script of docs/protocol.md in Python: all that it takes to write build scripts in another language."""

import http.client
import json
import os
import socket
import sys

EXTENSIONS = {"loud": ["prepare", "after"]}


# ---- The script itself.


def plan(context):
    trigger = context["trigger"]
    reference = (trigger.get("git") or {}).get("ref") or ""
    tag = reference.removeprefix("refs/tags/") if reference.startswith("refs/tags/") else None
    who = trigger.get("params", {}).get("WHO", "world")
    jobs = [
        {"id": "test", "script": ["true"]},
        {"id": "greet", "script": ['"$MONKEYCI_SCRIPT" act greet'], "env": {"WHO": who}},
        {"id": "ask", "script": ['"$MONKEYCI_SCRIPT" act ask'], "dependencies": ["test"], "when": "always"},
    ]
    if touched(trigger, "docs/"):
        jobs.append({"id": "docs", "script": ["make docs"]})
    jobs.append({"id": "loud", "script": ["echo hello"], "extensions": {"loud": "!"}, "hooks": EXTENSIONS["loud"]})
    if tag:
        deploy = {"id": "deploy", "script": [f"./deploy {tag}"], "dependencies": ["test"], "blocked": True}
        jobs.append(deploy)
    return jobs


def touched(trigger, folder):
    changes = trigger.get("changes")
    if changes is None:
        return True  # Nobody knows, so that nothing goes untested.
    paths = [path for kind in ("added", "modified", "removed") for path in changes.get(kind, [])]
    return any(path.startswith(folder) for path in paths)


def greet(context):
    who = context["trigger"].get("params", {}).get("WHO", "world")
    if who == "nobody":
        return {"failure": "there is nobody to greet"}
    print(f"hello {who}")
    return {"message": f"greeted {who}", "values": {"letters": len(who)}}


def ask(_):
    build("POST", "/v1/result", {"values": {"asked": True}})
    test = build("GET", "/v1/jobs/test")
    build("POST", "/v1/artifacts/words/restore", {"path": "words.txt"})
    none = build("POST", "/v1/artifacts/none/restore", {"path": "none.txt"}) is not None
    with open("words.txt") as words, open("out.txt", "w") as out:
        out.write(words.read().upper())
    build("POST", "/v1/artifacts/out/save", {"path": "out.txt"})
    values = {"who": build("GET", "/v1/params")["WHO"], "status": test["status"]}
    return {"values": {**values, "exit": test["result"]["exit"], "none": none}}


def prepare(job):
    if "loud" in job.get("extensions", {}):
        return {**job, "script": job["script"] + [f"echo {job['extensions']['loud']}"]}


def after(job, result):
    if "loud" in job.get("extensions", {}):
        exit_code = result.get("exit")
        return {"values": {"loud": True}} if exit_code == 0 else {"failure": f"it was not loud: {exit_code}"}


ACTIONS = {"greet": greet, "ask": ask}


# ---- The protocol.


def build(method, path, body=None):
    """Asks the build; nothing for 404."""
    url, token = os.environ["MONKEYCI_API"], os.environ["MONKEYCI_API_TOKEN"]
    connection = http.client.HTTPConnection(url.removeprefix("http://") if url.startswith("http://") else "build")
    if url.startswith("unix:"):
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(url.removeprefix("unix:"))
    body = None if body is None else json.dumps(body)
    connection.request(method, path, body, {"Authorization": f"Bearer {token}", "Content-Type": "application/json"})
    reply = connection.getresponse()
    text = reply.read()
    if reply.status == 404:
        return None
    if reply.status >= 300:
        sys.exit(f"error: the build answered {method} {path} with {reply.status}: {text.decode()}")
    return json.loads(text) if text else {}


def question():
    with open(os.environ["MONKEYCI_SCRIPT_QUESTION"]) as file:
        asked = json.load(file)
    if asked["protocol"] != 1:
        sys.exit(f"error: MonkeyCI asks by protocol {asked['protocol']}, and this script answers by 1")
    return asked


def answer(value):
    with open(os.environ["MONKEYCI_SCRIPT_ANSWER"], "w") as file:
        json.dump(value, file)


def planned(asked, name):
    """The job of a question, which must be as the script plans it now."""
    job = asked.get("job") or sys.exit("error: the question holds no job")
    now = {other["id"]: other for other in plan(asked["context"])}.get(name)
    if now is None and job["id"] == name and job.get("extensions", {}).keys() & EXTENSIONS.keys():
        return job  # One of a file beside the script.
    if now is None:
        sys.exit(f"error: job `{name}` was planned, and is not any more")
    changed = [key for key in {**job, **now} if job.get(key) != now.get(key)]
    if changed:
        lines = [f"  `{key}`: planned {job.get(key)}, now {now.get(key)}" for key in changed]
        sys.exit("\n".join([f"error: job `{name}` was planned otherwise", *lines]))
    return job


def main(words):
    match words:
        case ["plan"]:
            answer({"protocol": 1, "jobs": plan(question()["context"]), "extensions": EXTENSIONS})
        case ["act", name]:
            asked = question()
            planned(asked, name)
            if name not in ACTIONS:
                sys.exit(f"error: job `{name}` is no action")
            told = ACTIONS[name](asked["context"])
            answer(told)
            if "failure" in told:
                sys.exit(f"error: {told['failure']}")
        case ["prepare", name]:
            changed = prepare(planned(question(), name))
            if changed is not None:
                answer({"job": changed})
        case ["after", name]:
            asked = question()
            job = planned(asked, name)
            result = asked.get("result")
            if result is None:
                sys.exit("error: the question holds no result")
            answer(after(job, result) or {})
        case _:
            sys.exit("This is a build script of MonkeyCI: plan, act ID, prepare ID, after ID.")


main(sys.argv[1:])

"""Messages that nobody can use, published where events are expected, and what has to become of them."""

import json
import re

from .client import Client

# The topic: who may publish there, and the type that all of its readers look at.
TOPICS = {
    "task-events": ("api", "task.completed"),
    "task-updates": ("api", "task.changed"),
    "task-commands": ("recurrence", "task.create.requested"),
    "reminders": ("reminders", "reminder.due"),
}
MARKER = re.compile(rb"poison-[0-9]{5}")


def _envelope(marker, kind, data):
    return {"specversion": "1.0", "id": marker, "source": "/soak", "type": kind, "time": "2026-01-01T00:00:00.000Z",
            "datacontenttype": "application/json", "data": data}


def _no_fields(marker, kind):
    return json.dumps(_envelope(marker, kind, {"nonsense": True})).encode(), False


def _wrong_types(marker, kind):
    data = {"event_id": 7, "command_id": [], "user_id": ["not", "a", "user"], "task_id": "seven", "task_version": -1,
            "user_seq": "many", "task_data": 3, "timestamp": "yesterday"}
    return json.dumps(_envelope(marker, kind, data)).encode(), False


def _data_cut_off(marker, kind):
    return json.dumps(_envelope(marker, kind, '{"event_id": "')).encode(), False


def _no_envelope(marker, kind):
    return json.dumps({"marker": marker, "type": kind}).encode(), True


def _no_json(marker, kind):
    return b"\x00\xff " + marker.encode() + b" {", True


KINDS = [_no_fields, _wrong_types, _data_cut_off, _no_envelope, _no_json]


class Poison:
    """What was published, by marker: the topic, and whether the sidecar took it; else nobody knows."""

    def __init__(self, platform, users):
        self.platform = platform
        self.users = users
        self.published = {}

    def publish(self, random):
        """In the line of a user's events, which must come past it."""
        marker = f"poison-{len(self.published):05d}"
        # Each topic in turn: one has no dead letters, and would show nothing of them alone.
        topic = sorted(TOPICS)[len(self.published) % len(TOPICS)]
        publisher, kind = TOPICS[topic]
        body, is_raw = random.choice(KINDS)(marker, kind)
        path = (f"/v1.0/publish/todo-pubsub-{publisher}/{topic}?metadata.partitionKey={random.choice(self.users)}"
                + ("&metadata.rawPayload=true" if is_raw else ""))
        port = self.platform.settings["instances"][f"todo-{publisher}-0"]["dapr"]
        self.published[marker] = (topic, False)
        try:
            answer = Client(f"http://127.0.0.1:{port}", timeout=5)(
                "POST", path, body, {"Content-Type": "application/cloudevents+json"})
            self.published[marker] = (topic, answer.status == 204)
        except OSError:
            pass  # the sidecar was killed a moment ago

    @property
    def accepted(self):
        return sum(is_accepted for _, is_accepted in self.published.values())


def marker(value):
    """The marker of a poison message; None for anything else."""
    found = MARKER.search(value)
    return found.group().decode() if found else None

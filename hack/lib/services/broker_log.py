"""The broker's own log: every record of a topic, from LocalDapr's state file."""

import sqlite3
import struct


class Record:
    """One message at its place. `origin`: of a dead letter, the topic and the group that it comes from, and why."""

    def __init__(self, partition, offset, key, value, origin):
        self.partition = partition
        self.offset = offset
        self.key = key
        self.value = value
        self.origin = origin


class BrokerLog:
    """Read while LocalDapr runs or not; nothing is written."""

    def __init__(self, file):
        self.connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=30)

    def topics(self):
        return [name for name, in self.connection.execute("SELECT DISTINCT name FROM topics ORDER BY name")]

    def records(self, topic):
        """All of them, partition by partition in order."""
        rows = self.connection.execute(
            "SELECT partition, base_offset, bytes FROM record_batches WHERE topic IN (SELECT id FROM topics WHERE name = ?)"
            " ORDER BY topic, partition, base_offset", [topic])
        for partition, offset, data in rows:
            for record in decode(partition, offset, data):
                yield record

    def close(self):
        self.connection.close()


def decode(partition, offset, data):
    """The records of a batch: for each its time, flags (1: a key, 2: an origin), key, headers, origin and value."""
    at = 0

    def number(form):
        nonlocal at
        value, = struct.unpack_from(form, data, at)
        at += struct.calcsize(form)
        return value

    def blob():
        nonlocal at
        length = number("<I")
        at += length
        return data[at - length:at]

    while at < len(data):
        number("<q")
        flags = number("<B")
        key = blob().decode() if flags & 1 else None
        for _ in range(2 * number("<I")):
            blob()
        origin = tuple(blob().decode(errors="replace") for _ in range(3)) if flags & 2 else None
        yield Record(partition, offset, key, blob(), origin)
        offset += 1

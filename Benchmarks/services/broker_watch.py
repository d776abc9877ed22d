"""An app beside LocalDapr that is told of every event, and when the broker had it.

    broker_watch.py PORT OUTPUT COMPONENT TOPIC…

Writes a line for each: topic, the broker's timestamp in ms, the event's own time in ms, and for reminders the time that was
asked for. It is an app like any other, with a subscription, since that is how events are to be had.
"""

import asyncio
import datetime
import json
import sys


def milliseconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000


class Handler(asyncio.Protocol):
    def __init__(self, component, topics, output):
        self.component = component
        self.topics = topics
        self.output = output
        self.buffer = bytearray()

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.buffer += data
        while True:
            head = self.buffer.find(b"\r\n\r\n")
            if head < 0:
                return
            lines = bytes(self.buffer[:head]).decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
            length = int(headers.get("content-length", 0))
            if headers.get("transfer-encoding") == "chunked":
                raise SystemExit("a chunked delivery: not expected here")
            if len(self.buffer) < head + 4 + length:
                return
            body = bytes(self.buffer[head + 4:head + 4 + length])
            del self.buffer[:head + 4 + length]
            self.answer(lines[0].split(" ")[1], body)

    def answer(self, path, body):
        status, answer = "200 OK", b"{}"
        if path == "/dapr/subscribe":
            answer = json.dumps([
                {"pubsubname": self.component, "topic": topic, "routes": {"default": "/" + topic},
                 "bulkSubscribe": {"enabled": True, "maxMessagesCount": 200, "maxAwaitDurationMs": 20}}
                for topic in self.topics]).encode()
        elif path.startswith("/dapr/"):
            status = "404 Not Found"
        else:
            entries = json.loads(body)["entries"]
            for entry in entries:
                event = entry["event"]
                data = event.get("data") or {}
                self.output.write(f"{path[1:]} {entry.get('metadata', {}).get('__timestamp', 0)} "
                                  f"{milliseconds(event['time']):.0f} "
                                  f"{milliseconds(data['remind_at']) if 'remind_at' in data else 0:.0f}\n")
            self.output.flush()
            answer = json.dumps(
                {"statuses": [{"entryId": entry["entryId"], "status": "SUCCESS"} for entry in entries]}).encode()
        self.transport.write(f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n"
                             f"Content-Length: {len(answer)}\r\n\r\n".encode() + answer)


async def main():
    port, file, component, *topics = sys.argv[1:]
    with open(file, "a") as output:
        server = await asyncio.get_running_loop().create_server(
            lambda: Handler(component, topics, output), "127.0.0.1", int(port))
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())

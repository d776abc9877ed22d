"""Between the sidecars and the services: counts what is delivered, and ends a service at the very moment that matters.

Every call of a sidecar to its app goes through a small proxy here. Nothing is changed on the way, but an ambush may wait
for a delivery to one of the services: then the service is killed (SIGKILL) either after its answer has been read, so
that the effect is committed and nobody hears of it, or after the delivery has gone out, before there is an answer.
"""

import asyncio
import collections
import json
import threading
import time


class Ambush:
    """Waits for the next fitting call to any replica of one service."""

    AFTER_EFFECT = "between its effect and its answer"
    BEFORE_ANSWER = "with a delivery in its hands"

    def __init__(self, service, path, moment, delay=0.0, words=()):
        self.service = service
        self.path = path
        self.moment = moment
        # Before an answer: so long after the delivery.
        self.delay = delay
        # What the delivery's text must hold.
        self.words = words
        self.sprung = threading.Event()
        # The instance that died.
        self.instance = None

    def fits(self, call):
        return call.path.startswith(self.path) and all(word in call.bytes for word in self.words)


class Call:
    """A request of a sidecar."""

    def __init__(self, head, body):
        line, *fields = head.decode("latin-1").split("\r\n")
        self.method, self.path = line.split(" ")[:2]
        self.headers = {}
        for field in fields:
            name, _, value = field.partition(":")
            self.headers[name.strip().lower()] = value.strip()
        self.bytes = head + body
        self.body = body

    @property
    def entries(self):
        """Topic, partition, offset and milliseconds of each event in it."""
        if "__offset" in self.headers:
            sources = [self.headers]
        elif b'"com.dapr.event.sent.bulk"' in self.body[:200]:
            sources = [entry["metadata"] for entry in json.loads(self.body)["entries"]]
        else:
            return []
        return [(source["__topic"], int(source["__partition"]), int(source["__offset"]), int(source["__timestamp"]))
                for source in sources]


class Deliveries:
    """What arrived at the consumer groups, as the broker numbers it."""

    # Seconds between the broker's log and the service.
    LATE = 2

    def __init__(self):
        self.tally = collections.Counter()
        self.seen = collections.defaultdict(set)
        self.highest = {}

    def add(self, group, entries, now):
        for topic, partition, offset, milliseconds in entries:
            place = (group, topic, partition)
            self.tally["deliveries"] += 1
            if offset in self.seen[place]:
                self.tally["delivered again"] += 1
            elif offset < self.highest.get(place, -1):
                self.tally["out of order"] += 1
            if now - milliseconds / 1000 > self.LATE:
                self.tally["late"] += 1
            self.seen[place].add(offset)
            self.highest[place] = max(offset, self.highest.get(place, -1))


class Gates(threading.Thread):
    """A proxy for each instance, all in one thread."""

    def __init__(self, platform):
        super().__init__(daemon=True)
        self.platform = platform
        self.deliveries = Deliveries()
        self.ambushes = []
        self.lock = threading.Lock()
        self.is_open = threading.Event()
        self.failure = None
        self.loop = asyncio.new_event_loop()
        # Held here, for nobody else holds a connection whose one end has gone away.
        self.connections = set()

    # MARK: Ambushes

    def lay(self, ambush):
        with self.lock:
            self.ambushes.append(ambush)

    def lift(self, ambush):
        """Returns whether it has been sprung. Afterwards it will not be any more."""
        with self.lock:
            if ambush in self.ambushes:
                self.ambushes.remove(ambush)
        return ambush.sprung.is_set()

    def _ambush(self, instance, call, moment):
        """Takes the one that this call falls into."""
        service = instance.split("-")[1]
        with self.lock:
            for ambush in self.ambushes:
                if ambush.service == service and ambush.moment == moment and ambush.fits(call):
                    self.ambushes.remove(ambush)
                    return ambush
        return None

    def _spring(self, ambush, instance):
        self.platform.processes[instance].kill()
        ambush.instance = instance
        ambush.sprung.set()

    # MARK: The proxy

    def run(self):
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_until_complete(self._serve())
        except Exception as problem:  # noqa: BLE001  told at the end
            self.failure = problem
        finally:
            self.is_open.set()

    def start(self):
        super().start()
        self.is_open.wait()
        if self.failure:
            raise self.failure

    def stop(self):
        if self.is_alive():
            self.loop.call_soon_threadsafe(self.ended.set)
            self.join(10)

    async def _serve(self):
        self.ended = asyncio.Event()
        servers = []
        for name in self.platform.instances():
            ports = self.platform.settings["instances"][name]

            async def connected(reader, writer, name=name, port=ports["http"]):
                task = asyncio.current_task()
                self.connections.add(task)
                task.add_done_callback(self.connections.discard)
                await self._pass_on(name, port, reader, writer)

            servers.append(await asyncio.start_server(connected, "127.0.0.1", ports["gate"], limit=2**20))
        self.is_open.set()
        await self.ended.wait()
        for server in servers:
            server.close()
        for task in self.connections:
            task.cancel()

    async def _pass_on(self, instance, port, reader, writer):
        """One connection of the sidecar. Where the service does not answer, the sidecar gets no answer either."""
        app = None
        try:
            while True:
                call = Call(*await read_message(reader))
                if app is None or app[0].at_eof():
                    close(app)
                    app = await asyncio.open_connection("127.0.0.1", port, limit=2**20)
                app[1].write(call.bytes)
                entries = call.entries
                group = instance if "-sync-" in instance else instance.split("-")[1]
                self.deliveries.add(group, entries, time.time() + self.platform.clocks.shift("local-dapr"))
                ambush = self._ambush(instance, call, Ambush.BEFORE_ANSWER)
                if ambush:
                    await asyncio.sleep(ambush.delay)
                    return self._spring(ambush, instance)
                head, body = await read_message(app[0])
                if took_effect(head, body):
                    ambush = self._ambush(instance, call, Ambush.AFTER_EFFECT)
                    if ambush:
                        return self._spring(ambush, instance)
                writer.write(head + body)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass  # one of the two is gone, and now the other one hears of it
        except Exception as problem:  # noqa: BLE001  told at the end
            self.failure = problem
        finally:
            close(app)
            close((reader, writer))


def took_effect(head, body):
    """Whether an answer says that it is done: for events by their status, for jobs by the answer's."""
    if not head.startswith(b"HTTP/1.1 200"):
        return False
    return b'"SUCCESS"' in body or b'"status' not in body


def close(connection):
    if connection is not None:
        connection[1].close()


async def read_message(reader):
    """Head and body of a request or an answer, as they came."""
    head = await reader.readuntil(b"\r\n\r\n")
    fields = head.lower()
    if b"\r\ntransfer-encoding: chunked" in fields:
        body = b""
        while True:
            line = await reader.readuntil(b"\r\n")
            size = int(line.split(b";")[0], 16)
            body += line + await reader.readexactly(size + 2)
            if size == 0:
                return head, body
    at = fields.find(b"\r\ncontent-length:")
    if at < 0:
        return head, b""
    length = int(fields[at + 17:fields.index(b"\r\n", at + 2)])
    return head, await reader.readexactly(length)

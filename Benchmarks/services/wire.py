"""An HTTP client for load: as little work for each request as Python allows, so that the services are what is measured."""

import asyncio
import time


class Connection(asyncio.Protocol):
    """One request at a time on a connection that is kept."""

    def __init__(self):
        self.buffer = bytearray()
        self.waiting = None
        self.transport = None

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.buffer += data
        head = self.buffer.find(b"\r\n\r\n")
        if head < 0 or self.waiting is None:
            return
        lower = bytes(self.buffer[:head]).lower()
        status = int(lower[9:12])
        at = lower.find(b"content-length:")
        length = 0
        if at >= 0:
            end = lower.find(b"\r\n", at)
            length = int(lower[at + 15:end if end >= 0 else len(lower)])
        if len(self.buffer) < head + 4 + length:
            return
        body = bytes(self.buffer[head + 4:head + 4 + length])
        self.buffer.clear()
        waiting, self.waiting = self.waiting, None
        if not waiting.done():
            waiting.set_result((status, body))

    def connection_lost(self, problem):
        self.transport = None
        if self.waiting is not None and not self.waiting.done():
            self.waiting.set_exception(ConnectionResetError("the connection ended"))

    async def send(self, request):
        self.waiting = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return await self.waiting


async def connect(port):
    _, connection = await asyncio.get_running_loop().create_connection(Connection, "127.0.0.1", port)
    return connection


def request(method, path, token, body=None, headers=""):
    """The bytes of a request."""
    content = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if body is not None else ""
    if method in ("POST", "PUT", "PATCH") and body is None:
        content = "Content-Length: 0\r\n"
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n{content}{headers}\r\n"
    return head.encode() + (body or b"")


class Outcome:
    """Times of requests, and what was answered."""

    def __init__(self):
        self.seconds = []
        self.statuses = {}
        self.errors = 0
        self.took = 0.0

    @property
    def rate(self):
        return len(self.seconds) / self.took if self.took else 0

    @property
    def failures(self):
        return self.errors + sum(count for status, count in self.statuses.items() if status >= 400)


def percentile(values, share):
    """The value below which `share` of them lie."""
    if not values:
        return float("nan")
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


async def closed_loop(port, connections, seconds, make):
    """As fast as answers come: every connection sends the next request when it has the answer to the last one."""
    outcome = Outcome()
    end = time.perf_counter() + seconds

    async def work(number):
        connection = await connect(port)
        turn = 0
        while time.perf_counter() < end:
            begin = time.perf_counter()
            try:
                status, _ = await connection.send(make(number, turn))
            except OSError:
                outcome.errors += 1
                connection = await connect(port)
                continue
            outcome.seconds.append(time.perf_counter() - begin)
            outcome.statuses[status] = outcome.statuses.get(status, 0) + 1
            turn += 1
        connection.transport.close()

    begin = time.perf_counter()
    await asyncio.gather(*(work(number) for number in range(connections)))
    outcome.took = time.perf_counter() - begin
    return outcome


async def open_loop(port, connections, rate, count, make, then=None):
    """So many requests a second, whether answers come or not; the time counts from when a request was due."""
    outcome = Outcome()
    free = asyncio.Queue()
    for _ in range(connections):
        free.put_nowait(await connect(port))
    tasks = set()

    async def one(number, due):
        connection = await free.get()
        try:
            status, body = await connection.send(make(number))
            outcome.seconds.append(time.perf_counter() - due)
            outcome.statuses[status] = outcome.statuses.get(status, 0) + 1
            if then is not None:
                then(number, status, body)
            free.put_nowait(connection)
        except OSError:
            outcome.errors += 1
            free.put_nowait(await connect(port))

    begin = time.perf_counter()
    for number in range(count):
        due = begin + number / rate
        wait = due - time.perf_counter()
        if wait > 0.001:
            await asyncio.sleep(wait)
        task = asyncio.create_task(one(number, due))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    while tasks:
        await asyncio.sleep(0.005)
    outcome.took = time.perf_counter() - begin
    while not free.empty():
        connection = free.get_nowait()
        if connection.transport:
            connection.transport.close()
    return outcome

"""Many WebSocket clients in a process of their own, each of a user of its own.

    listeners.py PORT COUNT OUTPUT SECRET PREFIX

Every twentieth is a client of Python's `websockets`; the others read frames themselves, since a thousand of those would
measure Python on the cores that the services need as well. Says `ready` on standard output when all of them are live.
Takes the time of a change's arrival when its bytes are read, and when standard input ends writes user, number, time
(seconds since 1970) and kind of client to the file.
"""

import asyncio
import base64
import json
import os
import sys
import time

from websockets.asyncio.client import connect

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "hack", "lib"))
sys.dont_write_bytecode = True

from services.tokens import token  # noqa: E402

PATH = "/api/{}/sync?after=0"
EVERY = 20


class Frames(asyncio.Protocol):
    """A client of its own making: whole frames of the server, no extensions."""

    def __init__(self, user, secret, told):
        self.user = user
        self.secret = secret
        self.told = told
        self.buffer = bytearray()
        self.is_upgraded = False

    def connection_made(self, transport):
        self.transport = transport
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write((f"GET {PATH.format(self.user)} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                         f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
                         f"Authorization: Bearer {token(self.user, self.secret)}\r\n\r\n").encode())

    def data_received(self, data):
        now = time.time()
        self.buffer += data
        if not self.is_upgraded:
            end = self.buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            if not self.buffer.startswith(b"HTTP/1.1 101 "):
                self.told.failed(f"no upgrade: {bytes(self.buffer[:200])}")
            del self.buffer[:end + 4]
            self.is_upgraded = True
        while (frame := self.frame()) is not None:
            opcode, payload = frame
            if opcode == 1:
                self.told.heard(self.user, payload, now, "frames")
            elif opcode == 9:
                # A pong, masked with zeros.
                self.transport.write(bytes([0x8A, 0x80 | len(payload), 0, 0, 0, 0]) + payload)
            elif opcode == 8:
                self.told.failed(f"closed: {payload!r}")

    def frame(self):
        """Opcode and payload of the next frame, if all of it is there."""
        buffer = self.buffer
        if len(buffer) < 2:
            return None
        length, start = buffer[1] & 127, 2
        if length >= 126:
            start = 4 if length == 126 else 10
            length = int.from_bytes(buffer[2:start], "big")
        if len(buffer) < start + length:
            return None
        frame = buffer[0] & 15, bytes(buffer[start:start + length])
        del buffer[:start + length]
        return frame

    def connection_lost(self, _):
        self.told.failed("the connection was lost")


async def follow(port, user, secret, told):
    """The same with Python's `websockets`."""
    async with connect(f"ws://127.0.0.1:{port}{PATH.format(user)}",
                       additional_headers={"Authorization": f"Bearer {token(user, secret)}"}) as socket:
        async for text in socket:
            told.heard(user, text.encode(), time.time(), "websockets")
    told.failed("closed")


class Told:
    """What all clients were told."""

    def __init__(self):
        self.changes = []
        self.live = asyncio.Semaphore(0)
        self.failure = asyncio.get_running_loop().create_future()

    def heard(self, user, payload, now, kind):
        if payload.startswith(b'{"type":"task.changed"'):
            self.changes.append((user, payload, now, kind))
        elif payload.startswith(b'{"type":"live"'):
            self.live.release()

    def failed(self, why):
        if not self.failure.done():
            self.failure.set_result(why)


async def main():
    port, count, file, secret, prefix = sys.argv[1:]
    loop = asyncio.get_running_loop()
    told = Told()
    tasks = []
    for number in range(int(count)):
        user = f"{prefix}{number}"
        if number % EVERY == 0:
            tasks.append(asyncio.create_task(follow(port, user, secret, told)))
            tasks[-1].add_done_callback(lambda task: task.exception() and told.failed(repr(task.exception())))
        else:
            await loop.create_connection(lambda user=user: Frames(user, secret, told), "127.0.0.1", int(port))
        if number % 50 == 49:
            await asyncio.sleep(0.05)

    async def all_live():
        for _ in range(int(count)):
            await told.live.acquire()

    live = asyncio.create_task(all_live())
    await asyncio.wait([live, told.failure], return_when=asyncio.FIRST_COMPLETED)
    if live.done():
        print("ready", flush=True)
        end = loop.run_in_executor(None, sys.stdin.read)
        await asyncio.wait([end, told.failure], return_when=asyncio.FIRST_COMPLETED)
    with open(file, "w") as output:
        for user, payload, moment, kind in told.changes:
            output.write(f"{user} {json.loads(payload)['data']['user_seq']} {moment:.6f} {kind}\n")
    if told.failure.done():
        print(told.failure.result(), flush=True)
    # The thread that reads standard input cannot be cancelled.
    os._exit(1 if told.failure.done() else 0)


if __name__ == "__main__":
    asyncio.run(main())

"""Many WebSocket clients in a process of their own, each of a user of its own.

    listeners.py PORT COUNT OUTPUT SECRET PREFIX

Says `ready` on standard output when all of them are live, and for every change writes user, number and the time of its
arrival (seconds since 1970) to the file, until standard input ends.
"""

import asyncio
import base64
import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "hack", "lib"))
sys.dont_write_bytecode = True

from services.tokens import token  # noqa: E402


async def frame(reader):
    """The payload of the next frame and its opcode."""
    first, second = await reader.readexactly(2)
    length = second & 127
    if length >= 126:
        length = int.from_bytes(await reader.readexactly(2 if length == 126 else 8), "big")
    return first & 15, await reader.readexactly(length)


async def listen(port, user, secret, output, live):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    key = base64.b64encode(os.urandom(16)).decode()
    writer.write((f"GET /api/{user}/sync?after=0 HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                  f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
                  f"Authorization: Bearer {token(user, secret)}\r\n\r\n").encode())
    head = await reader.readuntil(b"\r\n\r\n")
    if b" 101 " not in head.split(b"\r\n")[0]:
        raise SystemExit(f"no upgrade: {head[:200]}")
    while True:
        opcode, payload = await frame(reader)
        now = time.time()
        if opcode == 9:
            # A pong, masked with zeros.
            writer.write(bytes([0x8A, 0x80 | len(payload), 0, 0, 0, 0]) + payload)
        elif opcode == 8:
            raise SystemExit(f"closed: {payload!r}")
        elif payload.startswith(b'{"type":"task.changed"'):
            output.write(f"{user} {json.loads(payload)['data']['user_seq']} {now:.6f}\n")
        elif payload.startswith(b'{"type":"live"'):
            live.release()


async def main():
    port, count, file, secret, prefix = sys.argv[1:]
    live = asyncio.Semaphore(0)
    with open(file, "a", buffering=1 << 16) as output:
        tasks = []
        for number in range(int(count)):
            tasks.append(asyncio.create_task(listen(int(port), f"{prefix}{number}", secret, output, live)))
            if number % 50 == 49:
                await asyncio.sleep(0.05)
        for _ in tasks:
            await live.acquire()
        print("ready", flush=True)
        done = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        await asyncio.wait([done, *tasks], return_when=asyncio.FIRST_COMPLETED)
        failed = [task.exception() for task in tasks if task.done() and task.exception()]
        if failed:
            print(failed[0], flush=True)
        for task in tasks:
            task.cancel()
        output.flush()
        # The thread that reads standard input cannot be cancelled.
        os._exit(1 if failed else 0)


if __name__ == "__main__":
    asyncio.run(main())

"""A WebSocket client that writes down what it hears, with the time; by Python's `websockets`."""

import json
import queue
import threading
import time

import websockets.exceptions
from websockets.sync.client import connect


class Listener:
    """Follows a user's changes in a thread of its own."""

    def __init__(self, platform, user, after=None, header=True, instance="todo-sync-0", token=None):
        url = platform.url(instance).replace("http://", "ws://") + f"/api/{user}/sync"
        if after is not None and header:
            url += f"?after={after}"
        token = token or platform.token(user)
        headers = {"Authorization": f"Bearer {token}"} if header else None
        self.messages = queue.Queue()
        self.heard = []
        self.close_code = None
        self.socket = connect(url, additional_headers=headers, open_timeout=10, max_size=2**22)
        if not header:
            self.socket.send(json.dumps({"type": "auth", "token": token}))
            self.socket.send(json.dumps({"type": "resume", **({} if after is None else {"after": after})}))
        self.thread = threading.Thread(target=self._listen, daemon=True)
        self.thread.start()

    def _listen(self):
        try:
            for text in self.socket:
                now = time.time()
                message = json.loads(text)
                self.heard.append((now, message))
                self.messages.put((now, message))
        except websockets.exceptions.ConnectionClosed:
            pass
        self.close_code = self.socket.close_code
        self.messages.put(None)

    def next(self, wanted, seconds=10):
        """(time, message) of the next one for which `wanted` holds."""
        end = time.monotonic() + seconds
        while True:
            try:
                item = self.messages.get(timeout=max(0.001, end - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"not heard within {seconds} s; heard {self.heard[-3:]}") from None
            if item is None:
                raise AssertionError(f"the connection was closed with {self.close_code}; heard {self.heard[-3:]}")
            if wanted(item[1]):
                return item

    def change(self, task_id=None, kind=None, seconds=10):
        """The next change, of this task and kind."""
        return self.next(lambda m: m["type"] == "task.changed" and task_id in (None, m["data"]["task_id"])
                         and kind in (None, m["data"]["event_type"]), seconds)

    def live(self, seconds=10):
        return self.next(lambda m: m["type"] == "live", seconds)[1]["user_seq"]

    @property
    def sequence(self):
        """The numbers of all changes that were heard, in order."""
        return [message["data"]["user_seq"] for _, message in self.heard if message["type"] == "task.changed"]

    def wait_closed(self, seconds=10):
        self.thread.join(seconds)
        return self.close_code

    def close(self):
        self.socket.close()
        self.thread.join(10)

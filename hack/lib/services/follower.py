"""A WebSocket client as its documentation wants it: resumes after its last number, whatever happens to the server."""

import json
import random
import threading
import time

from websockets.exceptions import InvalidStatus, WebSocketException
from websockets.sync.client import connect


class Follower(threading.Thread):
    """Keeps the numbers of all changes in the order in which they came."""

    def __init__(self, platform, user, start=0):
        super().__init__(daemon=True)
        self.urls = [platform.url(name).replace("http://", "ws://") for name in platform.instances("sync")]
        self.user = user
        self.token = platform.token(user)
        self.numbers = []
        self.start_at = start
        self.connections = 0
        self.resets = 0
        self.is_over = threading.Event()
        self.failure = None

    @property
    def last(self):
        return self.numbers[-1] if self.numbers else self.start_at

    def run(self):
        while not self.is_over.is_set():
            try:
                url = f"{random.choice(self.urls)}/api/{self.user}/sync?after={self.last}"
                with connect(url, additional_headers={"Authorization": f"Bearer {self.token}"}, open_timeout=5) as socket:
                    self.connections += 1
                    while not self.is_over.is_set():
                        try:
                            message = json.loads(socket.recv(timeout=0.5))
                        except TimeoutError:
                            continue
                        if message["type"] == "task.changed":
                            self.numbers.append(message["data"]["user_seq"])
                        elif message["type"] == "reset":
                            self.resets += 1
            except InvalidStatus as problem:
                if problem.response.status_code < 500 and problem.response.status_code != 429:
                    self.failure = problem
                    return
                time.sleep(0.3)
            except (OSError, WebSocketException, TimeoutError):
                time.sleep(0.2)

"""A small HTTP client for JSON, that keeps its connection."""

import http.client
import json
import urllib.parse


class Answer:
    """Status, headers and body of an answer."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self):
        return json.loads(self.body) if self.body else None

    def __repr__(self):
        return f"{self.status} {self.body[:300]!r}"


class Client:
    """Requests of one user. Not for several threads at once."""

    def __init__(self, url, user=None, token=None, timeout=10):
        self.url = urllib.parse.urlsplit(url)
        self.user = user
        self.token = token
        self.timeout = timeout
        self.connection = None

    def __call__(self, method, path, body=None, headers=None):
        """Path: from the root, or from the user's own, without a slash in front."""
        if not path.startswith("/"):
            path = f"/api/{urllib.parse.quote(self.user, safe='')}/{path}"
        headers = dict(headers or {})
        if self.token:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        fresh = self.connection is None
        try:
            return self._send(method, path, body, headers)
        except (http.client.HTTPException, OSError):
            self.close()
            # A connection that was kept may have been closed meanwhile; nothing was answered on it.
            if fresh or method not in ("GET", "HEAD"):
                raise
            return self._send(method, path, body, headers)

    def _send(self, method, path, body, headers):
        if self.connection is None:
            self.connection = http.client.HTTPConnection(self.url.hostname, self.url.port, timeout=self.timeout)
        self.connection.request(method, path, body, headers)
        response = self.connection.getresponse()
        content = response.read()
        if response.getheader("connection", "").lower() == "close":
            self.close()
        return Answer(response.status, response.headers, content)

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None

"""JSON Web Tokens for development: HS256 with the platform's secret."""

import base64
import hashlib
import hmac
import json
import time

AUDIENCE = "todo"


def _part(value):
    return base64.urlsafe_b64encode(value).rstrip(b"=")


def token(user, secret, seconds=30 * 24 * 3600, **claims):
    """A token of `user`, good for `seconds`; `claims` are added or, with None, left out."""
    now = int(time.time())
    payload = {"sub": user, "aud": AUDIENCE, "iat": now, "exp": now + seconds, **claims}
    payload = {name: value for name, value in payload.items() if value is not None}
    text = b".".join(_part(json.dumps(part, separators=(",", ":")).encode())
                     for part in ({"alg": "HS256", "typ": "JWT"}, payload))
    return (text + b"." + _part(hmac.new(secret.encode(), text, hashlib.sha256).digest())).decode()

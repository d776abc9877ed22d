#!/usr/bin/env python3
"""Writes tokens.json: tokens that PyJWT and cryptography made, for the verifier to be held against.

Usage: make-tokens.py > tokens.json   (needs the packages pyjwt and cryptography)

The private keys are made anew each time and kept nowhere.
"""
import base64
import hashlib
import hmac
import json

import jwt
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

NOW = 1772438400  # 2026-03-02T08:00:00Z
SECRET = "a secret of the platform that is long enough, 0123456789"
GOOD = {"sub": "user-7", "iss": "https://issuer.example", "aud": "todo", "iat": NOW - 60, "exp": NOW + 3600}


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def by_hand(header, claims, key=SECRET.encode(), sign=None):
    text = b64(json.dumps(header).encode()) + "." + b64(json.dumps(claims).encode())
    signature = sign(text.encode()) if sign else hmac.new(key, text.encode(), hashlib.sha256).digest()
    return text + "." + b64(signature)


def with_claims(**changes):
    claims = {**GOOD, **changes}
    return {k: v for k, v in claims.items() if v is not None}


rsa1, rsa2 = (rsa.generate_private_key(65537, 2048) for _ in range(2))
small = rsa.generate_private_key(65537, 1024)
ec1, ec2 = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
ec384 = ec.generate_private_key(ec.SECP384R1())
ed1 = ed25519.Ed25519PrivateKey.generate()


def jwk(algorithm, key, kid, **more):
    return {**json.loads(algorithm.to_jwk(key.public_key())), "kid": kid, **more}


def strip(key):
    return {k: v for k, v in key.items() if k != "key_ops"}


keys = [
    strip(jwk(RSAAlgorithm, rsa1, "rsa-1", use="sig", alg="RS256")),
    strip(jwk(ECAlgorithm, ec1, "ec-1")),
    jwk(OKPAlgorithm, ed1, "ed-1", use="sig", key_ops=["verify"]),
    strip(jwk(RSAAlgorithm, rsa2, "rsa-encryption", use="enc")),
    strip(jwk(RSAAlgorithm, rsa2, "rsa-other-alg", alg="RS512")),
    strip(jwk(RSAAlgorithm, small, "rsa-small")),
    strip(jwk(ECAlgorithm, ec384, "ec-384")),
    {"kty": "oct", "kid": "secret-in-public", "k": b64(SECRET.encode())},
    strip(jwk(ECAlgorithm, ec1, "twice")),
    strip(jwk(ECAlgorithm, ec2, "twice")),
]
rotated = [strip(jwk(RSAAlgorithm, rsa1, "rsa-1")), strip(jwk(RSAAlgorithm, rsa2, "rsa-2"))]
without_old = [strip(jwk(RSAAlgorithm, rsa2, "rsa-2"))]

pem = rsa1.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def token(claims=None, key=SECRET, algorithm="HS256", **headers):
    return jwt.encode(claims or GOOD, key, algorithm=algorithm, headers=headers)


hs = token()
es = token(key=ec1, algorithm="ES256", kid="ec-1")
head, body, signature = es.split(".")
der = ec1.sign((head + "." + body).encode(), ec.ECDSA(hashes.SHA256()))

accepted = {
    "HS256 by the secret": hs,
    "RS256 by a published key": token(key=rsa1, algorithm="RS256", kid="rsa-1"),
    "ES256 by a published key": es,
    "EdDSA by a published key": token(key=ed1, algorithm="EdDSA", kid="ed-1"),
    "one of several audiences": token(with_claims(aud=["other", "todo"])),
    "just expired, within the leeway": token(with_claims(exp=NOW - 29)),
    "valid in a moment, within the leeway": token(with_claims(nbf=NOW + 29)),
    "an instant with a fraction": token(with_claims(exp=NOW + 10.5)),
    "type of an access token": token(typ="at+jwt"),
    "for the user by a client": token(with_claims(act={"sub": "agent-1", "kind": "mcp"})),
}
refused = {
    "expired": ("token_expired", token(with_claims(exp=NOW - 31))),
    "not valid yet": ("token_early", token(with_claims(nbf=NOW + 31))),
    "issued in the future": ("token_early", token(with_claims(iat=NOW + 3600))),
    "another issuer": ("token_issuer", token(with_claims(iss="https://evil.example"))),
    "no issuer": ("token_issuer", token(with_claims(iss=None))),
    "another audience": ("token_audience", token(with_claims(aud="other"))),
    "no audience": ("token_audience", token(with_claims(aud=None))),
    "never expires": ("malformed_token", token(with_claims(exp=None))),
    "expires in words": ("malformed_token", by_hand({"alg": "HS256"}, with_claims(exp="tomorrow"))),
    "expires beyond all time": ("malformed_token", by_hand({"alg": "HS256"}, with_claims(exp=1e300))),
    "no user": ("token_subject", token(with_claims(sub=None))),
    "an empty user": ("token_subject", token(with_claims(sub=""))),
    "a user that is a number": ("token_subject", by_hand({"alg": "HS256"}, with_claims(sub=7))),
    "a user with a line feed": ("token_subject", token(with_claims(sub="user\n7"))),
    "a user that is too long": ("token_subject", token(with_claims(sub="u" * 129))),
    "another secret": ("token_signature", token(key="another secret that is long enough, 0123456789")),
    "unsigned": ("token_algorithm", by_hand({"alg": "none", "typ": "JWT"}, GOOD, sign=lambda _: b"")),
    "unsigned, in other letters": ("token_algorithm", by_hand({"alg": "NoNe"}, GOOD, sign=lambda _: b"")),
    "unsigned, with a signature": ("token_algorithm", by_hand({"alg": "none"}, GOOD)),
    "signed with nothing": ("token_algorithm", by_hand({"alg": "HS256"}, GOOD, sign=lambda _: b"")),
    "no algorithm": ("malformed_token", by_hand({"typ": "JWT"}, GOOD)),
    "the public key taken for a secret": ("token_signature", by_hand({"alg": "HS256", "kid": "rsa-1"}, GOOD, key=pem)),
    "a key's own text taken for a secret": (
        "token_signature", by_hand({"alg": "HS256", "kid": "ec-1"}, GOOD, key=json.dumps(keys[1]).encode())),
    "HS256 with a published secret": ("token_key", by_hand({"alg": "ES256", "kid": "secret-in-public"}, GOOD)),
    "RS256 by a curve's key": ("token_algorithm", token(key=rsa1, algorithm="RS256", kid="ec-1")),
    "ES256 by an RSA key": ("token_algorithm", token(key=ec1, algorithm="ES256", kid="rsa-1")),
    "RS256 by another key of that name": ("token_signature", token(key=rsa2, algorithm="RS256", kid="rsa-1")),
    "RS512": ("token_algorithm", token(key=rsa1, algorithm="RS512", kid="rsa-1")),
    "PS256": ("token_algorithm", token(key=rsa1, algorithm="PS256", kid="rsa-1")),
    "HS512": ("token_algorithm", token(key=SECRET + SECRET, algorithm="HS512")),
    "no key named": ("token_key", token(key=rsa1, algorithm="RS256")),
    "an unknown key": ("token_key", token(key=rsa1, algorithm="RS256", kid="rsa-9")),
    "a key for encryption": ("token_key", token(key=rsa2, algorithm="RS256", kid="rsa-encryption")),
    "a key for another algorithm": ("token_key", token(key=rsa2, algorithm="RS256", kid="rsa-other-alg")),
    "a key that is too short": ("token_key", token(key=small, algorithm="RS256", kid="rsa-small")),
    "a key of another curve": ("token_key", by_hand({"alg": "ES256", "kid": "ec-384"}, GOOD)),
    "two keys of one name": ("token_key", token(key=ec1, algorithm="ES256", kid="twice")),
    "a key id that is a number": ("malformed_token", by_hand({"alg": "RS256", "kid": 1}, GOOD)),
    "a key id that is too long": ("malformed_token", by_hand({"alg": "RS256", "kid": "k" * 300}, GOOD)),
    "an extension that must be understood": ("malformed_token", by_hand({"alg": "HS256", "crit": ["b64"], "b64": False}, GOOD)),
    "another type": ("malformed_token", by_hand({"alg": "HS256", "typ": "logout+jwt"}, GOOD)),
    "a signature in DER": ("token_signature", head + "." + body + "." + b64(der)),
    "altered claims": ("token_signature", hs.split(".")[0] + "." + b64(json.dumps(with_claims(sub="user-8")).encode()) + "." + hs.split(".")[2]),
    "a signature cut short": ("token_signature", hs[:-3]),
    "four parts": ("malformed_token", hs + ".x"),
    "five parts, encrypted": ("malformed_token", "e30.e30.e30.e30.e30"),
    "two parts": ("malformed_token", ".".join(hs.split(".")[:2])),
    "padding": ("malformed_token", hs + "="),
    "other letters of base64": ("malformed_token", hs[:-1] + "+"),
    "claims that are a list": ("malformed_token", by_hand({"alg": "HS256"}, [])),
    "claims that are no JSON": ("malformed_token", hs.split(".")[0] + "." + b64(b"{") + "." + hs.split(".")[2]),
    "too long": ("malformed_token", token(with_claims(note="x" * 9000))),
    "nothing": ("malformed_token", ""),
}

print(json.dumps({
    "now": NOW, "secret": SECRET, "issuer": GOOD["iss"], "audience": GOOD["aud"],
    "keys": {"keys": keys}, "rotated": {"keys": rotated}, "without_old": {"keys": without_old},
    "new_key_token": token(key=rsa2, algorithm="RS256", kid="rsa-2"),
    "accepted": [{"name": n, "token": t} for n, t in accepted.items()],
    "refused": [{"name": n, "code": c, "token": t} for n, (c, t) in refused.items()],
}, indent=1))

"""A small OpenID Connect issuer for the tests: says what a real one says, and lies where it is told to."""

from __future__ import annotations

import json
import threading
import time
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

CLIENT, SECRET = "accord", "a secret of the client"


@cache
def new_key(_which: int = 0) -> RSAKey:
    """A key; made once, since that takes a while."""
    return RSAKey.generate_key(2048, {"use": "sig"}, auto_kid=True)


class Issuer:
    """One issuer and the last person who signed in there."""

    def __init__(self) -> None:
        self.key = new_key()
        self.signs_with: Any = self.key
        self.header: dict[str, Any] = {}
        self.claims: dict[str, Any] = {}  # instead of the true ones; None = left out
        self.said: dict[str, Any] = {}  # of itself, instead of what is true
        self.codes: dict[str, dict[str, str]] = {}
        self.status = 200
        self.url = ""
        self.asked: list[str] = []

    def code(self, address: str) -> str:
        """Somebody signs in at the address the browser was sent to; the code that comes back."""
        asked = {name: value for name, (value, *_) in parse_qs(urlsplit(address).query).items()}
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        return code

    def metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
            **self.said,
        }

    def token(self, form: dict[str, str], authorization: str) -> dict[str, Any]:
        asked = self.codes.pop(form["code"])  # once
        assert form["redirect_uri"] == asked["redirect_uri"]
        challenge = urlsafe_b64encode(sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        assert challenge == asked["code_challenge"]
        assert b64decode(authorization.removeprefix("Basic ")).decode() == f"{CLIENT}:{SECRET}"
        now = int(time.time())
        claims = {
            "iss": self.url, "sub": "248289", "aud": CLIENT, "exp": now + 300, "iat": now, "nonce": asked["nonce"],
            "email": "Anna@Halden.example", "email_verified": True, **self.claims,
        }  # fmt: skip
        left = {name: value for name, value in claims.items() if value is not None}
        header = {"alg": "RS256", "kid": self.key.kid, **self.header}
        if header["alg"] == "none":
            parts = [
                urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=").decode() for one in (header, left)
            ]
            return {"id_token": ".".join([*parts, ""])}
        return {"id_token": jwt.encode(header, left, self.signs_with, algorithms=[header["alg"]])}

    def with_shared_secret(self) -> None:
        """Sign with what everybody can read: the public key, taken for a shared secret."""
        self.header = {"alg": "HS256"}
        self.signs_with = OctKey.import_key(str(self.key.as_dict(private=False)["n"]))


@contextmanager
def issuer() -> Iterator[Issuer]:
    """An issuer that answers."""
    made = Issuer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked.append(self.path)
            if self.path == "/keys":
                self._say({"keys": [made.key.as_dict(private=False)]})
            else:
                self._say(made.metadata())

        def do_POST(self) -> None:
            made.asked.append(self.path)
            sent = self.rfile.read(int(self.headers["content-length"])).decode()
            form = {name: value for name, (value, *_) in parse_qs(sent).items()}
            try:
                self._say(made.token(form, self.headers.get("authorization", "")))
            except (AssertionError, KeyError):
                self._say({"error": "invalid_grant"}, 400)

        def _say(self, value: dict[str, Any], status: int = 0) -> None:
            body = json.dumps(value).encode()
            self.send_response(status or made.status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_said: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

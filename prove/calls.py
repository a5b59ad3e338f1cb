"""How does a caller speak to a server? One request at a time on a connection of its own, in as few steps as can be."""

from __future__ import annotations

import http.client
import socket
import time
from urllib.parse import urlsplit

import msgspec


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What came back."""

    status: int
    body: bytes
    is_repeat: bool  # it was answered before, says the server
    process: str  # which process answered: the first part of its request ids
    retry_after_seconds: int | None
    seconds: float


def processes_of(address: str, secret: str, count: int, *, seconds: float = 60.0) -> list[str]:
    """The processes of a server, as they call themselves, once so many are there. Raises: RuntimeError when they are not."""
    seen: set[str] = set()
    give_up_at = time.monotonic() + seconds
    while time.monotonic() < give_up_at:
        caller = Caller(address, secret)
        seen.add(caller.get("/v1/health").process)
        caller.close()
        if len(seen) == count:
            return sorted(seen)
        time.sleep(0.005)
    raise RuntimeError(f"{len(seen)} of {count} processes answered within {seconds:.0f} s")


class Caller:
    """One caller with one connection; opened again when the server has closed it."""

    def __init__(self, address: str, secret: str, *, timeout: float = 60.0) -> None:
        parts = urlsplit(address)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout)
        self._headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}

    def connect(self) -> None:
        """Open the connection before it matters."""
        self._connection.connect()
        assert self._connection.sock is not None
        self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def post(self, path: str, key: str, body: object) -> Reply:
        """Raises: OSError or http.client.HTTPException when no whole reply came."""
        return self._say("POST", path, {"Idempotency-Key": key}, msgspec.json.encode(body))

    def get(self, path: str) -> Reply:
        """Raises: as above."""
        return self._say("GET", path, {}, None)

    def _say(self, method: str, path: str, headers: dict[str, str], body: bytes | None) -> Reply:
        began = time.perf_counter()
        try:
            if self._connection.sock is None:
                self.connect()
            self._connection.request(method, path, body, {**self._headers, **headers})
            response = self._connection.getresponse()
            if not response.headers.get("Content-Length", "").isdigit():
                raise http.client.BadStatusLine("the head of the reply was cut")
            content = response.read()
        except BaseException:
            self._connection.close()
            raise
        later = response.headers.get("Retry-After")
        return Reply(
            status=response.status,
            body=content,
            is_repeat=response.headers.get("Idempotent-Replayed") == "true",
            process=response.headers.get("X-Request-Id", "")[4:20],
            retry_after_seconds=int(later) if later else None,
            seconds=time.perf_counter() - began,
        )

    def reach(self, process: str) -> bool:
        """Connect anew until this process of a server with several answers; False when it does not in 200 tries."""
        for _ in range(200):
            if self.get("/v1/health").process == process:
                return True
            self.close()
        return False

    def close(self) -> None:
        self._connection.close()

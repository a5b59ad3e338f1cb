"""The process that calls over HTTP: many keep-alive connections, each with one request under way.

Written on bare sockets of the event loop: a client library costs more for a request than the server does, and would be
what is measured. It reads jobs from standard input and writes a sample for each to standard output, as JSON lines.
"""

from __future__ import annotations

import asyncio
import sys
import time
from typing import cast

import msgspec
import uvloop

from bench.measure import Sample, sample
from bench.world import Asker, World


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One load."""

    port: int
    path: str
    secret: str
    world: World
    name: str
    is_hot: bool
    clients: int
    seconds: float
    status: int  # every answer must have it
    orders: int = 0  # a call of the batch door has so many; 0 = the route takes one order alone


class Failed(msgspec.Struct, frozen=True, tag=True):
    """An answer was not what it should be."""

    detail: str


class Load:
    """What the connections of one load share."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.asker = Asker(job.world, job.name, is_hot=job.is_hot)
        self.head = (
            f"POST {job.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {job.secret}\r\n"
            "Content-Type: application/json\r\nIdempotency-Key: %s\r\nContent-Length: %d\r\n\r\n"
        )
        self.status_line = f"HTTP/1.1 {job.status} ".encode()
        self.waits: list[float] = []
        self.reply_bytes = 0
        self.wrong = ""
        self.left = job.clients
        self.is_over = asyncio.Event()
        self.ends_at = time.perf_counter() + job.seconds

    def message(self) -> bytes:
        """The next request as it goes over the wire."""
        orders = self.job.orders
        id, body = self.asker.bulk(orders) if orders else self.asker.body()
        return (self.head % (id, len(body))).encode() + body

    def is_wrong(self, received: bytes) -> bool:
        """Whether an answer is not what it must be."""
        if not received.startswith(self.status_line):
            return True
        return self.job.orders > 0 and received.count(b'"status":201') != self.job.orders

    def one_is_done(self) -> None:
        """A connection makes no further request."""
        self.left -= 1
        if self.left == 0:
            self.is_over.set()


class Caller(asyncio.Protocol):
    """One connection with one request under way."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._received = b""
        self._asked_at = 0.0
        self._is_done = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for `ask`: all begin together."""
        self._transport = cast(asyncio.Transport, transport)

    def ask(self) -> None:
        """Send the next request."""
        assert self._transport is not None
        self._asked_at = time.perf_counter()
        self._transport.write(self._load.message())

    def data_received(self, data: bytes) -> None:
        """Wait for the whole answer, count it, go on."""
        received = self._received = self._received + data if self._received else data
        ends = received.find(b"\r\n\r\n")
        if ends < 0:
            return
        at = received.lower().index(b"content-length: ", 0, ends) + 16
        size = ends + 4 + int(received[at : received.index(b"\r\n", at)])
        if len(received) < size:
            return
        load = self._load
        now = time.perf_counter()
        load.waits.append(now - self._asked_at)
        load.reply_bytes += size
        self._received = b""
        if load.is_wrong(received):
            load.wrong = load.wrong or received.decode(errors="replace")[:2_000]
        if now < load.ends_at and not load.wrong:
            self.ask()
        else:
            self._done()

    def connection_lost(self, error: Exception | None) -> None:
        """The server closed it, which it should not."""
        if not self._is_done:
            self._load.wrong = self._load.wrong or f"the connection was lost: {error}"
            self._done()

    def _done(self) -> None:
        self._is_done = True
        self._load.one_is_done()
        assert self._transport is not None
        self._transport.close()


async def run(job: Job) -> Sample | Failed:
    """One load from its first request to its last answer."""
    load = Load(job)
    loop = asyncio.get_running_loop()
    callers = []
    for _ in range(job.clients):
        _, caller = await loop.create_connection(lambda: Caller(load), "127.0.0.1", job.port)
        callers.append(caller)
    began = time.perf_counter()
    load.ends_at = began + job.seconds
    for caller in callers:
        caller.ask()
    await load.is_over.wait()
    if load.wrong:
        return Failed(f"{job.path} with {job.clients} clients: {load.wrong}")
    taken = time.perf_counter() - began
    found = sample(load.waits, taken, reply_bytes=load.reply_bytes // len(load.waits))
    return msgspec.structs.replace(found, count=found.count * max(1, job.orders))


def main() -> int:
    """Do the jobs that come in, one after the other."""
    for line in sys.stdin:
        job = msgspec.json.decode(line, type=Job)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            done = runner.run(run(job))
        sys.stdout.write(msgspec.json.encode(done).decode() + "\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""How are orders placed over HTTP, whoever answers? One client for all: keep-alive where the server allows it.

An order is a generator: it yields the requests that it takes, one after the other, is sent each answer, and returns
whether the order was promised.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Generator

import msgspec
import uvloop

from bench.callers import NotPromised
from bench.measure import Sample, sample


class Answer(msgspec.Struct, frozen=True):
    """What a server said."""

    status: int
    body: bytes


Order = Generator[bytes, Answer, bool]


def message(port: int, path: str, body: bytes, **headers: str) -> bytes:
    """A POST as it goes over the wire; `_` in the name of a header stands for `-`."""
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n{more}"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def call(port: int, order: Callable[[], Order], *, clients: int, seconds: float) -> Sample:
    """So many callers for so long, each with one order under way. Raises: NotPromised."""
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(_call(port, order, clients, seconds))
    except* Exception as several:  # noqa: BLE001 - said in the words of the first
        raise several.exceptions[0] from None


async def _call(port: int, order: Callable[[], Order], clients: int, seconds: float) -> Sample:
    waits: list[float] = []
    began = time.perf_counter()

    async def caller() -> None:
        line = _Line(port)
        try:
            while not waits or time.perf_counter() - began < seconds:
                begun = time.perf_counter()
                await _place(line, order())
                waits.append(time.perf_counter() - begun)
        finally:
            line.close()

    async with asyncio.TaskGroup() as group:
        for _ in range(clients):
            group.create_task(caller())
    return sample(waits, time.perf_counter() - began)


async def _place(line: _Line, order: Order) -> None:
    asked = next(order)
    while True:
        answer = await line.ask(asked)
        try:
            asked = order.send(answer)
        except StopIteration as done:
            if not done.value:
                raise NotPromised(
                    f"an order was not promised: {answer.status} {answer.body[:300].decode(errors='replace')}"
                ) from None
            return


class _Line:
    """One connection, made anew when the server closes it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._ends: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, asked: bytes) -> Answer:
        """One request and its answer."""
        if self._ends is None:
            self._ends = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._ends
        writer.write(asked)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        lines = head.split(b"\r\n")
        headers = dict(one.split(b": ", 1) for one in lines[1:] if b": " in one)
        size = headers.get(b"content-length")
        body = await (reader.read() if size is None else reader.readexactly(int(size)))
        # HTTP/1.0 closes where nothing is said, 1.1 stays.
        kept = b"close" if lines[0].startswith(b"http/1.0") else b"keep-alive"
        if size is None or headers.get(b"connection", kept) == b"close":
            self.close()
        return Answer(int(lines[0].split()[1]), body)

    def close(self) -> None:
        """Hang up."""
        if self._ends is not None:
            self._ends[1].close()
            self._ends = None

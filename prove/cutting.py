"""What does a bad network do? It loses requests and replies, cuts them in the middle, and sends them twice.

A proxy between callers and one server. Each connection carries one request, whose fate is decided by chance; whatever the
server answered is kept, also where nobody heard it.
"""

from __future__ import annotations

import asyncio
import random
import re
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple
from urllib.parse import urlsplit

# What becomes of a request, and how often.
FATES: dict[str, int] = {
    "whole": 40,
    "lost": 10,  # the request never reaches the server
    "half a request": 5,
    "hurried away": 8,  # the connection is closed while the server works
    "unheard": 17,  # the server answered, nobody hears it
    "torn": 12,  # the reply is cut somewhere
    "doubled": 8,  # it reaches the server twice at once
}
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_KEY = re.compile(rb"\r\nidempotency-key: *([^\r]+)", re.IGNORECASE)


class Heard(NamedTuple):
    """One reply of the server."""

    status: int
    body: bytes
    is_repeat: bool


class Network:
    """What was done to requests, and every reply by its request's key; shared by the proxies of one run."""

    def __init__(self) -> None:
        self.fates: Counter[str] = Counter()
        self.heard: dict[str, list[Heard]] = defaultdict(list)


class _Proxy:
    def __init__(self, upstream: str, network: Network, chance: random.Random) -> None:
        parts = urlsplit(upstream)
        self._upstream = (parts.hostname or "", parts.port or 0)
        self._network = network
        self._chance = chance

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                request = await _message(reader)
                (fate,) = self._chance.choices(list(FATES), list(FATES.values()))
                self._network.fates[fate] += 1
                await self._meet(fate, request, writer)
        finally:
            writer.close()

    async def _meet(self, fate: str, request: bytes, writer: asyncio.StreamWriter) -> None:
        if fate == "lost":
            return
        if fate == "half a request":
            await self._send(request[: len(request) // 2], waits=False)
            return
        if fate == "hurried away":
            await self._send(request, waits=False)
            return
        if fate == "doubled":
            _other, reply = await asyncio.gather(self._send(request), self._send(request))
        else:
            reply = await self._send(request)
        if fate == "unheard":
            return
        if fate == "torn":
            reply = reply[: self._chance.randrange(1, len(reply))]
        writer.write(reply)
        await writer.drain()

    async def _send(self, request: bytes, *, waits: bool = True) -> bytes:
        reader, writer = await asyncio.open_connection(*self._upstream)
        try:
            writer.write(request)
            await writer.drain()
            if not waits:
                await asyncio.sleep(self._chance.choice((0, 0.002, 0.01)))
                return b""
            reply = await _message(reader)
        finally:
            writer.close()
        head, _, body = reply.partition(b"\r\n\r\n")
        key = _KEY.search(request)
        assert key is not None
        self._network.heard[key[1].decode()].append(
            Heard(int(head.split()[1]), body, b"idempotent-replayed: true" in head.lower())
        )
        return reply


async def _message(reader: asyncio.StreamReader) -> bytes:
    """Head and body of a request or reply."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = _LENGTH.search(head)
    return head + (await reader.readexactly(int(length[1])) if length else b"")


@contextmanager
def bad_network(servers: list[str], network: Network, seed: int) -> Iterator[list[str]]:
    """The addresses of proxies before these servers."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def start() -> list[asyncio.Server]:
        proxies = [_Proxy(one, network, random.Random(f"{seed} {n}")) for n, one in enumerate(servers)]
        return [await asyncio.start_server(one.handle, "127.0.0.1", 0, backlog=1_024) for one in proxies]

    async def stop(started: list[asyncio.Server]) -> None:
        for one in started:
            one.close()
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    started = asyncio.run_coroutine_threadsafe(start(), loop).result()
    try:
        yield [f"http://127.0.0.1:{one.sockets[0].getsockname()[1]}" for one in started]
    finally:
        asyncio.run_coroutine_threadsafe(stop(started), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()

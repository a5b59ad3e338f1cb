"""How does somebody hear of a notice while a page is open?

By server-sent events. One look a second at the database for all who listen in this process, whichever process wrote: two
numbers that change when anybody may have something new; only then each listener's own state is read. What is sent is that
state, not a difference, so that whoever was away has missed nothing: a listener that comes back with the id of what it saw last
hears nothing until there is something else.

A server that ends must not wait for those who listen, so they are let go as soon as it is told to. They are no more than
`LISTENERS_MAX` in a process; whoever comes then asks again later.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any

import msgspec
import structlog

from accord.db.engine import Database
from accord.db.tx import Tx
from accord.kit.errors import Unavailable
from accord.kit.who import Who
from accord.policy import service as policy
from accord.policy.decide.act import actor_of
from accord.web.notices import kept
from accord.web.notices.kept import Reader
from accord.web.notices.said import said

_LOG = structlog.get_logger("accord.web")

LISTENERS_MAX = 256
LOOK_SECONDS = 1.0
HEARTBEAT_SECONDS = 20.0  # something is sent at least so often, or what lies between gives the connection up
RETRY_MS = 3_000  # after which a browser comes back
_SHOWN = 3


class State(msgspec.Struct, frozen=True, kw_only=True):
    """What the bell shows."""

    id: str  # of this state: the same when nothing changed
    new: int
    latest: list[dict[str, str]]


def reader_of(tx: Tx, who: Who) -> Reader:
    """What a caller is told: as himself, and in the roles that he has by sign-in or by the decision rights."""
    if who.is_open:
        return Reader(who.actor, (), sees_all=True)
    rights = policy.book(tx).rights
    roles = {*who.roles, *(actor_of(rights, who.actor).roles if rights is not None else ())}
    return kept.reader(who.actor, sorted(roles))


def state(db: Database, who: Who) -> State:
    """What is new for a caller."""
    with db.read() as tx:
        found, now = kept.new(tx, reader_of(tx, who)), tx.now()
    latest = [said(one, now) for one in found[:_SHOWN]]
    tag = sha256("|".join(f"{one.id}:{one.changed_at}" for one in found).encode()).hexdigest()[:16]
    return State(
        id=tag,
        new=len(found),
        latest=[{"id": one.id, "tone": one.tone, "sentence": one.sentence} for one in latest],
    )


def is_stopping() -> bool:
    """Whether the server of this process was told to end.

    The server has taken the signals over, so it is found as who handles them; it has no other way to say so before it waits for
    open connections.
    """
    server = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
    return bool(getattr(server, "should_exit", False))


class Pulse:
    """The look at the database that all listeners of a process share."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._listeners: set[asyncio.Event] = set()
        self._looking: asyncio.Task[None] | None = None
        self._is_over = False

    @property
    def listeners(self) -> int:
        """How many listen."""
        return len(self._listeners)

    async def once(self, who: Who) -> State:
        """What is new for a caller now."""
        return await asyncio.to_thread(state, self._db, who)

    async def listen(self, who: Who, last_id: str) -> AsyncIterator[bytes]:
        """The states of one caller, as they are sent. Raises: Unavailable when too many listen already."""
        if len(self._listeners) >= LISTENERS_MAX:
            raise Unavailable(
                "Too many pages are open on this server to tell each at once. They ask every half minute instead.",
                retry_after_seconds=30,
            )
        return self._told(who, last_id)

    async def _told(self, who: Who, last_id: str) -> AsyncIterator[bytes]:
        woken = asyncio.Event()
        woken.set()
        self._listeners.add(woken)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        sent_at = time.monotonic()
        try:
            yield f"retry: {RETRY_MS}\n\n".encode()
            while not self._is_over:
                if woken.is_set():
                    woken.clear()
                    now = await asyncio.to_thread(state, self._db, who)
                    if now.id != last_id:
                        last_id, sent_at = now.id, time.monotonic()
                        yield f"id: {now.id}\ndata: ".encode() + msgspec.json.encode(now) + b"\n\n"
                elif time.monotonic() - sent_at >= HEARTBEAT_SECONDS:
                    sent_at = time.monotonic()
                    yield b": still here\n\n"
                try:
                    await asyncio.wait_for(woken.wait(), HEARTBEAT_SECONDS)
                except TimeoutError:
                    continue
        finally:
            self._listeners.discard(woken)

    async def _look(self) -> None:
        """Wake all when something changed; end when nobody listens."""
        known: Any = None
        while self._listeners:
            if is_stopping():
                self.end()
                return
            try:
                now = await asyncio.to_thread(self._pulse)
            except Exception as error:  # noqa: BLE001 - the database may be away for a while; the listeners stay
                _LOG.warning("pulse_failed", error=str(error))
            else:
                if now != known:
                    known = now
                    self._wake()
            await asyncio.sleep(LOOK_SECONDS)

    def _pulse(self) -> tuple[int, ...]:
        with self._db.read() as tx:
            return kept.pulse(tx)

    def _wake(self) -> None:
        for one in self._listeners:
            one.set()

    def end(self) -> None:
        """Let everybody go."""
        self._is_over = True
        self._wake()

"""Overload: ten times as many callers as it takes to keep the server busy. Is as much done as before, and is the rest told when to come back?"""

from __future__ import annotations

import asyncio
import random
import re
import statistics
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from accord.db.engine import Database
from accord.exceptions.model import Counted, MasterStated, News
from accord.exceptions.service import supply_changed
from accord.kit.days import iso, local_day
from accord.ledger.model import Item, Site
from accord.promise.service import verify
from accord.web.people import keys
from accord.web.server.serving import holder
from prove.grounds import fresh, opened, serving, showing
from prove.model import Outcome, Piece, Say, Sizes

CALLERS = 32  # who keep the server busy
TIMES = 10
SHARE_MIN = 80  # percent of what was done at the peak
PATIENCE = 5  # times the usual wait; then a caller goes away and begins anew
GROWTH_MAX = 25  # percent of memory ...
GROWTH_BYTES = 80 << 20  # ... and what SQLite keeps of a file that grows: 64 MB of pages
WARM_SECONDS, PEAK_SECONDS, OVER_SECONDS = 1.0, 5.0, 10.0
_NO_END = 60.0  # seconds of patience
_ITEMS = 50
_JUDGED_FROM_SECONDS = 30  # in a shorter run nothing is said about speed: a shared machine stalls at will
_STATUS = re.compile(rb"HTTP/1.1 (\d+)")
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_LATER = re.compile(rb"\r\nretry-after: *(\d+)", re.IGNORECASE)


class _Crowd:
    """Callers who each send one order after another for some time."""

    def __init__(self, address: str, secret: str, bodies: list[bytes], name: str, patience: float) -> None:
        parts = urlsplit(address)
        self._host, self._port = parts.hostname or "", parts.port or 0
        self._secret = secret
        self._bodies = bodies
        self._name = name
        self._patience = patience
        self.waits: list[float] = []
        self.counts: Counter[str] = Counter()
        self.failures: list[str] = []

    def last(self, callers: int, seconds: float) -> None:
        """So many callers for so long; `waits` has an entry for each order that was promised in time."""
        asyncio.run(self._last(callers, seconds))

    async def _last(self, callers: int, seconds: float) -> None:
        until = time.monotonic() + seconds
        await asyncio.gather(*(self._call(number, until) for number in range(callers)))

    async def _call(self, number: int, until: float) -> None:
        chance = random.Random(f"{self._name} {number}")
        streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        count = 0
        await asyncio.sleep(chance.random() * 0.2)
        while time.monotonic() < until:
            count += 1
            began = time.monotonic()
            try:
                async with asyncio.timeout(self._patience):
                    if streams is None:
                        streams = await asyncio.open_connection(self._host, self._port)
                    head = await self._ask(*streams, f"{self._name}-{number}-{count}", chance)
            except (TimeoutError, OSError, asyncio.IncompleteReadError) as error:
                self.counts["gave up waiting" if isinstance(error, TimeoutError) else "lost"] += 1
                if streams is not None:
                    streams[1].close()
                streams = None
                continue
            await self._heard(head, began, until, chance)
        if streams is not None:
            streams[1].close()

    async def _ask(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, key: str, chance: random.Random
    ) -> bytes:
        body = chance.choice(self._bodies)
        writer.write(
            b"POST /v1/promises HTTP/1.1\r\nHost: accord\r\nContent-Type: application/json\r\n"
            b"Authorization: Bearer %b\r\nIdempotency-Key: %b\r\nContent-Length: %d\r\n\r\n%b"
            % (self._secret.encode(), key.encode(), len(body), body)
        )
        head = await reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        await reader.readexactly(int(length[1]) if length else 0)
        return head

    async def _heard(self, head: bytes, began: float, until: float, chance: random.Random) -> None:
        found = _STATUS.match(head)
        status = int(found[1]) if found else 0
        later = _LATER.search(head)
        now = time.monotonic()
        if status == 201:
            if now < until:
                self.waits.append(now - began)
        elif status in (429, 503) and later is not None:
            self.counts[f"told to come back ({status})"] += 1
            await asyncio.sleep(min(int(later[1]) * (1 + 0.5 * chance.random()), max(0.0, until - now)))
        else:
            self.failures.append(f"answered with {head[:200]!r}")


def _run(seconds: int, seed: int, say: Say, without: str = "short queue") -> Outcome:
    """The usual callers and the crowd take turns, so that whatever else the machine does befalls both."""
    usual, crowd = _Sum(), _Sum()
    before = after = 0
    with fresh("sqlite") as url:
        with opened(url) as db:
            bodies = _company(db)
            secret = keys.add(db, "shop", ["promise"]).secret
        with serving(url, without=without) as address:
            known = holder(Path(url.removeprefix("sqlite:///")))
            assert known is not None

            def last(name: str, callers: int, span: float, patience: float) -> _Crowd:
                some = _Crowd(address, secret, bodies, f"{name}-{seed}-{usual.seconds}", patience)
                some.last(callers, span)
                return some

            last("warm", CALLERS, WARM_SECONDS, _NO_END)
            while crowd.seconds < seconds:
                span = min(OVER_SECONDS, seconds - crowd.seconds)
                few = last("usual", CALLERS, min(PEAK_SECONDS, span), _NO_END)
                usual.add(few, min(PEAK_SECONDS, span))
                before = before or _memory(known.pid)
                wait = statistics.median(few.waits)
                crowd.add(last("crowd", CALLERS * TIMES, span, PATIENCE * wait), span)
                after = _memory(known.pid)
                say(
                    f"  {usual.rate:.0f} a second by {CALLERS} callers, {crowd.rate:.0f} by {CALLERS * TIMES}"
                )
        with opened(url) as db:
            found = [f"{one.key}: {one.what}" for one in verify(db).findings]
    failures = [*usual.failures[:5], *crowd.failures[:5], *found]
    if not crowd.counts["told to come back (503)"]:
        failures.append(f"nobody was told to come back; {dict(crowd.counts)}")
    share = round(100 * crowd.rate / usual.rate)
    if share < SHARE_MIN and seconds >= _JUDGED_FROM_SECONDS:
        failures.append(
            f"{crowd.rate:.0f} orders a second were promised in time, {share} % of the usual {usual.rate:.0f}"
        )
    if after > before * (1 + GROWTH_MAX / 100) + GROWTH_BYTES:
        failures.append(f"memory grew from {before >> 20} to {after >> 20} MB")
    facts = {
        f"promised in time to {CALLERS} callers": usual.done,
        f"in seconds of {CALLERS} callers": round(usual.seconds),
        f"promised in time to {CALLERS * TIMES} callers": crowd.done,
        f"in seconds of {CALLERS * TIMES} callers": round(crowd.seconds),
        "MB before": before >> 20,
        "MB after": after >> 20,
    }
    return Outcome(
        count=seconds, failures=tuple(f"seed {seed}: {one}" for one in failures), facts=facts | crowd.counts
    )


class _Sum:
    """What several turns of the same callers came to."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.done = 0
        self.counts: Counter[str] = Counter()
        self.failures: list[str] = []

    @property
    def rate(self) -> float:
        return self.done / self.seconds

    def add(self, turn: _Crowd, seconds: float) -> None:
        self.seconds += seconds
        self.done += len(turn.waits)
        self.counts += turn.counts
        self.failures += turn.failures


def _company(db: Database) -> list[bytes]:
    """The orders that are sent; there is enough of everything."""
    with db.read() as tx:
        now = tx.now()
    news: list[News] = [MasterStated(record=Site(id="Halden", name="Halden"))]
    for n in range(_ITEMS):
        news.append(MasterStated(record=Item(id=f"pump-{n}", name=f"Pump {n}")))
        news.append(Counted(item=f"pump-{n}", site="Halden", quantity=10**9, as_of=now))
    supply_changed(db, news, actor="erp", id="company")
    on = iso(local_day(now, "UTC") + 3)
    return [
        msgspec.json.encode({"lines": [{"item": f"pump-{n}", "quantity": "1", "requested_on": on}]})
        for n in range(_ITEMS)
    ]


def _memory(pid: int) -> int:
    """Bytes that a process and its children have in memory."""
    total = 0
    pids = [pid]
    while pids:
        one = pids.pop()
        with suppress(OSError):
            status = Path(f"/proc/{one}/status").read_text()
            total += int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) << 10  # type: ignore[index]
            pids += map(int, Path(f"/proc/{one}/task/{one}/children").read_text().split())
    return total


def _unbounded(seed: int, say: Say) -> Outcome:
    return showing(_run(2, seed, say, "bound"), "nobody was told to come back")


PIECES = (
    Piece(
        id="R19-overload",
        claim=f"With {TIMES} times the callers at least {SHARE_MIN} % as many orders a second are promised as at the peak, in time; the rest is told when to come back; memory stays as it is.",
        fault=f"{CALLERS * TIMES} callers at once on one server of a file, who go away and begin anew when they wait {PATIENCE} times as long as usual. The queue is as short for them as the one of 4,096 is for tens of thousands.",
        unit="seconds",
        sizes=Sizes(test=2, prove=60, release=300),
        chunk=300,
        run=_run,
        control=_unbounded,
        control_words="The queue has no bound: everybody is let in, and nearly everybody waits in vain.",
        is_slow=True,
        not_covered="The callers share the machine with the server.",
    ),
)

"""What survives when PostgreSQL crashes under load, and how soon does everybody get answers again?"""

from __future__ import annotations

import random
import threading
import time
from contextlib import ExitStack
from typing import Any

import sqlalchemy as sa
from tests import postgres

from accord.db.engine import Database
from accord.db.migrations import upgrade
from accord.kit.errors import AccordError, Unavailable
from accord.web.people import keys
from prove import company, grounds, served
from prove import postgres as crashing
from prove.calls import Caller
from prove.client import Answer, Client, Op, Send, judge, one, send_all
from prove.model import Outcome, Piece, Say, Sizes

CLIENTS = 4
LIFE_SECONDS = (0.1, 0.6)  # from when everybody has an answer until the next crash
HEALTHY_SECONDS_MAX = 5.0
CRASHES_OF_CONTROL = 1


class _Caller:
    """One client, who tries again after every 503."""

    def __init__(self, send: Send, client: Client) -> None:
        self._send, self.client = send, client
        self.answers = 0
        self.not_now = 0
        self.wrong: list[str] = []

    def live(self, stop: threading.Event) -> None:
        """Go on until told to stop, and then until there is an answer."""
        while not self.wrong and (not stop.is_set() or self.client.is_waiting):
            try:
                self.client.heard(self._send(self.client.op()))
                self.answers += 1
            except Unavailable:
                self.not_now += 1
                time.sleep(0.02)
            except AccordError as error:
                self.wrong.append(
                    f"{self.client.op().id}: {error.status}: {type(error).__name__}: {error.detail}"
                )
            except Exception as error:  # noqa: BLE001 - whatever it is, a caller must not see it
                self.wrong.append(f"{self.client.op().id}: {type(error).__name__}: {error}")


def _through_services(db: Database) -> Send:
    return lambda op: one(db, op)


def _over_http(address: str, secret: str, open_callers: list[Caller]) -> Send:
    caller = Caller(address, secret)
    open_callers.append(caller)

    def send(op: Op) -> Answer:
        path, body = served.posted(op)
        reply = caller.post(path, op.id, body)
        if reply.status == 503:
            if reply.retry_after_seconds is None:
                raise AccordError("a 503 does not say when to try again")
            raise Unavailable(f"{reply.body!r}")
        return served.answer_in(op, reply)

    return send


def _crashed(crashes: int, seed: int, say: Say, *, is_lazy: bool = False, is_served: bool = False) -> Outcome:
    chance = random.Random(seed)
    waits: list[float] = []
    with ExitStack() as stack:
        server = stack.enter_context(crashing.server(crashing.LAZY if is_lazy else crashing.SAFE))
        postgres.create_database(server.url, "accord")
        url = postgres.on_database(server.url, "accord")
        db = stack.enter_context(grounds.opened(url))
        if is_lazy:
            _make_lazy(db)
        upgrade(db)
        today = company.begin(db)
        sends = [_through_services(db)] * CLIENTS
        if is_served:
            secret = keys.add(db, company.ACTOR, ["promise", "supply"]).secret
            address = stack.enter_context(grounds.serving(url))
            open_callers: list[Caller] = []
            sends = [_over_http(address, secret, open_callers) for _ in range(CLIENTS)]
            for caller in open_callers:
                stack.callback(caller.close)
        if is_lazy:
            server.say("stop")  # the company itself is to stay
            server.say("start")
        callers = [
            _Caller(send, Client(f"c{n}", random.Random(f"{seed} {n}"), today))
            for n, send in enumerate(sends)
        ]
        wrong = _live(server, callers, crashes, chance, waits)
        if not wrong:
            again = send_all(sends[0]) if is_served else None
            with grounds.opened(
                url
            ) as fresh:  # the pool may hold connections that are dead and not known to be
                wrong = judge(fresh, [caller.client for caller in callers], again=again)
    acknowledged = sum(len(caller.client.answered) for caller in callers)
    not_now = sum(caller.not_now for caller in callers)
    worst = max(waits, default=0.0)
    say(f"  {len(waits)} crashes, {acknowledged:,} acknowledged, healthy again in {worst:.2f} s at worst")
    return Outcome(
        count=len(waits),
        failures=tuple(f"seed {seed}: {words}" for words in wrong[:20]),
        facts={
            "acknowledged": acknowledged,
            "answered with 503": not_now,
            "healthy_ms_max": round(worst * 1_000),
        },
    )


def _live(
    server: crashing.Server, callers: list[_Caller], crashes: int, chance: random.Random, waits: list[float]
) -> list[str]:
    """Crash it so often under the callers; what went wrong. `waits`: seconds until each was answered again."""
    stop = threading.Event()
    threads = [threading.Thread(target=caller.live, args=(stop,)) for caller in callers]
    wrong: list[str] = []
    for thread in threads:
        thread.start()
    try:
        for number in range(crashes):
            _wait_for_answers(callers, 30.0)
            time.sleep(chance.uniform(*LIFE_SECONDS))
            chance.choice((server.kill, server.crash))()
            waits.append(_wait_for_answers(callers, 30.0))
            if waits[-1] > HEALTHY_SECONDS_MAX:
                wrong.append(
                    f"crash {number}: not everybody was answered {waits[-1]:.1f} s after the server was back"
                )
    except RuntimeError as error:
        wrong.append(str(error))
        for caller in callers:
            caller.wrong.append("there is no server any more")
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    return wrong + [words for caller in callers for words in caller.wrong]


def _wait_for_answers(callers: list[_Caller], seconds: float) -> float:
    """Until each caller has a new answer; how long that took."""
    began = time.monotonic()
    before = [caller.answers for caller in callers]
    while time.monotonic() - began < seconds:
        if all(caller.answers > had or caller.wrong for caller, had in zip(callers, before, strict=True)):
            break
        time.sleep(0.005)
    return time.monotonic() - began


def _make_lazy(db: Database) -> None:
    """Take the guard away: commits are confirmed before they are on the disk."""

    def lazy(driver: Any, _record: object) -> None:
        driver.autocommit = True
        driver.execute("SET synchronous_commit = off")
        driver.autocommit = False

    sa.event.listen(db._writer, "connect", lazy)
    db._writer.dispose()


def _piece(id: str, where: str, *, is_served: bool) -> Piece:
    return Piece(
        id=id,
        claim=(
            "When PostgreSQL crashes under load callers see 503 or their answer and nothing acknowledged is lost; "
            "5 s after it is back everybody is answered."
        ),
        fault=(
            f"Four clients promise {where}. All processes of PostgreSQL get SIGKILL, or it is stopped at once (pg_ctl stop -m immediate), "
            "and it is started again; clients repeat what was answered with 503. The time from when it takes connections to the "
            "answer of the last of the four is a fact, the worst of all."
        ),
        unit="crashes",
        sizes=Sizes(test=1, prove=100, release=1_000),
        chunk=25,
        run=lambda count, seed, say: _crashed(count, seed, say, is_served=is_served),
        control=lambda seed, say: _crashed(CRASHES_OF_CONTROL, seed, say, is_lazy=True),
        control_words="Commits are confirmed before they are on the disk (synchronous_commit=off).",
        is_slow=True,
        not_covered="The operating system goes on: what was written and not synced is not lost here.",
    )


PIECES = (
    _piece("R7-postgresql", "through the services, on one pool", is_served=False),
    _piece("R7-postgresql-served", "over HTTP, from one `accord serve`", is_served=True),
)

"""What happens when several act at once, replies are lost, processes die and clocks are wrong, in a simulated life."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from unittest import mock

import msgspec

from accord.db.engine import Database
from accord.ledger.service.books import Book
from accord.promise.model import Request, Verb, Verdict
from accord.promise.service import batch
from accord.simulation.between import BETWEEN
from accord.simulation.life import Life
from accord.simulation.weather import Weather

A_DAY_SECONDS = 86_400


class Died(BaseException):
    """The process is gone at this point: nothing of the product may catch it."""


class Crowd:
    """Others beside the one whose life it is."""

    def __init__(self, life: Life, weather: Weather) -> None:
        self.life = life
        self.weather = weather

    # --- several at once ---

    def somebody(self, what: str, wanted: Sequence[Request]) -> None:
        """Who comes in between, wanting the same."""
        life, chance = self.life, self.life.chance
        if what == "graph":
            self.weather.less_capacity()
            return
        if what == "repeat":
            life.send_again(wanted)
            return
        lines = next((one.lines for one in wanted if one.lines), ())
        if not lines or chance.random() < 0.2:
            life.cancel()
            return
        verb = chance.choice((Verb.hold, Verb.commit, Verb.commit))
        life.promise_one(Request(id=life.next_id(), verb=verb, lines=lines[:2], accept="best"))

    def meanwhile(self) -> None:
        """Somebody else's whole operation comes in between the transactions of one request."""
        real = Database.write
        places = [0, self.life.chance.choice((1, 1, 2, 3))]

        @contextmanager
        def write(db: Database) -> Iterator[Any]:
            places[0] += 1
            if places[0] == places[1]:
                BETWEEN.meet("request", (request,))
            with real(db) as tx:
                yield tx

        request = self.life.some_request()
        with mock.patch.object(Database, "write", write):
            self.life.promise_one(request)

    def rush(self) -> None:
        """Several want at once what one of them could have: one of them gets it."""
        life = self.life
        question = life.some_request(verb=Verb.ask, accept="requested")
        question = msgspec.structs.replace(question, lines=question.lines[:1], may_split=None)
        offer = life.promise_one(question)
        if offer is None or offer.verdict is not Verdict.yes:
            return
        buyers = [
            msgspec.structs.replace(question, id=life.next_id(), verb=Verb.commit)
            for _ in range(life.chance.randint(2, 5))
        ]
        answers = life.promise_all(buyers)
        if all(answer is None or answer.promise is None for answer in answers):
            life.wrong("rush", buyers[0].id, f"{len(buyers)} wanted what one could have, and nobody got it")

    # --- what is lost ---

    def lost(self) -> None:
        """The process dies under way, or the reply is lost after the commit; the client sends the same again."""
        life, chance = self.life, self.life.chance
        requests = [life.some_request() for _ in range(chance.choice((1, 1, 3)))]
        where = chance.choice(("write", "commit", "reply"))
        with _dying(where):
            try:
                life.send(requests)
            except Died:
                life.counts[f"died at {where}"] += 1
        before = life.heads()
        first = life.promise_all(requests)
        if where == "reply" and len(requests) == 1 and life.heads() != before and first[0] is not None:
            # A deeper look is a second transaction: the first one, which was durable, kept nothing.
            life.counts["died between its transactions"] += 1
        if life.send_again(requests) != first:
            life.wrong(
                "once", requests[0].id, f"was answered in two ways after the process died at its {where}"
            )

    # --- clocks ---

    def clock_jumps(self) -> None:
        """The application's clock is off by up to a day either way from now on; the store's goes on as it did."""
        chance = self.life.chance
        self.life.ops += 1
        self.life.clock.set_app(
            chance.choice((0, 60, -60, 3_600, chance.randint(-A_DAY_SECONDS, A_DAY_SECONDS)))
        )


@contextmanager
def _dying(where: str) -> Iterator[None]:
    """Inside, the process dies: before the ledger is written, at the commit, or after it."""
    transacted = vars(batch)["_transacted"]

    def no_write(_book: Book, _tx: Any) -> None:
        raise Died

    def no_commit(_db: Database, _connection: Any) -> None:
        raise Died

    def no_reply(*args: Any, **named: Any) -> None:
        transacted(*args, **named)
        raise Died

    patches: dict[str, AbstractContextManager[Any]] = {
        "write": mock.patch.object(Book, "write", no_write),
        "commit": mock.patch.object(Database, "_commit", no_commit),
        "reply": mock.patch.object(batch, "_transacted", no_reply),
    }
    with patches[where]:
        yield

"""The last unit, over HTTP: of many who want it at the same moment one gets it, and nobody is sent away because of another."""

from __future__ import annotations

import random
import threading
from collections import Counter

import msgspec

from accord.db.engine import Database
from accord.exceptions.model import Counted, MasterStated, News, ReceiptStated
from accord.exceptions.service import supply_changed
from accord.kit.days import Day, iso, local_day
from accord.ledger.model import Item, Site, SupplyKind
from accord.promise.service import verify
from accord.web.people import keys
from prove.calls import Caller, Reply, processes_of
from prove.grounds import fresh, opened, serving, showing
from prove.model import Outcome, Piece, Say, Sizes

CONTENDERS = 64
PROCESSES = 4  # two where it is only tried a little: they take seconds to start
LATER_DAYS = 14  # when there is more: what the losers are offered
_STEPS_MS = (50, 100, 250, 500, 1_000, 5_000)


def _run(engine: str, processes: int, rounds: int, seed: int, say: Say, without: str = "") -> Outcome:
    chance = random.Random(seed)
    with fresh(engine) as url:
        with opened(url) as db:
            today = _company(db, rounds)
            secret = keys.add(db, "shop", ["promise"]).secret
        with serving(url, "--processes", str(processes), without=without) as address:
            game = _Game(address, secret, today, chance, processes_of(address, secret, processes))
            failures, replies = game.play(rounds, say)
            reached = len({reply.process for reply in replies})
        with opened(url) as db:
            failures += _ledger(db, rounds)
    facts = Counter({"answers": len(replies), "processes that answered": reached})
    for step in _STEPS_MS:
        facts[f"answered within {step:,} ms"] = sum(reply.seconds * 1_000 <= step for reply in replies)
    if reached < processes:
        failures.append(f"seed {seed}: only {reached} of {processes} processes answered")
    return Outcome(count=rounds, failures=tuple(failures), facts=dict(facts))


def _company(db: Database, rounds: int) -> Day:
    """One item a round, with one unit there and more in two weeks."""
    with db.read() as tx:
        now = tx.now()
    today = local_day(now, "UTC")
    news: list[News] = [MasterStated(record=Site(id="Halden", name="Halden"))]
    for n in range(rounds):
        item = f"pump-{n}"
        news.append(MasterStated(record=Item(id=item, name=item)))
        news.append(Counted(item=item, site="Halden", quantity=1, as_of=now))
        news.append(
            ReceiptStated(
                item=item, site="Halden", id=f"po-{n}", kind=SupplyKind.purchase, quantity=1_000,
                due_on=today + LATER_DAYS, ref=f"PO {n}",
            )
        )  # fmt: skip
    supply_changed(db, news, actor="erp", id="company")
    return today


class _Game:
    """The contenders, each with a connection of its own, who meet anew for every round."""

    def __init__(
        self, address: str, secret: str, today: Day, chance: random.Random, processes: list[str]
    ) -> None:
        self._callers = [Caller(address, secret) for _ in range(CONTENDERS)]
        for number, caller in enumerate(self._callers):
            caller.reach(processes[number % len(processes)])
        self._today = today
        self._chance = chance
        self._ready = threading.Barrier(CONTENDERS + 1, timeout=120)
        self._done = threading.Barrier(CONTENDERS + 1, timeout=120)
        self._orders: list[tuple[str, object]] = []
        self._answers: list[Reply | Exception | None] = [None] * CONTENDERS

    def play(self, rounds: int, say: Say) -> tuple[list[str], list[Reply]]:
        threads = [threading.Thread(target=self._contend, args=(n, rounds)) for n in range(CONTENDERS)]
        for thread in threads:
            thread.start()
        failures: list[str] = []
        replies: list[Reply] = []
        for number in range(rounds):
            self._orders = [self._order(number, contender) for contender in range(CONTENDERS)]
            self._ready.wait()
            self._done.wait()
            failures += [f"round {number}: {words}" for words in _wrong(self._answers)]
            replies += [answer for answer in self._answers if isinstance(answer, Reply)]
            if number % 100 == 99:
                say(f"  {number + 1:,} rounds, {len(failures)} failures")
        for thread in threads:
            thread.join()
        return failures, replies

    def _contend(self, number: int, rounds: int) -> None:
        caller = self._callers[number]
        for _ in range(rounds):
            self._ready.wait()
            key, body = self._orders[number]
            try:
                self._answers[number] = caller.post("/v1/promises", key, body)
            except Exception as error:  # noqa: BLE001 - whatever it is, the round is lost
                self._answers[number] = error
            self._done.wait()
        caller.close()

    def _order(self, number: int, contender: int) -> tuple[str, object]:
        verb = self._chance.choice(("commit", "commit", "hold"))
        on = iso(self._today + self._chance.randint(2, LATER_DAYS - 2))
        line = {"item": f"pump-{number}", "quantity": "1", "requested_on": on}
        return f"c-{number}-{contender}", {"verb": verb, "lines": [line]}


def _wrong(answers: list[Reply | Exception | None]) -> list[str]:
    """What is wrong with the answers of a round."""
    found = [f"no answer: {one!r}" for one in answers if not isinstance(one, Reply)]
    replies = [one for one in answers if isinstance(one, Reply)]
    winners = sum(one.status == 201 for one in replies)
    if winners != 1:
        found.append(f"{winners} got the last unit")
    for one in replies:
        if one.status not in (201, 409):
            found.append(f"status {one.status}: {one.body[:200].decode(errors='replace')}")
        elif one.status == 409:
            problem = msgspec.json.decode(one.body)
            if not problem.get("options"):
                found.append(f"{problem.get('code')} without an option")
            if problem["code"] == "changed_meanwhile":
                found.append("sent away because of another")
    return found


def _ledger(db: Database, rounds: int) -> list[str]:
    """What is wrong with what the ledger then holds: one promise an item, and nothing that does not add up."""
    with db.read() as tx:
        # Draws on hand, by node: one of one unit each.
        drawn = dict(tx.rows("SELECT key, sum(quantity) FROM ledger_draw WHERE version_to IS NULL GROUP BY key"))  # fmt: skip
    found = [f"{key}: {quantity} drawn of 1" for key, quantity in sorted(drawn.items()) if quantity != 1]
    if len(drawn) != rounds:
        found.append(f"{len(drawn)} of {rounds} items were drawn from")
    return found + [f"{one.key}: {one.what}: {one.detail}" for one in verify(db).findings]


def _four(count: int, seed: int, say: Say) -> Outcome:
    return _run("postgresql", PROCESSES if count >= 10 else 2, count, seed, say)


def _file(count: int, seed: int, say: Say) -> Outcome:
    return _run("sqlite", 1, count, seed, say)


def _four_without_lock(seed: int, say: Say) -> Outcome:
    return showing(_run("postgresql", 2, 1, seed, say, "lock"), "drawn of 1", "got the last unit")


def _file_without_look(seed: int, say: Say) -> Outcome:
    return showing(_run("sqlite", 1, 1, seed, say, "look"), "drawn of 1", "got the last unit")


PIECES = (
    Piece(
        id="R2-processes",
        claim="Of 64 who want the last unit at once, over HTTP and four processes on PostgreSQL, one gets it; each other is told what could be had instead.",
        fault="64 callers on connections of their own send at the same moment, anew for each of many items with one unit left.",
        unit="rounds",
        sizes=Sizes(test=3, prove=500, release=10_000),
        chunk=500,
        run=_four,
        control=_four_without_lock,
        control_words="The rows that are read are not locked.",
        is_slow=True,
    ),
    Piece(
        id="R2-file",
        claim="The same holds for the one process that serves a file.",
        fault="The same 64 callers.",
        unit="rounds",
        sizes=Sizes(test=3, prove=500, release=10_000),
        chunk=500,
        run=_file,
        control=_file_without_look,
        control_words="The decision does not look at what is left, the gate lets everything pass, and the database's CHECK is told that all is well.",
    ),
)

"""Who asks while everything breaks? A client that repeats what was not answered and remembers what was."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable

import msgspec

from accord.db.engine import Database
from accord.exceptions.model import Outcome, ReceiptStated
from accord.exceptions.service import supply_changed
from accord.kit.days import Day
from accord.kit.digest import canonical
from accord.kit.errors import AccordError
from accord.promise import said
from accord.promise import service as promises
from accord.promise.model import Decision, Line, Request, Verb
from accord.simulation.auditor.judge import Auditor
from prove import company


class Told(msgspec.Struct, frozen=True, tag=True):
    """Supply news that a client sends."""

    id: str
    news: tuple[ReceiptStated, ...]


class Asked(msgspec.Struct, frozen=True, tag=True):
    """A request that a client sends."""

    request: Request

    @property
    def id(self) -> str:
        return self.request.id


Op = Told | Asked
Send = Callable[[Op], "Answer"]  # raises what the op is answered with


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came back for one op."""

    id: str
    proof: bytes  # the same when the op is repeated
    decision: str = ""  # its id
    promise: str | None = None  # which promise it made or changed; None when it did nothing


class Client:
    """One client: one op under way at a time, each with an id of its own."""

    def __init__(self, name: str, chance: random.Random, today: Day, *, tells: bool = True) -> None:
        self.name = name
        self.answered: dict[str, tuple[Op, Answer]] = {}
        self.latest: dict[str, tuple[str, str]] = {}  # of each promise: its state and its latest decision
        self._chance = chance
        self.today = today
        self._tells = tells
        self._number = 0
        self._open: Op | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether something was sent and not answered."""
        return self._open is not None

    def op(self) -> Op:
        """What to send: what was not answered, else something new."""
        if self._open is None:
            self._number += 1
            self._open = self._next(f"{self.name}-{self._number}")
        return self._open

    def heard(self, answer: Answer) -> None:
        """The answer to the op under way."""
        assert self._open is not None
        assert self._open.id == answer.id
        op, self._open = self._open, None
        self.answered[op.id] = (op, answer)
        if isinstance(op, Asked) and answer.promise is not None:
            state = self.latest.get(answer.promise, ("", ""))[0]
            verb = op.request.verb
            after = {
                Verb.hold: "held",
                Verb.commit: "committed",
                Verb.release: "released",
                Verb.cancel: "cancelled",
            }
            self.latest[answer.promise] = (after.get(verb, state), answer.decision)

    def sends(self, op: Op, answer: Answer) -> Answer:
        """An op of the caller's choice, with its answer."""
        self._open = op
        self.heard(answer)
        return answer

    def copy(self) -> Client:
        """Another client with the same memory."""
        other = Client(self.name, self._chance, self.today, tells=self._tells)
        other.answered, other.latest = dict(self.answered), dict(self.latest)
        return other

    def _next(self, id: str) -> Op:
        chance = self._chance
        held = [name for name, (state, _) in self.latest.items() if state == "held"]
        committed = [name for name, (state, _) in self.latest.items() if state == "committed"]
        verb = chance.choice(("commit", "commit", "commit", "hold", "hold", "harden", "renew", "amend", "amend", "release", "cancel", "news"))  # fmt: skip
        if verb == "news" and self._tells:
            item = chance.choice(company.ITEMS)
            news = company.receipt(
                f"po-{id}", item, chance.randint(1, 40), self.today + chance.randint(1, 20)
            )
            return Told(id, (news,))
        if verb in ("harden", "renew", "release") and held:
            named = {"harden": Verb.commit, "renew": Verb.hold, "release": Verb.release}[verb]
            return Asked(Request(id=id, verb=named, promise=chance.choice(held)))
        if verb == "cancel" and committed:
            return Asked(Request(id=id, verb=Verb.cancel, promise=chance.choice(committed)))
        lines = tuple(self._line() for _ in range(chance.choice((1, 1, 2, 4))))
        if verb == "amend" and held + committed:
            about = chance.choice(held + committed)
            return Asked(Request(id=id, verb=Verb.amend, promise=about, lines=lines, accept="best"))
        made = Verb.hold if verb == "hold" else Verb.commit
        customer = chance.choice(company.CUSTOMERS)
        return Asked(Request(id=id, verb=made, customer=customer, lines=lines, accept="best"))

    def _line(self) -> Line:
        return Line(
            item=self._chance.choice(company.ITEMS),
            quantity=self._chance.randint(1, 12),
            requested_on=self.today + self._chance.randint(0, 20),
        )


# --- the doors, called in this process ---


def decided(answer: Decision) -> Answer:
    """A decision as the client remembers it."""
    return Answer(
        id=answer.request.id,
        proof=canonical(answer),
        decision=answer.id,
        promise=answer.promise if said.is_done(answer) else None,
    )


def told(id: str, outcome: Outcome) -> Answer:
    """What came of news, as the client remembers it."""
    return Answer(id=id, proof=canonical(outcome))


def call(db: Database, ops: Iterable[Op]) -> list[Answer | AccordError]:
    """Send ops through the services, the requests among them in one call; an answer or error for each, in some order.

    Raises: Unavailable when news could not be taken.
    """
    ops = list(ops)
    asked = [op.request for op in ops if isinstance(op, Asked)]
    answers = promises.promise(db, asked, actor=company.ACTOR) if asked else []
    found: list[Answer | AccordError] = [
        decided(answer) if isinstance(answer, Decision) else answer for answer in answers
    ]
    for op in ops:
        if isinstance(op, Told):
            found.append(told(op.id, supply_changed(db, list(op.news), actor=company.ACTOR, id=op.id)))
    return found


def one(db: Database, op: Op) -> Answer:
    """Send one op. Raises what it is answered with."""
    answer = call(db, [op])[0]
    if isinstance(answer, AccordError):
        raise answer
    return answer


def send_all(send: Send) -> Callable[[list[Op]], list[Answer | AccordError]]:
    """Many ops by a way that sends one: an answer or error for each."""

    def all_of(ops: list[Op]) -> list[Answer | AccordError]:
        found: list[Answer | AccordError] = []
        for op in ops:
            try:
                found.append(send(op))
            except AccordError as error:
                found.append(error)
        return found

    return all_of


# --- the end ---


def judge(
    db: Database,
    clients: Iterable[Client],
    *,
    again: Callable[[list[Op]], list[Answer | AccordError]] | None = None,
) -> list[str]:
    """What is wrong at the end: everything that was acknowledged must be there once, with the same answer, and no more.

    Every client must have its answers. `again` sends ops as the clients did, an answer or error for each, in any order.
    """
    clients = list(clients)
    wrong = _once_more(clients, again or (lambda ops: call(db, ops)))
    acknowledged = {id for c in clients for id, (op, _) in c.answered.items() if isinstance(op, Asked)}
    latest = {id: said for c in clients for id, said in c.latest.items()}
    with db.read() as tx:
        if db.dialect == "sqlite":
            wrong += [
                f"integrity_check: {row[0]}" for row in tx.rows("PRAGMA integrity_check") if row[0] != "ok"
            ]
        # Everything that was ever decided.
        made = Counter(id for (id,) in tx.rows("SELECT request_id FROM decision"))
        # Every promise as it is now.
        kept = {id: (state, decision) for id, state, decision in tx.rows("SELECT id, state, decision FROM promise WHERE in_force")}  # fmt: skip
    wrong += [f"request {id} was decided {times} times" for id, times in sorted(made.items()) if times > 1]
    wrong += [
        f"request {id} was decided and its client has no answer" for id in sorted(made.keys() - acknowledged)
    ]
    for id in sorted(kept.keys() | latest.keys()):
        if kept.get(id) != latest.get(id):
            wrong.append(f"promise {id} is {kept.get(id)}, its client was told {latest.get(id)}")
    wrong += [f"verify: {one.key}: {one.what}: {one.detail}" for one in promises.verify(db).findings]
    with db.read() as tx:
        now = tx.now()
    wrong += [
        f"auditor: {v.rule}: {v.subject}: {v.detail}" for v in Auditor(db, lambda: now).audit(whole=True)
    ]
    return wrong


def _once_more(clients: list[Client], again: Callable[[list[Op]], list[Answer | AccordError]]) -> list[str]:
    wrong = []
    known = {id: both for client in clients for id, both in client.answered.items()}
    ops = [op for op, _ in known.values()]
    for start in range(0, len(ops), 50):
        for answer in again(ops[start : start + 50]):
            if isinstance(answer, AccordError):
                wrong.append(f"what was acknowledged is now answered with {answer.code}: {answer.detail}")
            elif answer.proof != known[answer.id][1].proof:
                before = known[answer.id][1].decision or "news"
                wrong.append(
                    f"{answer.id} was acknowledged as {before} and is now {answer.decision or 'other'}"
                )
    return wrong

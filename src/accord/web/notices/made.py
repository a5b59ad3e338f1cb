"""How does what happened become notices?

A job reads the events along, in their order, and remembers in the same transaction how far it came: nothing is told twice,
and nothing is left out when a process dies. What is to be said later, before a hold ends, waits as a timer and is looked
at once more when its moment comes: a hold that was committed meanwhile does not end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from accord.db import events
from accord.db.engine import Database, retrying
from accord.db.events import Event
from accord.db.tx import Tx
from accord.kit.days import iso
from accord.kit.errors import NotFound
from accord.ledger.model import OpenException, State
from accord.ledger.service import reads as ledger
from accord.promise import service as promise
from accord.promise.api.catalogue import Catalogue, catalogue
from accord.promise.model import Approval, Decision, Line, Promise, PromiseLine
from accord.web.notices import kept, said
from accord.web.notices.kept import Subject, Timer, Wish

_ROUNDS_MAX = 1_000  # of one run; what is left then is for the next one
_EVENTS = 500  # a round
_HOUR = 3_600_000_000
_OLD = 7 * 24 * _HOUR  # what happened before that is no news
KEPT_DAYS = 90

_Step = Callable[[Tx], None]


class _Fact(msgspec.Struct, frozen=True):
    """What an event about a promise says."""

    actor: str = ""
    promise: str | None = None
    decision: str = ""
    approval: str | None = None


def is_needed(db: Database) -> bool:
    """Whether something happened since, or a moment has come."""
    with db.read() as tx:
        return events.last(tx) > kept.mark(tx) or bool(kept.due(tx, 1))


def notify(db: Database) -> int:
    """Tell people what happened, until all of it was looked at; how many events and moments."""
    done = 0
    for _round in range(_ROUNDS_MAX):
        more = _notify(db)
        if not more:
            break
        done += more
    return done


def prune(db: Database) -> int:
    """Forget what was told a quarter ago; how much."""
    return retrying(db, lambda tx: kept.prune(tx, tx.now() - KEPT_DAYS * 24 * _HOUR))


def _notify(db: Database) -> int:
    with db.read() as tx:
        now, last = tx.now(), kept.mark(tx)
        found = events.after(tx, max(last, events.forgotten(tx)), _EVENTS)
        due = kept.due(tx, _EVENTS)
    if not found and not due:
        return 0
    looked = _Looked(db, found, due)
    steps = [step for event in found if event.at > now - _OLD for step in looked.steps(event)]

    def work(tx: Tx) -> int:
        if kept.locked_mark(tx) != last:
            return 0  # another process was faster; what is left is found again
        for step in steps:
            step(tx)
        for timer in due:
            if kept.drop_timer(tx, timer):
                looked.came(tx, timer)
        if found:
            kept.set_mark(tx, found[-1].position)
        return len(found) + len(due)

    return retrying(db, work)


class _Looked:
    """What must be known to say in words what happened: read before anything is written."""

    def __init__(self, db: Database, found: Sequence[Event], due: Sequence[Timer]) -> None:
        self._db = db
        self._catalogue: Catalogue | None = None
        self._facts = {e.id: msgspec.json.decode(e.body, type=_Fact) for e in found if not _is_exception(e)}
        self._exceptions = {
            e.id: msgspec.json.decode(e.body, type=OpenException) for e in found if _is_exception(e)
        }
        with db.read() as tx:
            commitments = sorted({one.commitment for one in self._exceptions.values()})
            self._of_commitment = ledger.promises_of_commitments(tx, commitments) if commitments else {}
            wanted = {fact.promise for fact in self._facts.values() if fact.promise}
            wanted |= set(self._of_commitment.values()) | {one.subject for one in due}
            self._promises = promise.promises_named(tx, sorted(wanted))

    def steps(self, event: Event) -> list[_Step]:
        """What is to be written because of one event."""
        if _is_exception(event):
            return self._covered(event.topic, self._exceptions[event.id])
        fact = self._facts[event.id]
        steps: list[_Step] = []
        if event.topic == "ApprovalAsked":
            steps += self._asked(fact)
        elif event.topic in ("ApprovalGiven", "ApprovalDeclined"):
            steps += self._decided(fact)
        elif event.topic == "PromiseRefused":
            steps += self._refused(fact)
        if fact.promise is not None:
            steps.append(self._holds(fact.promise))
        if event.topic in ("PromiseReleased", "PromiseCancelled", "PromiseAmended"):
            steps += self._freed(fact.promise, fact.actor, event.id)
        return steps

    # --- approvals ---

    def _asked(self, fact: _Fact) -> list[_Step]:
        approval = self._approval(fact.approval)
        if approval is None:
            return []
        subjects = {approval.id: Subject(self._approval_words(approval), f"/approvals/{approval.id}")}
        timer = Timer(approval.id, "approval_over", approval.expires_at)

        def step(tx: Tx) -> None:
            kept.put(
                tx, kept.role(approval.role), said.APPROVAL_ASKED, f"asked:{approval.id}", subjects, words=approval.actor, actor=approval.actor
            )  # fmt: skip
            kept.set_timers(tx, approval.id, [timer])

        return [step]

    def _decided(self, fact: _Fact) -> list[_Step]:
        approval = self._approval(fact.approval)
        if approval is None:
            return []
        words = f"{approval.state.value} by {approval.decided_by}"
        subjects = {approval.id: Subject(self._approval_words(approval), f"/approvals/{approval.id}")}

        def step(tx: Tx) -> None:
            kept.end(tx, f"asked:{approval.id}", words)
            kept.set_timers(tx, approval.id, [])
            kept.put(
                tx, kept.person(approval.actor), said.APPROVAL_DECIDED, f"decided:{approval.id}", subjects, words=words, actor=approval.decided_by
            )  # fmt: skip

        return [step]

    def _approval(self, id: str | None) -> Approval | None:
        try:
            return promise.approval(self._db, id or "")
        except NotFound:
            return None

    def _approval_words(self, approval: Approval) -> str:
        lines = approval.request.lines or self._lines(approval.promise)
        return self._what(lines, approval.customer)

    # --- holds ---

    def _holds(self, id: str) -> _Step:
        """As a promise stands now, what is to be looked at again: nothing, unless it is a hold that ends."""
        found = self._promises.get(id)
        timers: list[Timer] = []
        if found is not None and _is_hold(found) and found.expires_at is not None:
            ends = found.expires_at
            timers = [
                Timer(id, kind, at)
                for kind, at in (
                    ("hold_24h", ends - 24 * _HOUR),
                    ("hold_2h", ends - 2 * _HOUR),
                    ("hold_over", ends),
                )
                if at > found.changed_at
            ]

        def step(tx: Tx) -> None:
            kept.set_timers(tx, id, timers)
            kept.end(tx, f"hold:{id}")

        return step

    def came(self, tx: Tx, timer: Timer) -> None:
        """A moment has come: is there still something to tell?"""
        if timer.kind == "approval_over":
            kept.end(tx, f"asked:{timer.subject}", "nobody decided in time")
            return
        found = self._promises.get(timer.subject)
        if found is None or not _is_hold(found) or found.expires_at is None:
            return
        if timer.kind == "hold_over":
            kept.end(tx, f"hold:{found.id}", "it has ended, and what it kept is free")
            for step in self._freed(found.id, found.actor, f"over:{found.id}"):
                step(tx)
            return
        if found.expires_at <= tx.now():
            return  # it was looked at too late to do anything about it
        subjects = {found.id: Subject(self._what(found.lines, found.customer), f"/promises/{found.id}")}
        kept.put(
            tx,
            kept.person(found.actor),
            said.HOLD_ENDS,
            f"hold:{found.id}",
            subjects,
            words=str(found.expires_at),
        )

    # --- supply ---

    def _covered(self, topic: str, exception: OpenException) -> list[_Step]:
        cause = f"uncovered:{exception.cause}"
        if topic == "ExceptionClosed":
            return [lambda tx: kept.take_out(tx, cause, exception.id)]
        found = self._promises.get(self._of_commitment.get(exception.commitment, ""))
        if found is None:
            return []
        subjects = {exception.id: Subject(self._what(found.lines, found.customer), f"/promises/{found.id}")}

        def step(tx: Tx) -> None:
            for audience in (kept.person(found.actor), kept.owner(exception.owner)):
                kept.put(tx, audience, said.UNCOVERED, cause, subjects)

        return [step]

    def _refused(self, fact: _Fact) -> list[_Step]:
        """What was wanted and was not there is remembered, so that whoever wanted it is told when it becomes free."""
        try:
            decision = promise.decision(self._db, fact.decision)
        except NotFound:
            return []
        return [self._wish(decision, place, fact.actor) for place in _short(decision)]

    def _wish(self, decision: Decision, place: int, person: str) -> _Step:
        line, customer = decision.asked[place], decision.request.customer
        what = self._what([line], customer)
        quantity = self._known.units.quantity(line.quantity, line.item)
        ask = f"{quantity} {line.item} by {iso(line.requested_on)}" + (f" for {customer}" if customer else "")
        wish = Wish(line.item, person, decision.request.id, line.requested_on, what, ask, decision.now)
        return lambda tx: kept.add_wish(tx, wish)

    def _freed(self, id: str | None, actor: str, cause: str) -> list[_Step]:
        found = self._promises.get(id or "")
        if found is None:
            return []
        items = sorted({line.item for line in found.lines})
        today = self._known.names.today

        def step(tx: Tx) -> None:
            for wish in kept.take_wishes(tx, items, not_of=actor, from_day=today):
                subject = {wish.request: Subject(wish.what, said.ask_again(wish.line))}
                kept.put(tx, kept.person(wish.person), said.FREED, f"freed:{cause}", subject, actor=actor)

        return [step]

    # --- in words ---

    @property
    def _known(self) -> Catalogue:
        if self._catalogue is None:
            self._catalogue = catalogue(self._db)
        return self._catalogue

    def _lines(self, id: str | None) -> Sequence[PromiseLine]:
        found = self._promises.get(id or "")
        return found.lines if found is not None else ()

    def _what(self, lines: Sequence[Line | PromiseLine], customer: str | None) -> str:
        """ "60 X-100 for Northwind"; of several lines the first, and how many more."""
        first = next(iter(lines), None)
        what = (
            f"{self._known.units.quantity(first.quantity, first.item)} {first.item}" if first else "a promise"
        )
        more = f" and {len(lines) - 1} more" if len(lines) > 1 else ""
        known = self._known.names.customers.get(customer or "")
        name = known.name if known is not None else customer
        return f"{what}{more}{f' for {name}' if name else ''}"


def _is_exception(event: Event) -> bool:
    return event.topic.startswith("Exception")


def _is_hold(found: Promise) -> bool:
    return found.state is State.held


def _short(decision: Decision) -> list[int]:
    """The places of the lines that there was not enough for by then."""
    return [
        line.line
        for line in decision.lines
        if line.line < len(decision.asked) and line.quantity_on_time < decision.asked[line.line].quantity
    ]

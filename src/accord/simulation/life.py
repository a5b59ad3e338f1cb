"""What happens in a simulated life: each method one thing that somebody does, chosen and filled in by chance.

The doors are the real ones. Whatever a door answers that it should not have is a violation as much as a wrong row is.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec

from accord.db.engine import Database
from accord.kit.days import local_day, midnight
from accord.kit.errors import AccordError, Fault, RequestChanged, Unavailable
from accord.promise import service as promising
from accord.promise.model import Decision, Line, Request, Verb
from accord.simulation import world
from accord.simulation.auditor.rows import Violation, item_and_site
from accord.simulation.clock import Clock

ZONES = {world.NORTH: "Europe/Oslo", world.SOUTH: "America/Chicago"}
ACTOR = "simulation"


class Known:
    """A promise as its owner remembers it."""

    def __init__(
        self, request: Request, decision: Decision, news: int, half_day: tuple[int, int, bool]
    ) -> None:
        assert decision.promise is not None
        self.id = decision.promise
        self.lines = request.lines
        self.terms = (request.may_split, request.may_substitute, request.ship_complete)
        self.customer = request.customer
        self.expires_at = decision.expires_at
        self.news = news  # how much supply news there was when it was last decided
        self.half_day = half_day  # when work could begin the same day, or no longer
        self.options = decision.options
        self.chosen = decision.chosen


class Life:
    """One simulated life on a database; `chance` decides everything."""

    def __init__(self, db: Database, clock: Clock, chance: random.Random, *, hot: bool) -> None:
        self.db = db
        self.clock = clock
        self.chance = chance
        self.families = world.families(hot)
        self.counts: Counter[str] = Counter()
        self.violations: list[Violation] = []
        self.holds: list[Known] = []
        self.commitments: list[Known] = []
        self.answered: list[tuple[Request, Decision]] = []
        self.news = 0
        self.ops = 0  # requests, news and the passing of time, so far
        self.acknowledged: dict[str, Verb] = {}  # promises that somebody was told of since the auditor looked
        self._number = 0

    # --- asking and promising ---

    def ask(self) -> None:
        """Asks, and asks again: the same answer, and nothing has changed."""
        before = self.heads()
        request = self._request(Verb.ask)
        first = self.promise_one(request)
        again = self.promise_one(msgspec.structs.replace(request, id=self.next_id()))
        if self.heads() != before:
            self.wrong("ask", request.id, "changed the ledger")
        if first is not None and again is not None and first.digest != again.digest:
            self.wrong("ask", request.id, "was answered in two ways, though nothing had changed")

    def hold(self) -> None:
        self.promise_one(
            self._request(Verb.hold, hold_seconds=self.chance.choice((None, 60, 1_800, 7_200, 200_000)))
        )

    def commit(self) -> None:
        self.promise_one(self._request(Verb.commit))

    def commit_what_was_offered(self) -> None:
        """Asks, then takes what was offered: nothing happened in between, so it is still there."""
        question = self._request(Verb.ask, accept="best")
        offer = self.promise_one(question)
        if offer is None or not offer.options:
            return
        number = self.chance.randrange(len(offer.options))
        option = offer.options[number]
        taken = self.promise_one(
            msgspec.structs.replace(
                question, id=self.next_id(), verb=Verb.commit, option=option.id, digest=offer.digest
            )
        )
        if taken is None or option.needs:
            return
        if taken.chosen is None or taken.options[taken.chosen].id != option.id:
            self.wrong(
                "offer", question.id, f"option {option.id} was offered and then refused: {taken.refusals}"
            )

    def order_of_many(self) -> None:
        verb = self.chance.choice((Verb.hold, Verb.commit))
        lines = tuple(self._line() for _ in range(self.chance.randint(2, 5)))
        if (
            self.chance.random() < 0.5
        ):  # several times the same, so that each line has less than it would have alone
            lines = tuple(msgspec.structs.replace(line, item=lines[0].item) for line in lines)
        complete = self.chance.choice((None, True, False))
        self.promise_one(self._request(verb, lines=lines, ship_complete=complete))

    def batch(self) -> None:
        """Several callers in one transaction."""
        requests = [
            self._request(self.chance.choice((Verb.hold, Verb.commit)))
            for _ in range(self.chance.randint(2, 6))
        ]
        self.promise_all(requests)

    def commit_hold(self) -> None:
        known = self._pick(self.holds)
        if known is None:
            return
        lives = known.expires_at is not None and known.expires_at > self.clock.now + 1_000
        decision = self.promise_one(
            Request(id=self.next_id(), verb=Verb.commit, promise=known.id, customer=known.customer)
        )
        if decision is None:
            return
        if decision.promise is not None:
            self.holds.remove(known)
        elif lives and known.news == self.news and known.half_day == self._half_day():
            self.wrong("hold", known.id, f"was kept and could not be committed: {decision.refusals}")

    def commit_expired_hold(self) -> None:
        """The hold ends, somebody else may take it, then its owner comes back."""
        known = self._pick(self.holds)
        if known is None or known.expires_at is None:
            return
        self.clock.advance(max(0, (known.expires_at - self.clock.now) // 1_000_000) + 1)
        if self.chance.random() < 0.5:
            other = Request(
                id=self.next_id(),
                verb=Verb.commit,
                lines=known.lines[:1],
                accept="best",
                customer=self._customer(),
            )
            self.promise_one(other)
        decision = self.promise_one(
            Request(id=self.next_id(), verb=Verb.commit, promise=known.id, customer=known.customer)
        )
        if decision is not None and known in self.holds:
            self.holds.remove(known)

    def renew(self) -> None:
        known = self._pick(self.holds)
        if known is not None:
            self.promise_one(
                Request(
                    id=self.next_id(),
                    verb=Verb.hold,
                    promise=known.id,
                    hold_seconds=self.chance.choice((600, 7_200, 100_000)),
                )
            )

    def amend(self) -> None:
        known = self._pick(self.holds + self.commitments)
        if known is None:
            return
        same = self.chance.random() < 0.4
        lines = known.lines if same else tuple(self._line() for _ in range(self.chance.choice((1, 1, 2))))
        was_open = known in self.commitments or (known.expires_at or 0) > self.clock.now + 1_000
        decision = self.promise_one(
            Request(
                id=self.next_id(),
                verb=Verb.amend,
                promise=known.id,
                lines=lines,
                accept="best",
                customer=known.customer,
            )
        )
        if decision is None:
            return
        # On other terms than it was made it may be refused.
        is_as_it_was = (
            known.terms == (None, None, None)
            and known.news == self.news
            and known.half_day == self._half_day()
        )
        if decision.promise is None and same and was_open and is_as_it_was and not self._lends(known.id):
            self.wrong("amend", known.id, f"competed with itself: {decision.refusals}")

    def _lends(self, promise: str) -> bool:
        """Whether others who are short live on what it proposed: that stays with them, and an amendment finds only the rest."""
        with self.db.read() as tx:
            found = tx.rows(
                "SELECT 1 FROM ledger_supply s JOIN ledger_key k ON k.key = s.key"
                " WHERE s.proposed_by = :promise AND s.version_to IS NULL AND s.expires_at IS NULL AND k.shortfall_max > 0",
                promise=promise,
            )
        return bool(found)

    def hold_and_amend_at_once(self) -> None:
        """Holds much, amends it to the same lines, hardens it: nothing lies between, so nothing may be different."""
        held = self.promise_one(
            self._request(Verb.hold, accept="best", hold_seconds=7_200, lines=(self._line(most=90),))
        )
        if held is None or held.promise is None:
            return
        request = held.request
        for verb in (Verb.amend, Verb.commit):
            lines = request.lines if verb is Verb.amend else ()
            again = self.promise_one(
                Request(
                    id=self.next_id(), verb=verb, promise=held.promise, lines=lines, accept="best", customer=request.customer,
                    may_split=request.may_split, may_substitute=request.may_substitute,
                )
            )  # fmt: skip
            if again is None or again.promise is None:
                self.wrong(
                    verb.value, held.promise, f"was refused what it held itself: {again and again.refusals}"
                )
                return
            if verb is Verb.amend and _pieces(again) != _pieces(held):
                detail = f"competed with itself: {_pieces(held)} became {_pieces(again)}"
                self.wrong(verb.value, held.promise, detail)

    def release(self) -> None:
        known = self._pick(self.holds)
        if known is not None:
            decision = self.promise_one(Request(id=self.next_id(), verb=Verb.release, promise=known.id))
            if decision is not None and not decision.refusals:
                self.holds.remove(known)

    def cancel(self) -> None:
        known = self._pick(self.commitments)
        if known is not None:
            decision = self.promise_one(Request(id=self.next_id(), verb=Verb.cancel, promise=known.id))
            if decision is not None and not decision.refusals:
                self.commitments.remove(known)

    def call_off(self, promise: str) -> None:
        """Somebody gives up a commitment that nobody could keep."""
        self.promise_one(Request(id=self.next_id(), verb=Verb.cancel, promise=promise))
        self.commitments = [known for known in self.commitments if known.id != promise]

    def repeat(self) -> None:
        """The same request again: the stored answer."""
        if not self.answered:
            return
        request, decision = self.chance.choice(self.answered)
        before = self.heads()
        again = self._ask_service([request])[0]
        if again != decision:
            self.wrong("once", request.id, "was answered differently the second time")
        if self.heads() != before:
            self.wrong("once", request.id, "had an effect the second time")

    def repeat_with_other_terms(self) -> None:
        if not self.answered:
            return
        request, _ = self.chance.choice(self.answered)
        other = msgspec.structs.replace(request, ref=request.ref + "'")
        answer = self._ask_service([other])[0]
        if not isinstance(answer, RequestChanged):
            self.wrong(
                "once", request.id, f"came with other terms and was answered with {type(answer).__name__}"
            )

    def nonsense(self) -> None:
        """What cannot be meant is an error or a refusal, and changes nothing."""
        line = self._line()
        bad = self.chance.choice(
            (
                msgspec.structs.replace(line, item="no-such-item"),
                msgspec.structs.replace(line, quantity=0),
                msgspec.structs.replace(line, quantity=-3),
                msgspec.structs.replace(line, requested_on=line.requested_on - 400),
                msgspec.structs.replace(line, site="nowhere"),
                msgspec.structs.replace(line, quantity=10**15),
            )
        )
        request = Request(id=self.next_id(), verb=Verb.commit, lines=(bad,), customer=self._customer())
        answer = self._ask_service([request])[0]
        if isinstance(answer, Decision) and answer.promise is not None:
            self.wrong("nonsense", answer.id, "was promised")
        with self.db.read() as tx:
            if tx.rows("SELECT id FROM promise WHERE request_id = :id", id=request.id):
                self.wrong("nonsense", request.id, f"made a promise: {bad}")

    # --- what they share ---

    def _request(self, verb: Verb, **terms: Any) -> Request:
        terms.setdefault("lines", (self._line(),))
        terms.setdefault("accept", self.chance.choice(("requested", "best", "best")))
        terms.setdefault("may_split", self.chance.choice((None, None, True, False)))
        terms.setdefault("may_substitute", self.chance.choice((None, None, True)))
        return Request(id=self.next_id(), verb=verb, customer=self._customer(), **terms)

    def _line(self, most: int = 0) -> Line:
        chance = self.chance
        family = chance.choice(self.families)
        quantity = chance.choice((1, 2, 3, 5, 8, chance.randint(1, 30), chance.randint(20, 90)))
        if most:
            quantity = chance.randint(1, most)
        return Line(
            item=chance.choice(family.items),
            quantity=quantity,
            requested_on=self.clock.day(ZONES[world.NORTH])
            + chance.choice((0, 1, 2, 4, 7, chance.randint(0, 30))),
            site=chance.choice((None, None, world.NORTH, world.SOUTH)),
        )

    def _half_day(self) -> tuple[int, int, bool]:
        """The day at each site, and whether the cut-off of the one that works has come."""
        day = self.clock.day(ZONES[world.NORTH])
        return (
            day,
            self.clock.day(ZONES[world.SOUTH]),
            self.clock.now >= midnight(day, ZONES[world.NORTH]) + world.CUTOFF_MINUTE * 60_000_000,
        )

    def _customer(self) -> str | None:
        return self.chance.choice((None, *world.CUSTOMERS))

    def promise_one(self, request: Request) -> Decision | None:
        """One request; None for an error."""
        return self.promise_all([request])[0]

    def promise_all(self, requests: list[Request]) -> list[Decision | None]:
        """Several requests at once; None for an error."""
        found: list[Decision | None] = []
        for request, answer in zip(requests, self._ask_service(requests), strict=True):
            if isinstance(answer, AccordError):
                self.counts[f"error {answer.code}"] += 1
                found.append(None)
                continue
            self.counts[f"{request.verb.value} {answer.verdict.value}"] += 1
            for refusal in answer.refusals:
                self.counts[f"refused {refusal.value}"] += 1
            self._remember(request, answer)
            found.append(answer)
        return found

    def _remember(self, request: Request, decision: Decision) -> None:
        if request.verb is not Verb.ask:
            self.answered.append((request, decision))
            del self.answered[:-50]
        if decision.promise is None or request.verb in (Verb.ask, Verb.release, Verb.cancel):
            return
        known = Known(request, decision, self.news, self._half_day())
        for group in (self.holds, self.commitments):
            for old in group:
                if old.id == known.id:
                    old.expires_at, old.news, old.half_day = decision.expires_at, self.news, self._half_day()
                    old.lines = request.lines or old.lines
                    if request.verb is Verb.amend:
                        return
        if request.verb is Verb.hold and known.id not in {old.id for old in self.holds}:
            self.holds.append(known)
        elif request.verb is Verb.commit:
            self.commitments.append(known)
        del self.holds[:-40], self.commitments[:-200]

    def _ask_service(self, requests: list[Request]) -> list[Decision | AccordError]:
        answers = self.send(requests)
        for request, answer in zip(requests, answers, strict=True):
            if isinstance(answer, Fault | Unavailable):
                self.failed(request, answer)
            elif isinstance(answer, Decision):
                self.told(answer)
        return answers

    def send(self, requests: Sequence[Request]) -> list[Decision | AccordError]:
        """Through the door for requests."""
        self.ops += len(requests)
        return promising.promise(self.db, requests, actor=ACTOR)

    def send_again(self, requests: Sequence[Request]) -> list[Decision | None]:
        """The same requests once more, as a client does that got no answer; None for an error."""
        return [None if isinstance(one, AccordError) else one for one in self.send(requests)]

    def told(self, answer: Decision) -> None:
        """Somebody has been told this: from now on it must be so."""
        if answer.promise is not None and answer.request.verb is not Verb.ask:
            self.acknowledged[answer.promise] = answer.request.verb
            self._is_ahead(answer)

    def _is_ahead(self, answer: Decision) -> None:
        """What was promised just now leaves today or later, and nothing that it needs begins before."""
        verb = (answer.act or answer.request).verb
        if verb not in (Verb.hold, Verb.commit, Verb.amend):
            return
        with self.db.read() as tx:
            rows = tx.rows(
                "SELECT id, key, on_day FROM ledger_draw WHERE promise = :id AND version_to IS NULL ORDER BY key, id",
                id=answer.promise,
            )
        for id, key, on in rows:
            site = item_and_site(key)[1] if key.startswith("node:") else world.NORTH
            is_old = verb is Verb.amend and answer.id[3:] not in id  # of a receipt that others live on
            carries_day = key.startswith(("node:", "resource:", "overtime:"))
            if carries_day and not is_old and on < local_day(answer.now, ZONES[site]):
                self.wrong("date", answer.promise or "", f"{id} takes of {key} on day {on}, which had passed")

    def failed(self, request: Request, error: AccordError) -> None:
        """An error is nobody's fault but ours, where what was asked can be meant."""
        self.counts[f"error {error.code}"] += 1
        if isinstance(error, Fault | Unavailable):
            self.wrong("fault", request.id, f"{request.verb.value}: {error.detail}")

    def some_request(self, verb: Verb | None = None, **terms: Any) -> Request:
        """Something that somebody wants."""
        return self._request(verb or self.chance.choice((Verb.hold, Verb.commit)), **terms)

    def _pick(self, group: list[Known]) -> Known | None:
        return self.chance.choice(group) if group else None

    def next_id(self) -> str:
        """A request id that nobody used."""
        self._number += 1
        return f"sim-{self._number}"

    def wrong(self, rule: str, subject: str, detail: str) -> None:
        """A door answered what it should not have."""
        self.violations.append(Violation(rule, subject, detail))

    def heads(self) -> list[tuple[Any, ...]]:
        """The version of every key."""
        with self.db.read() as tx:
            return tx.rows("SELECT key, version FROM ledger_key WHERE version > 0 ORDER BY key")


def _pieces(decision: Decision) -> list[tuple[str, str, int, int]]:
    """What was promised: item, site, quantity and day of each delivery."""
    if decision.chosen is None:
        return []
    return [(p.item, p.site, p.quantity, p.deliver_on) for p in decision.options[decision.chosen].pieces]

"""How is a batch of requests decided? One transaction: claim, lock, read, decide in order, record, commit.

Requests that stock and receipts at their own nodes can answer lock only those; the rest go to a second, smaller batch
that locks everything they can reach. What a decision looks at without a lock is a fault, so the first attempt tells by
itself which requests need the second.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial

import msgspec

from accord.db import audit, outbox
from accord.db import requests as claims
from accord.db.engine import Database, retrying
from accord.db.tx import Tx
from accord.kit.digest import canonical, digest
from accord.kit.errors import AccordError, Fault, Unavailable
from accord.kit.ids import new_id
from accord.ledger.decide.trial import NotLocked
from accord.ledger.service import reads
from accord.ledger.service.books import Book, RollFirst, locked, unlocked
from accord.ledger.service.news import rejudge
from accord.policy import service as policy
from accord.policy.model import Book as Policy
from accord.promise import store
from accord.promise.decide.effects import promise_after
from accord.promise.model import Approval, Decision, Promise, Request, Verb
from accord.promise.service.asked import (
    acting,
    acting_for,
    approval_after,
    approvals_of,
    fact_of,
    promise_named,
    subject,
)
from accord.promise.service.deciding import as_if, decided
from accord.promise.service.deeper import goes_deeper, was_answered, went_deeper
from accord.promise.service.in_force import in_force, roll, still_in_force, treatment
from accord.promise.service.lives import (
    Life,
    Lives,
    Moved,
    Rows,
    life_of,
    promises_of,
    reach_of_change,
    rows_of_promises,
)
from accord.promise.service.pace import pace as pace_of
from accord.promise.service.reaching import all_keys, day_of_limits, first_keys, limits_of
from accord.promise.service.repeats import Answer, answered_before, changed, terms
from accord.promise.service.turns import Turns
from accord.promise.service.validity import check

_TRIES = 5
# How long one transaction may decide, in time of the processor: others wait for its locks. What stock answers is never slow
# by itself, and a commit for every few of them costs more than it spares (docs/decisions/0010-a-budget-for-each-lane.md).
BUDGET_SECONDS = 0.010
QUICK_LANE = 5  # times the budget, in the lane of what stock answers


class Wider(Exception):
    """Keys that the batch must lock beside its own."""

    def __init__(self, keys: frozenset[str]) -> None:
        super().__init__(", ".join(sorted(keys)))
        self.keys = keys


class _NothingKept(Exception):
    """A transaction answered nothing that must be kept: its claims and locks are given up, without waiting for a disk."""

    def __init__(self, done: _Done) -> None:
        super().__init__()
        self.done = done


class _Lane(msgspec.Struct, frozen=True):
    """How the requests of one call are decided."""

    actor: str
    is_deep: bool
    patience: int  # so many times the usual budget a transaction may decide
    turns: Turns | None = (
        None  # of requests that are decided in order; None = they came independently of each other
    )

    @property
    def budget_seconds(self) -> float:
        return BUDGET_SECONDS * self.patience * (1 if self.is_deep else QUICK_LANE)


def promise(db: Database, wanted: Sequence[Request], *, actor: str, patience: int = 1) -> list[Answer]:
    """Decide requests in order, each on what the one before it left; an answer for each, in the same order.

    What is asked is answered from one snapshot and changes nothing. Everything else is durable when this returns; the
    same id with the same terms gets the stored answer, with other terms RequestChanged. `patience`: a transaction may
    decide so many times longer than usual, for a caller of many who waits for none of them by itself.
    """
    answers = shallow(db, wanted, actor=actor, patience=patience, turns=Turns(actor))
    later = [place for place, answer in enumerate(answers) if answer is None]
    found = deep(db, [wanted[place] for place in later], actor=actor, patience=patience)
    for place, answer in zip(later, found, strict=True):
        answers[place] = answer
    return [answer for answer in answers if answer is not None]


def shallow(
    db: Database, wanted: Sequence[Request], *, actor: str, patience: int = 1, turns: Turns | None = None
) -> list[Answer | None]:
    """What stock and receipts at the requests' own nodes can answer; None for what needs a deeper look.

    `turns`: with it, none is answered that competes with one before it which is not.
    """
    if len(wanted) == 1 and goes_deeper(db, wanted[0]):
        return [None]
    return _answers(db, wanted, _Lane(actor, is_deep=False, patience=patience, turns=turns))


def deep(db: Database, wanted: Sequence[Request], *, actor: str, patience: int = 1) -> list[Answer]:
    """The answers that need everything a request can reach locked: make, move, buy, other ways."""
    answers = _answers(db, wanted, _Lane(actor, is_deep=True, patience=patience))
    return [Fault("a request looked beyond its reach") if answer is None else answer for answer in answers]


def _answers(db: Database, wanted: Sequence[Request], lane: _Lane) -> list[Answer | None]:
    answers: dict[int, Answer] = {}
    first: dict[str, int] = {}  # repeats inside the batch are folded
    writes: list[Request] = []
    for place, request in enumerate(wanted):
        problem = check(request)
        if problem is not None:
            answers[place] = problem
        elif request.verb is Verb.ask:
            answers[place] = _asked(db, request, lane.actor)
        elif request.id not in first:
            first[request.id] = place
            writes.append(request)
    made = _write(db, writes, lane)
    for place, request in enumerate(wanted):
        if place in answers or request.id not in made:
            continue
        same = wanted[first[request.id]] == request
        answers[place] = made[request.id] if same else changed(request)
    return [answers.get(place) for place in range(len(wanted))]


def promise_one(db: Database, request: Request, *, actor: str) -> Decision:
    """One request. Raises what `promise` would answer with."""
    answer = promise(db, [request], actor=actor)[0]
    if isinstance(answer, AccordError):
        raise answer
    return answer


# --- ask ---


def ask(db: Database, request: Request, *, actor: str = "") -> Decision:
    """What would be promised now to this actor, or answered to another verb; nothing is kept. Raises: InputError."""
    answer = _asked(db, request, actor)
    if isinstance(answer, AccordError):
        raise answer
    return answer


def _asked(db: Database, request: Request, actor: str) -> Answer:
    problem = check(request)
    if problem is not None:
        return problem
    for _try in range(_TRIES):
        try:
            with db.read() as tx:
                return _ask(tx, request, actor)
        except RollFirst as overdue:
            roll(db, overdue)
        except policy.EditionDue as due:
            policy.activate(db, due.at)
        except AccordError as error:
            return error
    return _busy()


def _ask(tx: Tx, request: Request, actor: str) -> Decision:
    graph, rules, now = in_force(tx)
    approvals = approvals_of(tx, [request])
    act = acting(request, approvals)
    about = promises_of(tx, [request], approvals).get(subject(request, approvals) or "")
    own = rows_of_promises(tx, [about.id])[about.id] if about is not None else Rows((), (), ())
    actors, role = acting_for(request, approvals, actor)
    held = own.keys | limits_of(rules, act, about, actors, day_of_limits(rules, now), role)
    approval = approvals.get(request.approval or "")
    for keys_of in (first_keys, all_keys):
        book = unlocked(tx, graph, held.union(keys_of(graph, rules, act, about)), treatment(rules), now)
        policy.still(rules, book.now)
        life = life_of(tx, about, own, book.clock) if about is not None else None
        try:
            return as_if(book, rules, request, life, approval, actor=actor)
        except NotLocked:
            continue
    raise Fault("a request looked beyond its reach")


# --- hold, commit, amend, release, cancel ---


def _write(db: Database, writes: Sequence[Request], lane: _Lane) -> dict[str, Answer]:
    """The answers; requests that need a deeper look are left out."""
    answers: dict[str, Answer] = {}
    waiting = list(writes)
    pace = pace_of(db, is_deep=lane.is_deep)
    while waiting:
        taken = pace.most(len(waiting), lane.budget_seconds)
        done = _transacted(db, waiting[:taken], lane)
        pace.took(done.decided, done.seconds)
        answers.update(done.answers)
        waiting = [*done.unreached, *waiting[taken:]]
    return answers


class _Done(msgspec.Struct, frozen=True):
    """What one transaction came to."""

    answers: dict[str, Answer]
    unreached: Sequence[Request] = ()  # its decide-time budget ended before them; they keep their order
    decided: int = 0
    seconds: float = 0.0  # of deciding these


def _transacted(db: Database, waiting: Sequence[Request], lane: _Lane) -> _Done:
    extra: frozenset[str] = frozenset()
    for _try in range(_TRIES):
        try:
            return retrying(db, partial(_batch, waiting=waiting, lane=lane, extra=extra))
        except RollFirst as overdue:
            roll(db, overdue)
        except policy.EditionDue as due:
            policy.activate(db, due.at)
        except Wider as wider:
            extra |= wider.keys
        except _NothingKept as nothing:
            return nothing.done
        except Moved:
            continue
        except Unavailable as error:
            return _Done({request.id: error for request in waiting})
        except Exception as error:
            if len(waiting) > 1:
                # One of them spoiled the transaction; alone it can spoil only itself.
                alone = [_transacted(db, [request], lane) for request in waiting]
                return _Done({id: answer for done in alone for id, answer in done.answers.items()})
            if not isinstance(error, AccordError):
                raise
            return _Done({waiting[0].id: error})
    return _Done({request.id: _busy() for request in waiting})


def _batch(tx: Tx, waiting: Sequence[Request], lane: _Lane, extra: frozenset[str]) -> _Done:
    """One transaction: claim, lock, decide in order until the budget ends, write."""
    actor, is_deep = lane.actor, lane.is_deep
    claimed = claims.claim(tx, [claims.Claim(r.id, terms(r, actor), actor) for r in waiting])
    fresh = [request for request in waiting if isinstance(claimed[request.id], claims.Claimed)]
    answers = answered_before(tx, waiting, claimed)
    if not fresh:
        return _Done(answers)
    graph, rules, now = in_force(tx)
    approvals = approvals_of(tx, fresh)
    about = promises_of(tx, fresh, approvals)
    own = rows_of_promises(tx, sorted(about))
    wanted = set(extra) | reach_of_change(tx, frozenset().union(*(rows.keys for rows in own.values())))
    today = day_of_limits(rules, now)
    for r in fresh:
        before, act = about.get(subject(r, approvals) or ""), acting(r, approvals)
        wanted.update((all_keys if is_deep else first_keys)(graph, rules, act, before))
        actors, role = acting_for(r, approvals, actor)
        wanted |= limits_of(rules, act, before, actors, today, role)
    book = locked(tx, graph, wanted, treatment(rules), partial(still_in_force, tx, graph, rules))
    policy.still(rules, book.now)
    if day_of_limits(rules, book.now) != today:
        raise Moved  # midnight passed while waiting: other periods of cumulative limits
    batch = _Batch(tx, book, rules, actor)
    if about:
        batch.lives.read(sorted(about))
    open_ids: list[str] = []  # claimed, and left to another transaction
    unreached: list[Request] = []
    began = time.thread_time()
    for place, request in enumerate(fresh):
        if place and time.thread_time() - began > lane.budget_seconds:
            unreached = fresh[place:]
            break
        if lane.turns is not None and lane.turns.is_behind(request, graph, rules, today):
            open_ids.append(request.id)
            continue
        life, approval = None, None
        if request.approval is not None:
            life, approval = batch.asked(request)
        elif request.promise in about:
            life = batch.lives.of(request.promise)
        try:
            decision = answers[request.id] = batch.decide(request, life, approval)
            if is_deep:
                was_answered(tx.database, request, decision)
        except NotLocked:
            if is_deep:
                raise
            open_ids.append(request.id)
            went_deeper(tx.database, request)
            if lane.turns is not None:
                lane.turns.wait(request, graph, rules, today)
    seconds = time.thread_time() - began
    done = _Done(answers, unreached, len(fresh) - len(unreached), seconds)
    if len(open_ids) == done.decided:
        raise _NothingKept(done)
    batch.write()
    claims.unclaim(tx, open_ids + [request.id for request in unreached])
    return done


class _Fact(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """What the audit and the outbox are told of a decision; its fields are in the order of their names."""

    actor: str
    approval: str | None = None
    decision: str
    digest: str
    promise: str | None
    request: str


class _Batch:
    """What the decisions of one transaction leave to be written."""

    def __init__(self, tx: Tx, book: Book, rules: Policy, actor: str) -> None:
        self.tx, self.book, self.rules, self.actor = tx, book, rules, actor
        self._decisions: list[tuple[Decision, bytes, str, int | None, str]] = []
        self._promises: list[Promise] = []
        self._approvals: list[Approval] = []
        self._facts: list[audit.Entry] = []
        self._messages: list[outbox.Message] = []
        self._replies: list[claims.Reply] = []
        self._relieved: set[str] = set()  # keys on which a promise ended: others may be covered again
        self.lives = Lives(tx, book, self.write)

    def asked(self, request: Request) -> tuple[Life | None, Approval | None]:
        """The approval a request is about with its promise, as they are under the lock; what earlier requests of the
        batch did to them included. Raises: Moved."""
        self.write()
        approval = approvals_of(self.tx, [request]).get(request.approval or "")
        about = promises_of(self.tx, [request], {approval.id: approval}) if approval is not None else {}
        return next((self.lives.of(id) for id in about), None), approval

    def decide(self, request: Request, life: Life | None, approval: Approval | None) -> Decision:
        """Decide one request and pass it through the gate. Raises: NotLocked before anything is changed."""
        book = self.book
        decision_id = new_id("dec", book.now)
        promise_id = promise_named(request, approval, decision_id)
        decision, effects = decided(
            book,
            self.rules,
            request,
            life,
            approval,
            actor=self.actor,
            decision_id=decision_id,
            promise_id=promise_id,
        )
        if effects is not None:
            book.commit(effects)
            if effects.gives_back and life is not None:
                self._relieved.update(life.keys)
        before = life.promise if life is not None else None
        asker = approval.actor if approval is not None else self.actor
        after = promise_after(decision, before, effects, actor=self.actor, asker=asker)
        if after is not None:
            self._promises.append(after)
        body = canonical(decision)
        proof = digest(body)
        self._decisions.append((decision, body, proof, before.version if before else None, self.actor))
        change = approval_after(decision, approval, before, actor=self.actor, book=self.rules)
        if change is not None:
            self._approvals.append(change)
        is_done = decision.chosen is not None or after is not None or change is not None
        kind = fact_of(decision, is_done=is_done)
        fact = canonical(
            _Fact(
                actor=self.actor,
                approval=decision.approval,
                decision=decision.id,
                digest=proof,
                promise=decision.promise,
                request=request.id,
            )
        )
        self._facts.append(audit.Entry(type=kind, body=fact))
        subject = decision.promise or decision.id
        self._messages.append(
            outbox.Message(
                id="msg" + decision.id[3:], topic=kind, subject=subject, body=fact, first=before is None
            )
        )
        self._replies.append(
            # The decision is the reply: its body is kept once.
            claims.Reply(id=request.id, status=200 if is_done else 409, decision_id=decision.id)
        )
        return decision

    def write(self) -> None:
        """Put everything down, one statement a table."""
        tx = self.tx
        short = {key for key in self.book.dirty if self.book.profiles[key].shortfall_max}
        self.book.write(tx)
        store.add_decisions(tx, self._decisions)
        store.put_promises(tx, self._promises)
        store.put_approvals(tx, self._approvals)
        audit.append(tx, self._facts, at=self.book.now)
        outbox.add(tx, self._messages, at=self.book.now)
        claims.record_reply(tx, self._replies, at=self.book.now)
        self._decisions, self._promises, self._facts, self._messages, self._replies = [], [], [], [], []
        self._approvals = []
        self._judge(short)

    def _judge(self, short: set[str]) -> None:
        """Where a promise ended, or a key is short, judge again: others may be covered now. Raises: Wider."""
        keys, self._relieved = sorted(self._relieved | short), set()
        if not keys:
            return
        profiles = self.book.profiles
        needed = reach_of_change(self.tx, frozenset(keys))
        if not needed <= profiles.keys():
            raise Wider(needed)
        reached = sorted(needed)
        is_short = any(profiles[key].shortfall_max for key in reached)
        if short or is_short or reads.open_exceptions_on(self.tx, reached):
            rejudge(self.tx, self.book.graph, keys, treatment(self.rules), actor=self.actor)
            self.book.refresh(self.tx, reached)
            self.lives.forget()


# --- around it ---


def _busy() -> Unavailable:
    return Unavailable(
        "What this request depends on keeps changing. Send it again with the same id.", retry_after_seconds=1
    )

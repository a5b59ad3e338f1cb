"""How is a batch of requests decided? One transaction: claim, lock, read, decide in order, record, commit.

Requests that stock and receipts at their own nodes can answer lock only those; the rest go to a second, smaller batch
that locks everything they can reach. What a decision looks at without a lock is a fault, so the first attempt tells by
itself which requests need the second.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import partial

import msgspec

from accord.db import audit, outbox
from accord.db import requests as claims
from accord.db.engine import Database, retrying
from accord.db.tx import Tx
from accord.kit.digest import canonical, digest
from accord.kit.errors import AccordError, Fault, RequestChanged, Unavailable
from accord.kit.ids import new_id
from accord.ledger.decide.trial import NotLocked, Trial
from accord.ledger.model import Effects
from accord.ledger.service import graphs, reads
from accord.ledger.service.books import Book, RollFirst, Treatment, locked, unlocked
from accord.ledger.service.news import rejudge, roll_keys
from accord.policy import service as policy
from accord.policy.model import Book as Policy
from accord.promise import store
from accord.promise.decide import decide
from accord.promise.decide.effects import effects_of, promise_after
from accord.promise.model import Decision, Promise, Request, Verb
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
from accord.promise.service.reaching import all_keys, first_keys
from accord.promise.service.validity import check

_TRIES = 5
BUDGET_SECONDS = 0.010  # of deciding in one transaction, in time of the processor: others wait for its locks

Answer = Decision | AccordError


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


def promise(db: Database, wanted: Sequence[Request], *, actor: str) -> list[Answer]:
    """Decide requests in order, each on what the one before it left; an answer for each, in the same order.

    What is asked is answered from one snapshot and changes nothing. Everything else is durable when this returns; the
    same id with the same terms gets the stored answer, with other terms RequestChanged.
    """
    answers = shallow(db, wanted, actor=actor)
    later = [place for place, answer in enumerate(answers) if answer is None]
    for place, answer in zip(later, deep(db, [wanted[place] for place in later], actor=actor), strict=True):
        answers[place] = answer
    return [answer for answer in answers if answer is not None]


def shallow(db: Database, wanted: Sequence[Request], *, actor: str) -> list[Answer | None]:
    """What stock and receipts at the requests' own nodes can answer; None for what needs a deeper look."""
    return _lane(db, wanted, actor, is_deep=False)


def deep(db: Database, wanted: Sequence[Request], *, actor: str) -> list[Answer]:
    """The answers that need everything a request can reach locked: make, move, buy, other ways."""
    answers = _lane(db, wanted, actor, is_deep=True)
    return [Fault("a request looked beyond its reach") if answer is None else answer for answer in answers]


def _lane(db: Database, wanted: Sequence[Request], actor: str, *, is_deep: bool) -> list[Answer | None]:
    answers: dict[int, Answer] = {}
    first: dict[str, int] = {}  # repeats inside the batch are folded
    writes: list[Request] = []
    for place, request in enumerate(wanted):
        problem = check(request)
        if problem is not None:
            answers[place] = problem
        elif request.verb is Verb.ask:
            answers[place] = _asked(db, request)
        elif request.id not in first:
            first[request.id] = place
            writes.append(request)
    made = _write(db, writes, actor, is_deep=is_deep)
    for place, request in enumerate(wanted):
        if place in answers or request.id not in made:
            continue
        same = wanted[first[request.id]] == request
        answers[place] = made[request.id] if same else _changed(request)
    return [answers.get(place) for place in range(len(wanted))]


def promise_one(db: Database, request: Request, *, actor: str) -> Decision:
    """One request. Raises what `promise` would answer with."""
    answer = promise(db, [request], actor=actor)[0]
    if isinstance(answer, AccordError):
        raise answer
    return answer


def _changed(request: Request) -> RequestChanged:
    return RequestChanged(
        f"The id {request.id} was used before with other terms. Use a new id for a new request."
    )


# --- ask ---


def ask(db: Database, request: Request) -> Decision:
    """What would be promised now; nothing is kept. Raises: InputError."""
    answer = _asked(db, request)
    if isinstance(answer, AccordError):
        raise answer
    return answer


def _asked(db: Database, request: Request) -> Answer:
    problem = check(request)
    if problem is not None:
        return problem
    for _try in range(_TRIES):
        try:
            with db.read() as tx:
                return _ask(tx, request)
        except RollFirst as overdue:
            _roll(db, overdue)
        except AccordError as error:
            return error
    return _busy()


def _ask(tx: Tx, request: Request) -> Decision:
    graph, rules = graphs.graph(tx), policy.book(tx)
    about = promises_of(tx, [request]).get(request.promise or "")
    own = rows_of_promises(tx, [about.id])[about.id] if about is not None else Rows((), (), ())
    for keys_of in (first_keys, all_keys):
        book = unlocked(tx, graph, own.keys.union(keys_of(graph, rules, request, about)), _treatment(rules))
        life = life_of(tx, about, own, book.now) if about is not None else None
        try:
            return decided(book, rules, request, life, decision_id="", promise_id="")[0]
        except NotLocked:
            continue
    raise Fault("a request looked beyond its reach")


# --- hold, commit, amend, release, cancel ---


def _write(db: Database, writes: Sequence[Request], actor: str, *, is_deep: bool) -> dict[str, Answer]:
    """The answers; requests that need a deeper look are left out."""
    answers: dict[str, Answer] = {}
    waiting = list(writes)
    pace = pace_of(db, is_deep=is_deep)
    while waiting:
        taken = pace.most(len(waiting), BUDGET_SECONDS)
        done = _transacted(db, waiting[:taken], actor, is_deep=is_deep)
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


def _transacted(db: Database, waiting: Sequence[Request], actor: str, *, is_deep: bool) -> _Done:
    extra: frozenset[str] = frozenset()
    for _try in range(_TRIES):
        try:
            return retrying(db, partial(_batch, waiting=waiting, actor=actor, is_deep=is_deep, extra=extra))
        except RollFirst as overdue:
            _roll(db, overdue)
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
                alone = [_transacted(db, [request], actor, is_deep=is_deep) for request in waiting]
                return _Done({id: answer for done in alone for id, answer in done.answers.items()})
            if not isinstance(error, AccordError):
                raise
            return _Done({waiting[0].id: error})
    return _Done({request.id: _busy() for request in waiting})


def _batch(tx: Tx, waiting: Sequence[Request], actor: str, *, is_deep: bool, extra: frozenset[str]) -> _Done:
    """One transaction: claim, lock, decide in order until the budget ends, write."""
    claimed = claims.claim(tx, [claims.Claim(r.id, _terms(r, actor), actor) for r in waiting])
    fresh = [request for request in waiting if isinstance(claimed[request.id], claims.Claimed)]
    answers = _stored(tx, waiting, claimed)
    if not fresh:
        return _Done(answers)
    graph, rules = graphs.graph(tx), policy.book(tx)
    about = promises_of(tx, fresh)
    own = rows_of_promises(tx, sorted(about))
    wanted = set(extra) | reach_of_change(tx, frozenset().union(*(rows.keys for rows in own.values())))
    for r in fresh:
        wanted.update((all_keys if is_deep else first_keys)(graph, rules, r, about.get(r.promise or "")))
    book = locked(tx, graph, wanted, _treatment(rules))
    if graphs.version(tx) != graph.version:
        raise Moved
    batch = _Batch(tx, book, rules, actor)
    if about:
        batch.lives.read(sorted(about))
    open_ids: list[str] = []  # claimed, and left to another transaction
    unreached: list[Request] = []
    began = time.thread_time()
    for place, request in enumerate(fresh):
        if place and time.thread_time() - began > BUDGET_SECONDS:
            unreached = fresh[place:]
            break
        life = batch.lives.of(request.promise) if request.promise in about else None
        try:
            answers[request.id] = batch.decide(request, life)
        except NotLocked:
            if is_deep:
                raise
            open_ids.append(request.id)
    seconds = time.thread_time() - began
    done = _Done(answers, unreached, len(fresh) - len(unreached), seconds)
    if len(open_ids) == done.decided:
        raise _NothingKept(done)
    batch.write()
    claims.unclaim(tx, open_ids + [request.id for request in unreached])
    return done


class _Fact(msgspec.Struct, frozen=True):
    """What the audit and the outbox are told of a decision; its fields are in the order of their names."""

    actor: str
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
        self._facts: list[audit.Entry] = []
        self._messages: list[outbox.Message] = []
        self._replies: list[claims.Reply] = []
        self._relieved: set[str] = set()  # keys on which a promise ended: others may be covered again
        self.lives = Lives(tx, book, self.write)

    def decide(self, request: Request, life: Life | None) -> Decision:
        """Decide one request and pass it through the gate. Raises: NotLocked before anything is changed."""
        book = self.book
        decision_id = new_id("dec", book.now)
        promise_id = request.promise or "prm" + decision_id[3:]
        decision, effects = decided(
            book, self.rules, request, life, decision_id=decision_id, promise_id=promise_id
        )
        if effects is not None:
            book.commit(effects)
            if effects.gives_back and life is not None:
                self._relieved.update(life.keys)
        before = life.promise if life is not None else None
        after = promise_after(decision, before, effects, actor=self.actor)
        if after is not None:
            self._promises.append(after)
        body = canonical(decision)
        proof = digest(body)
        self._decisions.append((decision, body, proof, before.version if before else None, self.actor))
        kind = (
            f"Promise{_PAST[request.verb]}"
            if decision.chosen is not None or after is not None
            else "PromiseRefused"
        )
        fact = canonical(_Fact(self.actor, decision.id, proof, decision.promise, request.id))
        self._facts.append(audit.Entry(type=kind, body=fact))
        subject = decision.promise or decision.id
        self._messages.append(
            outbox.Message(
                id="msg" + decision.id[3:], topic=kind, subject=subject, body=fact, first=before is None
            )
        )
        self._replies.append(
            # The decision is the reply: its body is kept once.
            claims.Reply(id=request.id, status=200 if after is not None else 409, decision_id=decision.id)
        )
        return decision

    def write(self) -> None:
        """Put everything down, one statement a table."""
        tx = self.tx
        short = {key for key in self.book.dirty if self.book.profiles[key].shortfall_max}
        self.book.write(tx)
        store.add_decisions(tx, self._decisions)
        store.put_promises(tx, self._promises)
        audit.append(tx, self._facts, at=self.book.now)
        outbox.add(tx, self._messages, at=self.book.now)
        claims.record_reply(tx, self._replies, at=self.book.now)
        self._decisions, self._promises, self._facts, self._messages, self._replies = [], [], [], [], []
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
            rejudge(self.tx, self.book.graph, keys, _treatment(self.rules), actor=self.actor)
            self.book.refresh(self.tx, reached)
            self.lives.forget()


_PAST = {
    Verb.hold: "Held",
    Verb.commit: "Committed",
    Verb.amend: "Amended",
    Verb.release: "Released",
    Verb.cancel: "Cancelled",
}


def decided(
    book: Book, rules: Policy, request: Request, life: Life | None, *, decision_id: str, promise_id: str
) -> tuple[Decision, Effects | None]:
    """Decide one request on a book: the decision, and what it changes; pure, so that it can be replayed."""
    profiles = book.profiles if life is None else life.profiles(book)
    trial = Trial(book.graph, profiles, book.clock.today, book.clock.default_today)
    if life is not None:
        trial.look(life.keys)
    decision = decide(
        request,
        trial,
        book.graph,
        rules,
        book.now,
        id=decision_id,
        promise_id=promise_id,
        before=life.promise if life is not None else None,
        standing=life.state if life is not None else None,
    )
    decision = msgspec.structs.replace(decision, snapshot=_snapshot(book, decision))
    return decision, effects_of(
        decision,
        book.graph,
        rules,
        life.state if life is not None else None,
        life.promise if life is not None else None,
    )


_pack = msgspec.msgpack.Encoder().encode


def _snapshot(book: Book, decision: Decision) -> str:
    """The digest of what stood on the keys that were read: a replay on other rows differs, whatever is answered."""
    seen = [(key, book.profiles[key].supply, book.profiles[key].draws) for key, _version in decision.reads]
    return digest(_pack(seen))


# --- around it ---


class _Terms(msgspec.Struct, frozen=True):
    """What must be the same when an id comes again; its fields are in the order of their names."""

    actor: str
    request: Request


def _terms(request: Request, actor: str) -> str:
    return digest(canonical(_Terms(actor, request)))


def _stored(
    tx: Tx,
    waiting: Sequence[Request],
    claimed: Mapping[str, claims.StoredReply | claims.Changed | claims.Claimed],
) -> dict[str, Answer]:
    """The answers to those of the requests whose ids were used before."""
    same = [request.id for request in waiting if isinstance(claimed[request.id], claims.StoredReply)]
    kept = store.decisions_of_requests(tx, same) if same else {}
    answers: dict[str, Answer] = {}
    for request in waiting:
        if isinstance(claimed[request.id], claims.Changed):
            answers[request.id] = _changed(request)
    for id in same:
        answers[id] = kept[id].decision() if id in kept else Fault(f"the decision on request {id} is gone")
    return answers


def _treatment(rules: Policy) -> Treatment:
    return Treatment(late_receipt_days=rules.rules.late_receipt_days, fence_days=rules.rules.fence_days)


def _roll(db: Database, overdue: RollFirst) -> None:
    with db.read() as tx:
        treatment = _treatment(policy.book(tx))
    roll_keys(db, overdue.keys, treatment, actor="accord")


def _busy() -> Unavailable:
    return Unavailable(
        "What this request depends on keeps changing. Send it again with the same id.", retry_after_seconds=1
    )

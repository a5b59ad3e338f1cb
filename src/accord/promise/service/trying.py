"""What would other rights have changed in a time that is over? Nothing is written."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from accord.db.engine import Database
from accord.db.tx import Tx
from accord.kit.days import Instant, local_day, midnight
from accord.ledger.decide.graph import Graph
from accord.ledger.service import graphs, reads
from accord.policy import service as policy
from accord.policy.decide import period_of, with_accounts
from accord.policy.model import Amount, Answer, Edition, Figures, Period, Rights
from accord.policy.model import Book as Policy
from accord.promise import store
from accord.promise.decide.reply import ceil_div, half_up
from accord.promise.decide.rights import figures_of_option, known_of
from accord.promise.decide.trying import Past, Tried, tried
from accord.promise.model import Decision, Promise, Verb
from accord.promise.said import is_asking

_PAGE = 500


class Retried(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was done, what the other rights would have said to it, and what became of the promise."""

    tried: Tried
    broken: str  # how it was not kept, "" = it was


class Retrial(msgspec.Struct, frozen=True, kw_only=True):
    """What another edition would have changed."""

    from_at: Instant
    until_at: Instant
    rows: tuple[Retried, ...]

    def count(self, answer: Answer, *, broken_only: bool = False) -> int:
        """How many would have been answered so."""
        return sum(
            one.tried.ruling.answer is answer and (bool(one.broken) or not broken_only) for one in self.rows
        )

    @property
    def asked_before(self) -> int:
        """How many somebody else approved then."""
        return sum(one.tried.past.was is Answer.ask for one in self.rows)

    @property
    def broken(self) -> int:
        """How many of the promises were not kept."""
        return sum(bool(one.broken) for one in self.rows)


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """What the rights in force, and what others, say to the same time."""

    now: Retrial | None  # None = no rights are in force: all was allowed
    then: Retrial

    @property
    def allowed_now(self) -> int:
        """How many the rights in force allow by themselves."""
        return len(self.then.rows) if self.now is None else self.now.count(Answer.allow)

    @property
    def asked_now(self) -> int:
        """How many they send to somebody else."""
        return 0 if self.now is None else self.now.count(Answer.ask)

    @property
    def denied_now(self) -> int:
        """How many they deny."""
        return 0 if self.now is None else self.now.count(Answer.deny)

    def prevented(self, answer: Answer) -> int:
        """How many broken promises get this answer that the rights in force allow by themselves."""
        allowed = [True] * len(self.then.rows)
        if self.now is not None:
            allowed = [one.tried.ruling.answer is Answer.allow for one in self.now.rows]
        return sum(
            was and bool(one.broken) and one.tried.ruling.answer is answer
            for was, one in zip(allowed, self.then.rows, strict=True)
        )


def try_policy(db: Database, edition: Edition, from_at: Instant, until_at: Instant) -> Retrial:
    """Judge again what was promised from a moment on up to another, by the rights of an edition."""
    return compare_policies(db, edition, from_at, until_at).then


def compare_policies(
    db: Database,
    edition: Edition,
    from_at: Instant,
    until_at: Instant,
    *,
    on_progress: Callable[[int], None] | None = None,
) -> Compared:
    """The same by the rights in force, too; `on_progress` is told how much more was looked at, of `how_much`."""
    tell = on_progress or (lambda _more: None)
    with db.read() as tx:
        graph, rules = graphs.graph(tx), policy.book(tx)
        done = _decided(tx, graph, rules, from_at, until_at, tell)
        done += _promised_elsewhere(tx, graph, rules, from_at, until_at, tell)
        done.sort(key=lambda one: (one.at, one.decision, one.promise))
        broken = _broken(tx, sorted({one.promise for one in done}))
    last = {one.promise: place for place, one in enumerate(done)}

    def judged(rights: Rights, currency: str) -> Retrial:
        found = tried(rights, done, currency)
        # A promise that was changed is counted as broken once: with the last of what was done about it.
        rows = tuple(
            Retried(
                tried=one,
                broken=broken.get(one.past.promise, "") if last[one.past.promise] == place else "",
            )
            for place, one in enumerate(found)
        )
        return Retrial(from_at=from_at, until_at=until_at, rows=rows)

    currency = rules.rules.currency
    then = with_accounts(edition.rights, rules.accounts)
    return Compared(
        now=None if rules.rights is None else judged(rules.rights, currency),
        then=judged(then, str(dict(edition.rules).get("currency", currency))),
    )


def how_much(db: Database) -> int:
    """How many decisions and promises `compare_policies` looks at."""
    with db.read() as tx:
        return store.how_many(tx)


def last_period(period: Period, now: Instant) -> tuple[Instant, Instant]:
    """From and until of the whole calendar period before the one that runs, in UTC."""
    _, this = period_of(period, local_day(now, "UTC"))
    _, before = period_of(period, this - 1)
    return midnight(before, "UTC"), midnight(this, "UTC")


def _decided(
    tx: Tx, graph: Graph, rules: Policy, from_at: Instant, until_at: Instant, tell: Callable[[int], None]
) -> list[Past]:
    found: list[Past] = []
    after = ""
    while page := store.decisions_page(tx, after, _PAGE):
        after = page[-1].id
        tell(len(page))
        for kept in page:
            was = kept.decision()
            if from_at <= was.now < until_at and was.promise is not None and not is_asking(was):
                past = _past(tx, graph, rules, kept, was)
                if past is not None:
                    found.append(past)
    return found


def _past(tx: Tx, graph: Graph, rules: Policy, kept: store.StoredDecision, was: Decision) -> Past | None:
    request = was.act or was.request
    before = None
    if kept.before is not None and was.promise is not None:
        before = store.promise_at(tx, was.promise, kept.before)
    actor, answer = kept.actor, Answer.allow
    if was.request.verb is Verb.decline:
        return None
    if was.request.verb is Verb.approve and was.approval is not None and was.approval_version is not None:
        approval = store.approval_at(tx, was.approval, was.approval_version)
        if approval is None:
            return None
        # What matters is what the one who asked would have been told.
        actor, answer, request = approval.actor, Answer.ask, approval.request
    customer = before.customer if before is not None else request.customer
    known = rules.customers.get(customer or "")
    if was.figures is not None:
        figures = was.figures
    elif was.chosen is not None:
        figures = figures_of_option(graph, request, was.options[was.chosen])
    elif before is not None:
        figures = known_of(graph, before)
    else:
        return None
    seconds = (
        0
        if was.expires_at is None or request.verb is not Verb.hold
        else (was.expires_at - was.now) // 1_000_000
    )
    return Past(
        at=was.now,
        promise=was.promise or "",
        decision=was.id,
        ref=request.ref or (before.ref if before is not None else ""),
        actor=actor,
        customer=customer or "",
        tier=known.tier if known is not None else "",
        verb=request.verb,
        is_hold=was.expires_at is not None,
        figures=msgspec.structs.replace(figures, hold_seconds=seconds),
        expires_at=was.expires_at,
        was=answer,
    )


def _promised_elsewhere(
    tx: Tx, graph: Graph, rules: Policy, from_at: Instant, until_at: Instant, tell: Callable[[int], None]
) -> list[Past]:
    """Orders promised before Accord, as of the day they were promised for; by the customer's seller."""
    found: list[Past] = []
    after = None
    while True:
        page, after = store.promises_page(tx, after=after, limit=_PAGE)
        tell(len(page))
        for promise in page:
            if not promise.decision:
                at = midnight(min(line.first_promised_on for line in promise.lines), "UTC")
                if from_at <= at < until_at:
                    found.append(_elsewhere(graph, rules, promise, at))
        if after is None:
            return found


def _elsewhere(graph: Graph, rules: Policy, promise: Promise, at: Instant) -> Past:
    known = rules.customers.get(promise.customer or "")
    tier = known.tier if known is not None else ""
    amounts = []
    price: int | None = 0
    cost = 0
    below = False
    for line in promise.lines:
        item = graph.items.get(line.item)
        scale, unit_cost = (item.scale, item.cost_minor) if item is not None else (1, 0)
        own = half_up(line.quantity * unit_cost, scale)
        paid = None if line.price_minor is None else half_up(line.quantity * line.price_minor, scale)
        price = None if price is None or paid is None else price + paid
        cost += own
        listed = rules.prices.get(f"{line.item}|{tier}") or rules.prices.get(line.item)
        below = below or (
            listed is not None and line.price_minor is not None and line.price_minor < listed.floor_minor
        )
        amounts.append(
            Amount(item=line.item, quantity=ceil_div(line.quantity, scale), value_minor=max(paid or 0, own))
        )
    return Past(
        at=at,
        promise=promise.id,
        decision="",
        ref=promise.ref,
        actor=(known.seller if known is not None else "") or promise.actor,
        customer=promise.customer or "",
        tier=tier,
        verb=Verb.commit,
        is_hold=False,
        figures=Figures(
            amounts=tuple(amounts),
            days_late=max(0, *(line.first_promised_on - line.requested_on for line in promise.lines)),
            price_minor=price,
            cost_minor=cost,
            below_floor=below,
        ),
        expires_at=None,
        was=Answer.allow,
    )


def _broken(tx: Tx, ids: list[str]) -> dict[str, str]:
    """How the promises were not kept: later than first promised, or not as they stood."""
    found: dict[str, str] = {}
    for start in range(0, len(ids), _PAGE):
        piece = ids[start : start + _PAGE]
        rows = reads.commitments_of(tx, piece)
        why = reads.late_or_uncovered(tx, rows)
        for commitment in rows:
            if commitment.id in why:
                found.setdefault(commitment.promise, why[commitment.id])
        for promise in store.promises(tx, piece).values():
            if any(line.promised_on > line.first_promised_on for line in promise.lines):
                found.setdefault(promise.id, "it was moved to a later day")
    return found

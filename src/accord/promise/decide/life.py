"""May this verb be done to this promise now? Refusals that need no look at supply, in their order."""

from __future__ import annotations

from accord.kit.days import Day, Instant, local_day
from accord.ledger.decide.graph import Graph
from accord.ledger.decide.trial import Trial
from accord.ledger.model import State, node_of
from accord.policy.model import Book
from accord.promise.decide.case import Case, terms_of
from accord.promise.decide.standing import Standing
from accord.promise.model import Promise, Refusal, Request, Verb

_A_SECOND = 1_000_000
_ABOUT_A_PROMISE = (Verb.amend, Verb.release, Verb.cancel)


def decides_anew(request: Request) -> bool:
    """Whether the request is about lines, not only about how long or how firmly what is promised stands."""
    verb = request.verb
    if verb is Verb.commit or verb is Verb.hold:
        return bool(request.lines)
    return verb is Verb.ask or verb is Verb.quote or verb is Verb.amend


def restates(request: Request) -> bool:
    """Whether the request asks for the same draws again, firm or for longer."""
    return request.verb in (Verb.hold, Verb.commit) and request.promise is not None and not request.lines


def still_covered(trial: Trial, standing: Standing, before: Promise | None, book: Book) -> bool:
    """Whether everything a hold drew can be drawn again; the trial, on which it was given back, is left as it was.

    Supply may have broken since it was held: then hardening it would be a promise that is not covered. What the hold
    proposed itself counts with what it draws, so that where others are short its own lot still carries it.
    """
    customer = book.customers.get(before.customer or "") if before is not None else None
    terms = terms_of(customer)
    gone = {(supply.key, supply.id) for supply in standing.drops}
    given = {(draw.key, draw.id) for draw in standing.gives}
    return trial.bears(
        [(s.key, s.on, s.quantity, s.expires_on or 0) for s in standing.supplies if (s.key, s.id) in gone],
        [
            (draw.key, draw.on, draw.quantity, draw.life_days)
            for draw in standing.draws
            # Limits are judged with the rights.
            if (draw.key, draw.id) in given and not draw.key.startswith("limit:")
        ],
        terms=terms,
        borrow=before is not None and before.figures is not None and before.figures.borrow,
    )


def still_in_time(graph: Graph, standing: Standing, now: Instant) -> bool:
    """Whether what a hold keeps can still leave on its days, and what it would make, move or buy still begin on its own.

    A hold may last for days: what it draws stays free for it, but the time that its dates need goes by.
    """
    held = [(c.site, c.ship_on) for c in standing.commitments if c.state is State.held]
    for supply in standing.supplies:
        if supply.expires_at is not None and supply.starts_on:
            # What is moved begins where it comes from.
            origins = {
                node_of(d.key)[1]
                for d in standing.draws
                if d.owner == supply.id and d.key.startswith("node:")
            }
            held += [(site, supply.starts_on) for site in sorted(origins or {node_of(supply.key)[1]})]
    return all(site in graph.sites and graph.origin_ship_on(site, now) <= on for site, on in held)


def refusals_of_life(
    request: Request,
    before: Promise | None,
    standing: Standing | None,
    book_seconds_max: int,
    renewals_max: int,
    now: Instant,
) -> list[Refusal]:
    """What stands against the verb in the state of the promise and the length of the hold."""
    if (
        before is None
        and request.promise is None
        and request.hold_seconds is None
        and request.verb not in _ABOUT_A_PROMISE
    ):
        return []
    found: list[Refusal] = []
    names_one = request.promise is not None or request.verb in _ABOUT_A_PROMISE
    if names_one and before is None:
        return [Refusal.unknown_promise]
    if before is not None:
        found += _of_state(request, before, now)
        if request.promise_version is not None and request.promise_version != before.version:
            found.append(Refusal.changed_meanwhile)
        rows = standing.commitments if standing is not None else ()
        left = any(c.state.is_open for c in rows)
        if (request.verb is Verb.amend and any(c.fulfilled for c in rows)) or (
            before.state.is_open and rows and not left and any(c.state is State.fulfilled for c in rows)
        ):
            found.append(Refusal.already_delivered)
    if request.hold_seconds is not None and request.hold_seconds > book_seconds_max:
        found.append(Refusal.hold_too_long)
    if before is not None and before.renewals >= renewals_max and renews(request, before, now):
        found.append(Refusal.hold_renewed_too_often)
    return found


def renews(request: Request, before: Promise, now: Instant) -> bool:
    """Whether a hold lasts longer by the request; also by an amendment, or that would be the way to hold on for ever."""
    if request.verb is not Verb.amend:
        return request.verb is Verb.hold
    if before.expires_at is None or request.hold_seconds is None:
        return False
    return now + request.hold_seconds * _A_SECOND > before.expires_at


def _of_state(request: Request, before: Promise, now: Instant) -> list[Refusal]:
    found: list[Refusal] = []
    expired = before.state is State.expired or (
        before.state is State.held and before.expires_at is not None and before.expires_at <= now
    )
    wants_hold = request.verb in (Verb.release, Verb.hold)
    if wants_hold and before.state is State.committed:
        found.append(Refusal.promise_is_not_a_hold)
    if request.verb is Verb.commit and not request.lines and before.state is State.committed:
        found.append(Refusal.promise_is_not_a_hold)
    if request.verb is Verb.cancel and before.state is State.held and not expired:
        found.append(Refusal.promise_is_not_a_commitment)
    if before.state is State.fulfilled:
        found.append(Refusal.already_delivered)
    elif not before.state.is_open and before.state is not State.expired:
        found.append(Refusal.promise_is_not_open)
    if expired:
        found.append(Refusal.hold_expired)
    return found


def refusals_of_lines(case: Case) -> list[Refusal]:
    """What is wrong with what was asked, before any supply is looked at."""
    request, graph, rules = case.request, case.graph, case.rules
    found: list[Refusal] = []
    if request.customer is not None and case.customer is None:
        found.append(Refusal.unknown_customer)
    for line in request.lines:
        if line.item not in graph.items:
            found.append(Refusal.unknown_item)
        if line.site is not None and line.site not in graph.sites:
            found.append(Refusal.unknown_site)
            continue
        today = today_of_line(case, line.site)
        if line.requested_on < today:
            found.append(Refusal.day_in_the_past)
        if line.requested_on > today + rules.horizon_days:
            found.append(Refusal.beyond_horizon)
        if (
            case.leaves_hold
            and rules.hold_quantity_max is not None
            and line.quantity > rules.hold_quantity_max
        ):
            found.append(Refusal.hold_too_large)
    return found


def today_of_line(case: Case, site: str | None) -> Day:
    """Today's date where the line leaves first; UTC's where no site is known."""
    if site is None:
        ways = case.graph.ways_out(None, case.ship_to, expedite=False)
        if not ways:
            return local_day(case.now, "UTC")
        site = ways[0].site
    return case.trial.today(site)


def ends_at(request: Request, before: Promise | None, seconds: int, now: Instant) -> Instant | None:
    """When the hold that this request makes ends; None = it makes none."""
    if request.verb is Verb.hold:
        return now + (request.hold_seconds if request.hold_seconds is not None else seconds) * _A_SECOND
    if request.verb is Verb.amend and before is not None and before.state is State.held:
        if request.hold_seconds is not None:
            return now + request.hold_seconds * _A_SECOND
        return before.expires_at
    return None

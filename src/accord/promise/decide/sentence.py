"""What is the answer in words that may be read aloud? No cost, margin or name of ours that a customer should not hear."""

from __future__ import annotations

from accord.kit.days import Day, Instant, instant_iso
from accord.ledger.model import node_of
from accord.promise.decide.case import Case
from accord.promise.decide.verdict import is_denied
from accord.promise.decide.words import day_words, lines_words, quantity_words
from accord.promise.model import Limit, Line, LineVerdict, Option, Piece, Refusal, Verdict

_REFUSED: dict[Refusal, str] = {
    Refusal.unknown_item: "There is no item {item}",
    Refusal.unknown_site: "There is no site {site}",
    Refusal.unknown_customer: "There is no customer {customer}",
    Refusal.unknown_promise: "There is no promise {promise}",
    Refusal.unknown_approval: "There is no such approval",
    Refusal.day_in_the_past: "{day} is in the past",
    Refusal.beyond_horizon: "{day} is further ahead than promises are made",
    Refusal.promise_is_not_a_hold: "{promise} is not a hold: a commitment is cancelled, not released",
    Refusal.promise_is_not_a_commitment: "{promise} is not a commitment: a hold is released, not cancelled",
    Refusal.promise_is_not_open: "{promise} is no longer open",
    Refusal.already_delivered: "{promise} has been delivered, at least in part",
    Refusal.hold_expired: "The hold {promise} has expired",
    Refusal.hold_too_long: "A hold may not last that long",
    Refusal.hold_too_large: "That is more than may be held",
    Refusal.hold_renewed_too_often: "The hold {promise} has been renewed as often as allowed",
    Refusal.approval_is_not_open: "This approval was given or declined before",
    Refusal.approval_expired: "The time for this approval has passed",
    Refusal.approver_is_requester: "Whoever asks, or made or amended the promise, does not approve it",
    Refusal.changed_since_asked: "What this approval is about was changed since it was asked",
    Refusal.changed_meanwhile: "Somebody else changed {promise} meanwhile",
    Refusal.feed_too_old: "what is there is not known well enough now",
    Refusal.no_way_to_the_customer: "No site delivers to this customer",
    Refusal.no_source: "{item} is not in stock and cannot be made, moved or bought",
    Refusal.supply_short: "there is not enough supply",
    Refusal.capacity_full: "capacity is full",
    Refusal.inside_fence: "the plan may not be changed that soon",
    Refusal.lead_time_too_long: "it takes longer to get",
    Refusal.lot_too_large: "the smallest lot is too large",
    Refusal.remaining_life_too_short: "what is there does not keep long enough",
    Refusal.protected_for_others: "what is there is kept for other customers",
    Refusal.later_than_accepted: "it would come later than the customer accepts",
    Refusal.split_not_accepted: "it would come in several deliveries",
    Refusal.not_allowed: "no right of yours covers it",
    Refusal.below_margin_floor: "the price is below its floor",
    Refusal.price_expired: "the price no longer holds",
    Refusal.approval_needed: "it needs approval",
    Refusal.option_is_gone: "The option that was chosen is no longer there",
    Refusal.choice_needed: "it takes a choice",
    Refusal.not_by_then: "it cannot be there by then",
}


def sentence(
    case: Case,
    verdict: Verdict,
    options: tuple[Option, ...],
    lines: tuple[LineVerdict, ...],
    chosen: Option | None,
) -> str:
    """The answer to what was asked; after a choice, what was promised."""
    asked = case.request.lines
    if chosen is not None:
        return _yes(case, chosen, promised=True)
    if verdict is Verdict.cannot_know:
        return _unknown(case, options)
    if not options:
        return _no(case, lines)
    first = options[0]
    if len(asked) > 1:
        return _order(case, verdict, first)
    if verdict is Verdict.yes:
        return _yes(case, first, promised=False)
    if verdict in (Verdict.needs_approval, Verdict.cannot_promise):
        best = next((option for option in options if option.in_full_on_time), first)
        why = " and ".join(_REFUSED[need] for need in best.needs)
        return f"{_yes(case, best, promised=False)[:-1]}, but {why}."
    if verdict is Verdict.yes_but:
        best = next(option for option in options if option.in_full_on_time and not option.needs)
        if first.in_full_on_time:
            return f"{_yes(case, best, promised=False)[:-1]}{_condition(case, best)}."
        return f"{_yes(case, first, promised=False)[:-1]}; or all of it by {_day_of(best)}{_instead(case, best)}."
    return _not_by_then(case, asked[0], first, lines[0])


def refused(refusal: Refusal, *, line: Line | None, customer: str | None, promise: str | None) -> str:
    """The sentence of a refusal that needs no look at supply."""
    words = _REFUSED[refusal].format(
        item=line.item if line is not None else "",
        site=line.site if line is not None else "",
        day=day_words(line.requested_on) if line is not None else "",
        customer=customer,
        promise=promise,
    )
    return f"{words[0].upper()}{words[1:]}."


def held_until(at: Instant) -> str:
    """Until when, in UTC, for people."""
    return instant_iso(at)[:16].replace("T", " ") + " UTC"


def _what(case: Case, line: Line) -> str:
    return f"{quantity_words(line.quantity, case.graph.items[line.item])} {line.item}"


def _verb(case: Case, pieces: tuple[Piece, ...], *, promised: bool) -> str:
    """Delivered to somebody, or collected where no last leg is known."""
    done = "delivered" if any(piece.delivery for piece in pieces) or case.ship_to != "*" else "ready"
    if promised:
        return f"will be {done}"
    return f"can be {done}"


def _yes(case: Case, option: Option, *, promised: bool) -> str:
    lines = case.request.lines
    verb = _verb(case, option.pieces, promised=promised)
    days = sorted({piece.deliver_on for piece in option.pieces})
    if len(lines) > 1:
        when = (
            f"on {day_words(days[0])}"
            if len(days) == 1
            else f"by {day_words(days[-1])}, the first on {day_words(days[0])}"
        )
        return f"All {lines_words(len(lines))} {verb} {when}."
    line = lines[0]
    what = _what(case, line)
    if option.kind == "substitute":
        record = case.graph.items[option.pieces[0].item]
        what = f"{quantity_words(line.quantity, record)} {record.id} instead of {line.item}"
    if len(days) > 1:
        return f"{what} {verb} in {len(days)} deliveries: {_by_day(case, option)}."
    return f"{what} {verb} by {day_words(days[0])}{_parts(case, option)}."


def _by_day(case: Case, option: Option) -> str:
    amounts: dict[Day, int] = {}
    for piece in option.pieces:
        amounts[piece.deliver_on] = amounts.get(piece.deliver_on, 0) + piece.quantity
    record = case.graph.items[option.pieces[0].item]
    return ", ".join(
        f"{quantity_words(part, record)} on {day_words(day)}" for day, part in sorted(amounts.items())
    )


def _parts(case: Case, option: Option) -> str:
    """Where it comes from: ": 420 now, 80 with PO 4711"; nothing when all of it is there now."""
    amounts: dict[str, int] = {}
    names: list[str] = []  # of receipts
    for piece in option.pieces:
        left = piece.quantity
        for row in piece.evidence:
            part = min(left, row.quantity)
            left -= part
            words = _source(case, row.source)
            if words.startswith("with "):
                names.append(words.removeprefix("with "))
                words = "with"
            amounts[words] = amounts.get(words, 0) + part
    if not amounts or list(amounts) == ["now"]:
        return ""
    record = case.graph.items[option.pieces[0].item]
    said = {"with": f"with {_list(list(dict.fromkeys(names)))}"}
    if len(amounts) == 1:
        return f", {said.get(next(iter(amounts)), next(iter(amounts)))}"
    return ": " + ", ".join(
        f"{quantity_words(part, record)} {said.get(words, words)}" for words, part in amounts.items()
    )


def _list(names: list[str]) -> str:
    """ "PO 1", "PO 1 and PO 2", "PO 1, PO 2 and 3 more"."""
    if len(names) > 3:
        return f"{', '.join(names[:2])} and {len(names) - 2} more"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _source(case: Case, source: str) -> str:
    kind, _, name = source.partition(":")
    if source == "on hand":
        return "now"
    if kind == "make" and name in case.graph.operations:
        return "made to order"
    if kind == "move" and name in case.graph.lanes:
        return f"from {case.graph.sites[case.graph.lanes[name].origin].name}"
    if kind == "buy" and name in case.graph.terms:
        return "ordered in"
    return f"with {source}"


def _day_of(option: Option) -> str:
    return day_words(max(piece.deliver_on for piece in option.pieces))


def _instead(case: Case, option: Option) -> str:
    """What must be agreed to for this option, beside another one."""
    if option.kind == "substitute":
        return f" with {option.pieces[0].item} instead"
    return _condition(case, option)


def _condition(case: Case, option: Option) -> str:
    match option.kind:
        case "split_site":
            names = dict.fromkeys(case.graph.sites[piece.site].name for piece in option.pieces)
            return f", in {len(option.pieces)} deliveries from {' and '.join(names)}"
        case "expedite":
            return ", expedited at extra cost"
        case _:
            return ""


def _not_by_then(case: Case, line: Line, first: Option, verdict: LineVerdict) -> str:
    record = case.graph.items[line.item]
    why = _why(case, verdict.limit)
    asked = f"{_what(case, line)} cannot all be there by {day_words(line.requested_on)}{why}"
    on_time = sum(piece.quantity for piece in first.pieces if piece.deliver_on <= line.requested_on)
    if 0 < on_time < line.quantity:
        rest = [piece for piece in first.pieces if piece.deliver_on > line.requested_on]
        last = max(piece.deliver_on for piece in rest)
        left = quantity_words(sum(piece.quantity for piece in rest), record)
        return f"{asked}: {quantity_words(on_time, record)} then, {left} by {day_words(last)}."
    last = max(piece.deliver_on for piece in first.pieces)
    return f"{asked}: all of it by {day_words(last)}."


def _why(case: Case, limit: Limit | None) -> str:
    """The step that limits, for people; inside the firm's walls the limit itself says more."""
    assert limit is not None  # what is late is late because of something
    if limit.ref and limit.until is not None:
        return f", {limit.ref} arrives {day_words(limit.until)}"
    if limit.why is Refusal.no_source:
        item = node_of(limit.key)[0] if limit.key.startswith("node:") else ""
        return f", {item} is not there by then" if item else ""
    return f", {_REFUSED[limit.why].format(item='', site='', day='', customer='', promise='')}"


def _order(case: Case, verdict: Verdict, first: Option) -> str:
    if verdict in (Verdict.yes, Verdict.yes_but):
        return _yes(case, first, promised=False)
    if verdict in (Verdict.needs_approval, Verdict.cannot_promise):
        why = " and ".join(_REFUSED[need] for need in first.needs) or _REFUSED[Refusal.approval_needed]
        return f"{_yes(case, first, promised=False)[:-1]}, but {why}."
    lines = case.request.lines
    late = sorted({p.line for p in first.pieces if p.deliver_on > lines[p.line].requested_on})
    last = max(piece.deliver_on for piece in first.pieces)
    return (
        f"{len(lines) - len(late)} of {lines_words(len(lines))} can be there on the day asked for, "
        f"all of them by {day_words(last)}."
    )


def _unknown(case: Case, options: tuple[Option, ...]) -> str:
    lines = case.request.lines
    what = _what(case, lines[0]) if len(lines) == 1 else f"all {lines_words(len(lines))}"
    when = f" by {day_words(lines[0].requested_on)}" if len(lines) == 1 else ""
    if len(lines) > 1 and not all(is_denied(option) for option in options):
        when = " on the day asked for"  # that they can on another one is known
    return f"It cannot be known whether {what} can be there{when}: the stock was last counted too long ago."


def _no(case: Case, lines: tuple[LineVerdict, ...]) -> str:
    bad = [verdict for verdict in lines if verdict.verdict is Verdict.cannot_promise] or list(lines)
    asked = case.request.lines
    worst = bad[0]
    line = asked[worst.line]
    what = _what(case, line)
    if worst.verdict is not Verdict.cannot_promise:
        return f"The {lines_words(len(asked))} cannot be delivered together."
    reason = worst.refusals[0] if worst.refusals else Refusal.supply_short
    if reason in (Refusal.no_source, Refusal.no_way_to_the_customer):
        words = refused(reason, line=line, customer=None, promise=None)
        return f"{what} cannot be promised. {words}"
    return f"{what} cannot be promised: {_REFUSED[reason].format(item=line.item, site='', day='', customer='', promise='')}."

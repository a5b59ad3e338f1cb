"""How is what happened to a promise told: one sentence each, with when, who and why?"""

from __future__ import annotations

from accord.kit.days import Day
from accord.ledger.model import OpenException, node_of
from accord.ledger.said import day, moment, number, thing
from accord.ledger.service.promised import Told
from accord.promise.model import Promise, PromiseLine
from accord.promise.pages.shown import Shown
from accord.promise.service.course import Happened, Kind

# What news is called that uncovered something.
NEWS = {
    "Counted": "a count",
    "ReceiptStated": "a receipt that was stated anew",
    "ReceiptArrived": "a receipt that arrived otherwise",
    "Shipped": "a shipment",
    "MasterStated": "a change of master data",
    "DayRolled": "a day that passed",
    "OpeningLine": "an order promised elsewhere",
    "HoldsExpired": "holds that ended",
    "ReceiptsDropped": "a receipt that was given up",
}
_TONES = {
    Kind.held: "care",
    Kind.extended: "care",
    Kind.asked: "care",
    Kind.amended: "care",
    Kind.committed: "good",
    Kind.hardened: "good",
    Kind.approved: "good",
    Kind.covered: "good",
    Kind.left: "good",
    Kind.uncovered: "bad",
    Kind.declined: "bad",
}
_PLAIN = {
    Kind.opened: "Promised elsewhere, before Accord",
    Kind.hardened: "Committed what was held",
    Kind.released: "Released",
    Kind.cancelled: "Cancelled",
    Kind.expired: "The hold ended by itself",
}


def told(one: Happened, shown: Shown) -> dict[str, str]:
    """One entry of the timeline."""
    what, note = _said(one, shown)
    href = ""
    if one.decision is not None and one.decision.approval:
        href = f"/approvals/{one.decision.approval}"
    return {
        "at": moment(one.at, shown.names.today),
        "what": what,
        "who": one.actor,
        "tone": _TONES.get(one.kind, "none"),
        "note": note,
        "href": href,
    }


def _said(one: Happened, shown: Shown) -> tuple[str, str]:
    today = shown.names.today
    match one.kind:
        case Kind.held | Kind.extended:
            until = one.decision.expires_at if one.decision is not None else None
            word = "Held" if one.kind is Kind.held else "Held longer, until"
            ends = moment(until, today) if until is not None else ""
            lines = _lines(one.after, shown)
            return (f"Held {lines} until {ends}" if one.kind is Kind.held else f"{word} {ends}"), _why(one)
        case Kind.committed:
            return f"Committed {_lines(one.after, shown)}", _why(one)
        case Kind.amended | Kind.approved if one.before is not None and one.after is not None:
            word = "Amended" if one.kind is Kind.amended else "Approved"
            changes = differences(one.before, one.after, shown)
            return f"{word}: {'; '.join(changes)}" if changes else word, _why(one)
        case Kind.asked:
            role = (
                one.decision.ruling.ask
                if one.decision is not None and one.decision.ruling is not None
                else ""
            )
            return f"Asked the {role or 'approver'} to agree", _why(one)
        case Kind.approved | Kind.declined:
            return one.kind.value.capitalize(), _why(one)
        case Kind.uncovered:
            assert one.exception is not None
            return f"{short(one.exception, shown)} not covered by supply", cause(one.told)
        case Kind.covered:
            assert one.exception is not None
            return _over(
                one.exception
            ), one.exception.closed_why if one.exception.closed_why not in _OVER else ""
        case Kind.left:
            assert one.movement is not None
            item, site = node_of(one.movement.key)
            return (
                f"{quantity(shown, -one.movement.quantity, item)} {item} left {shown.names.sites[site].name if site in shown.names.sites else site}",
                "",
            )
        case _:
            return _PLAIN[one.kind], _why(one)


_OVER = ("covered again", "")


def _over(exception: OpenException) -> str:
    return "Covered by supply again" if exception.closed_why in _OVER else "No longer uncovered"


def short(exception: OpenException, shown: Shown) -> str:
    """How much of what is short: "80 X-100 at Halden"."""
    item = node_of(exception.key)[0]
    return f"{quantity(shown, exception.short, item)} {thing(exception.key)}"


def cause(news: Told | None) -> str:
    """What uncovered it, and who told it."""
    if news is None:
        return ""
    return f"Because of {NEWS.get(news.kind, 'news of supply')}, told by {news.actor}."


def differences(before: Promise, after: Promise, shown: Shown) -> list[str]:
    """What an amendment changed, line by line."""
    found = []
    old = {line.line: line for line in before.lines}
    for line in after.lines:
        was = old.pop(line.line, None)
        if was is None:
            found.append(f"{_line(line, shown)} added")
            continue
        changes = _changes(was, line, shown)
        if changes:
            found.append(f"{line.item} {', '.join(changes)}")
    return [*found, *(f"{_line(line, shown)} left out" for line in old.values())]


def _changes(was: PromiseLine, line: PromiseLine, shown: Shown) -> list[str]:
    today = shown.names.today
    if was.item != line.item:
        return [f"instead of {was.item}"]
    found = []
    if was.quantity != line.quantity:
        found.append(
            f"{quantity(shown, was.quantity, line.item)} → {quantity(shown, line.quantity, line.item)}"
        )
    if was.promised_on != line.promised_on:
        found.append(f"{_day(was.promised_on, today)} → {_day(line.promised_on, today)}")
    if was.price_minor != line.price_minor:
        found.append(f"{shown.money(was.price_minor)} → {shown.money(line.price_minor)}")
    return found


def quantity(shown: Shown, n: int, item: str) -> str:
    """Base units as people state them."""
    known = shown.names.items.get(item)
    return number(n, known.scale if known is not None else 1)


def _day(on: Day, today: Day) -> str:
    return day(on, today)


def _line(line: PromiseLine, shown: Shown) -> str:
    return f"{quantity(shown, line.quantity, line.item)} {line.item}"


def _lines(promise: Promise | None, shown: Shown) -> str:
    if promise is None:
        return ""
    first, today = promise.lines[0], shown.names.today
    if len(promise.lines) > 1:
        return (
            f"{len(promise.lines)} lines for {_day(max(line.promised_on for line in promise.lines), today)}"
        )
    return f"{_line(first, shown)} for {_day(first.promised_on, today)}"


def _why(one: Happened) -> str:
    """By which right it was done, and what was said with it."""
    if one.decision is None:
        return ""
    words = []
    if one.decision.request.note:
        words.append(f"“{one.decision.request.note}”")
    ruling = one.decision.ruling
    if one.kind is Kind.asked and ruling is not None:
        words += [because(reason) for reason in ruling.because]
    elif ruling is not None and ruling.by:
        words.append(f"By the right {ruling.by}.")
    return " ".join(words)


def because(words: str) -> str:
    """A reason without the name of its rule, as a sentence of its own."""
    plain = words.partition(": ")[2] or words
    return f"{plain[:1].upper()}{plain[1:]}."

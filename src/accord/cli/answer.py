"""How is a decision shown on a terminal, and with which exit code does it end?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from accord.cli.endings import APPROVAL, CANNOT, CHANGED, DONE, STALE, USAGE
from accord.promise import said
from accord.promise.model import Refusal, Verb, Verdict

if TYPE_CHECKING:
    from accord.cli.terminal import Terminal
    from accord.promise.api.catalogue import Catalogue
    from accord.promise.model import Decision, Option

_MARKS = {
    Verdict.yes: "✔",
    Verdict.yes_but: "◐",
    Verdict.needs_approval: "⚑",
    Verdict.not_by_then: "✘",
    Verdict.cannot_promise: "✘",
    Verdict.cannot_know: "?",
    Verdict.done: "✔",
}
_STYLES = {
    Verdict.yes: "bold green",
    Verdict.yes_but: "bold yellow",
    Verdict.needs_approval: "bold yellow",
    Verdict.not_by_then: "bold red",
    Verdict.cannot_promise: "bold red",
    Verdict.cannot_know: "bold yellow",
    Verdict.done: "bold green",
}
_OF_VERDICT = {
    Verdict.yes: DONE,
    Verdict.yes_but: DONE,
    Verdict.needs_approval: APPROVAL,
    Verdict.not_by_then: CANNOT,
    Verdict.cannot_promise: CANNOT,
    Verdict.cannot_know: STALE,
    Verdict.done: DONE,
}
_CHANGED = {
    Refusal.option_is_gone,
    Refusal.hold_expired,
    Refusal.promise_is_not_open,
    Refusal.already_delivered,
    Refusal.approval_is_not_open,
    Refusal.approval_expired,
    Refusal.changed_since_asked,
    Refusal.changed_meanwhile,
}
_USAGE = {
    Refusal.unknown_item,
    Refusal.unknown_site,
    Refusal.unknown_customer,
    Refusal.unknown_promise,
    Refusal.unknown_approval,
    Refusal.day_in_the_past,
    Refusal.beyond_horizon,
    Refusal.promise_is_not_a_hold,
    Refusal.promise_is_not_a_commitment,
    Refusal.hold_too_long,
    Refusal.hold_too_large,
}
_APPROVAL = {Refusal.approval_needed, Refusal.below_margin_floor}


def exit_code(decision: Decision, *, wanted: bool) -> int:
    """The exit code of a decision; `wanted`: something was to be done, so that only its being done is a yes."""
    if said.is_done(decision):
        return DONE
    if said.is_asking(decision):
        return APPROVAL
    refusals = set(decision.refusals)
    if refusals & _USAGE:
        return USAGE
    if refusals & _CHANGED:
        return CHANGED
    if Refusal.feed_too_old in refusals:
        return STALE
    if wanted:
        return APPROVAL if refusals & _APPROVAL or decision.verdict is Verdict.needs_approval else CANNOT
    return _OF_VERDICT[decision.verdict]


def take(decision: Decision, option: str | None) -> int | None:
    """The index of the option that a commit of this answer takes; None when it takes none."""
    for index, one in enumerate(decision.options):
        if option in (one.id, str(index + 1)):
            return index
        if option is None and one.in_full_on_time and not one.needs:
            return index
    return None


def show(terminal: Terminal, decision: Decision, known: Catalogue, *, why: bool) -> None:
    """The verdict, the sentence, the options and, when asked, the arithmetic."""
    from rich.text import Text

    is_done = said.is_done(decision)
    # What was taken although it is late is a yes to the option: what the question was answered with stands under `why`.
    verdict = Verdict.yes_but if is_done and _OF_VERDICT[decision.verdict] != DONE else decision.verdict
    terminal.show(
        Text.assemble(
            (f"{_MARKS[verdict]} {said.VERDICTS[verdict]}", _STYLES[verdict]), f"  {decision.sentence}"
        )
    )
    for refusal in decision.refusals if why or not is_done else ():
        terminal.say("  " + " ".join(said.REFUSALS[refusal]))
    if not is_done:
        _show_ruling(terminal, decision)
    if said.is_asking(decision):
        terminal.say(
            f"  Asked: {decision.approval}" + (f", kept as {decision.promise}" if decision.promise else "")
        )
    if decision.promise is not None and is_done:
        terminal.say(f"  {_kept(decision)} {decision.promise}")
    if decision.request.verb is Verb.quote and is_done:
        terminal.say(f"  {_quoted(decision, known)}")
    if decision.options and (decision.chosen is None or why):
        terminal.say()
        _show_options(terminal, decision, known)
    if why:
        _show_why(terminal, decision, known)


def next_step(decision: Decision) -> str:
    """The command one would type next."""
    verb, promise = decision.request.verb, decision.promise
    if said.is_asking(decision):
        return f"accord approve {decision.approval}, by somebody who may"
    if decision.refusals and decision.refusals[0] in _APPROVAL and verb is not Verb.ask:
        return "the same with --ask-approval"
    if verb is Verb.ask:
        return "the same with hold or commit" + ("" if len(decision.options) < 2 else ", and --option N")
    if verb is Verb.quote and said.is_done(decision):
        return "the same with hold or commit, while the price holds"
    if not said.is_done(decision):
        return "the same with --option N" if decision.options else "accord promises"
    if promise is None:
        return "accord promises"
    return f"accord commit {promise} --yes" if verb is Verb.hold else f"accord show {promise} --why"


def _kept(decision: Decision) -> str:
    from accord.kit.days import instant_iso

    if decision.request.verb is Verb.hold and decision.expires_at is not None:
        return f"Held until {instant_iso(decision.expires_at)[:16].replace('T', ' ')} UTC:"
    return "Promised:"


def _quoted(decision: Decision, known: Catalogue) -> str:
    from accord.kit.days import instant_iso

    price = decision.options[decision.chosen or 0].price_minor
    until = (
        f" The price holds until {instant_iso(decision.price_until)[:16].replace('T', ' ')} UTC."
        if decision.price_until
        else ""
    )
    return f"Quoted: {said.money(price, known.units.currency)}.{until} Nothing is kept for it."


def _show_ruling(terminal: Terminal, decision: Decision) -> None:
    """Who must agree and why, of what was asked for, or of the first option that is not free."""
    option = next((one for one in decision.options if one.needs), None)
    ruling = decision.ruling or (option.ruling if option is not None else None)
    if ruling is None or (decision.ruling is None and decision.chosen is None and _is_free(decision)):
        return
    for words in (said.ruling(ruling), *ruling.because):
        terminal.say(f"  {words}")


def _is_free(decision: Decision) -> bool:
    return any(not one.needs for one in decision.options)


def _show_options(terminal: Terminal, decision: Decision, known: Catalogue) -> None:
    rows = []
    for number, option in enumerate(decision.options, 1):
        mark = "→" if decision.chosen == number - 1 else ""
        rows.append(
            [
                mark,
                str(number),
                said.kind(option.kind),
                _deliveries(option, decision, known),
                said.money(option.price_minor, known.units.currency),
                said.money(option.margin_minor, known.units.currency),
                option.difference,
            ]
        )
    terminal.table(
        ["", "#", "option", "deliveries", "price", "margin", "difference"], rows, right=["price", "margin"]
    )


def _deliveries(option: Option, decision: Decision, known: Catalogue) -> str:
    several = len({piece.item for piece in option.pieces}) > 1 or any(
        piece.item != decision.asked[piece.line].item for piece in option.pieces if decision.asked
    )
    words = []
    for piece in option.pieces:
        quantity = known.units.quantity(piece.quantity, piece.item)
        item = f" {piece.item}" if several else ""
        words.append(f"{quantity}{item} on {said.day(piece.deliver_on, decision.today)} from {piece.site}")
    return "\n".join(words)


def _cost(decision: Decision, option: Option, known: Catalogue) -> list[str]:
    """What it costs, how old that is, and how long the price holds."""
    from accord.kit.days import instant_iso

    cost = said.money(option.cost_minor, known.units.currency)
    age = "some of it is not dated"
    if option.cost_at is not None:
        days = (decision.now - option.cost_at) // 86_400_000_000
        ago = "today" if days < 1 else "1 day ago" if days == 1 else f"{days} days ago"
        age = f"the oldest of it confirmed {instant_iso(option.cost_at)[:16].replace('T', ' ')} UTC, {ago}"
    words = [f"Cost: {cost} as of now, {age}"]
    if option.price_seconds:
        until = instant_iso(decision.now + option.price_seconds * 1_000_000)[:16].replace("T", " ")
        words.append(f"The price holds until {until} UTC")
    return words


def _show_why(terminal: Terminal, decision: Decision, known: Catalogue) -> None:
    index = decision.chosen or 0
    if decision.options:
        option = decision.options[index]
        rows = [
            [
                piece.item,
                said.source(one.source),
                known.units.quantity(one.quantity, piece.item),
                said.day(one.on, decision.today) if one.on else "now",
                one.note,
            ]
            for piece in option.pieces
            for one in piece.evidence
        ]
        terminal.say(f"\nWhy option {index + 1}: what covers it")
        terminal.table(["item", "source", "quantity", "from", "note"], rows, right=["quantity"])
        for words in _cost(decision, option, known):
            terminal.say(words)
    for line in decision.lines:
        if line.limit is not None:
            terminal.say(f"What limits it: {said.limit(line.limit, known.names.items, decision.today)}")
    terminal.say(
        f"\nPolicy {decision.policy_version}, master data {decision.graph_version}, engine {decision.engine_version}"
        + (f", decision {decision.id}" if decision.id else "")
    )

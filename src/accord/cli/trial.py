"""How is it shown what other rights would have changed, and over what time?"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from accord.cli.terminal import Terminal
    from accord.kit.days import Instant
    from accord.promise.service import Retrial

_SPAN = re.compile(r"(\d{4}-\d\d-\d\d)\.\.(\d{4}-\d\d-\d\d)")
_SHOWN_MAX = 20


def span_of(text: str, now: Instant) -> tuple[Instant, Instant]:
    """From and until of a span, calendar days of UTC."""
    from accord.kit.days import day_of, midnight
    from accord.policy.model import Period
    from accord.promise.service import last_period

    match = _SPAN.fullmatch(text.strip())
    if match is not None:
        first, last = day_of(match[1], pointer="--on"), day_of(match[2], pointer="--on")
        if last <= first:
            raise click.UsageError(f"--on {text}: the second day comes after the first.")
        return midnight(first, "UTC"), midnight(last, "UTC")
    name = text.strip().removeprefix("last-")
    if not text.strip().startswith("last-") or name not in ("week", "month", "quarter", "year"):
        raise click.UsageError("--on is last-week, last-month, last-quarter, last-year, or FROM..TO.")
    return last_period(Period(name), now)


def show_trial(terminal: Terminal, found: Retrial, span: str) -> None:
    """How many would have been answered how, which of them were not kept, and the list."""
    from accord.kit.days import instant_iso
    from accord.policy.model import Answer

    asked, denied = found.count(Answer.ask), found.count(Answer.deny)
    broken_asked, broken_denied = (found.count(one, broken_only=True) for one in (Answer.ask, Answer.deny))
    if terminal.as_json:
        terminal.give(
            {
                "from": instant_iso(found.from_at),
                "until": instant_iso(found.until_at),
                "judged": len(found.rows),
                "allowed": found.count(Answer.allow),
                "asked": asked,
                "denied": denied,
                "asked_before": found.asked_before,
                "broken": found.broken,
                "broken_asked": broken_asked,
                "broken_denied": broken_denied,
                "items": [
                    {
                        "promise": one.tried.past.promise,
                        "decision": one.tried.past.decision or None,
                        "ref": one.tried.past.ref,
                        "at": instant_iso(one.tried.past.at),
                        "actor": one.tried.past.actor,
                        "customer": one.tried.past.customer or None,
                        "verb": one.tried.past.verb.value,
                        "answer": one.tried.ruling.answer.value,
                        "ask": one.tried.ruling.ask or None,
                        "by": one.tried.ruling.by,
                        "because": list(one.tried.ruling.because),
                        "was": one.tried.past.was.value,
                        "broken": one.broken or None,
                    }
                    for one in found.rows
                    if one.tried.ruling.answer is not Answer.allow or one.broken
                ],
            }
        )
        return
    terminal.say(
        f"{len(found.rows):,} decisions of {span} judged again: {found.count(Answer.allow):,} would have been allowed,"
    )
    terminal.say(f"  {asked:,} gone to approval ({found.asked_before:,} did), {denied:,} denied.")
    terminal.say(
        f"{found.broken:,} promises were not kept: {broken_denied:,} of them would not have been made,"
        f" {broken_asked:,} not without another's word."
    )
    rows = [
        [
            one.tried.past.ref or one.tried.past.promise,
            one.tried.past.customer,
            one.tried.past.actor,
            _answered(one.tried.ruling.answer.value, one.tried.ruling.ask),
            one.tried.ruling.because[0] if one.tried.ruling.because else one.tried.ruling.by,
            one.broken,
        ]
        # What it would have prevented comes first.
        for one in sorted(found.rows, key=lambda one: not one.broken)
        if one.tried.ruling.answer is not Answer.allow
    ]
    if rows:
        terminal.say()
        terminal.table(["promise", "customer", "by", "then", "because", "not kept"], rows[:_SHOWN_MAX])
    if len(rows) > _SHOWN_MAX:
        terminal.note(f"{len(rows) - _SHOWN_MAX:,} more with --json.")


def _answered(answer: str, ask: str) -> str:
    return f"ask {ask}" if ask else answer

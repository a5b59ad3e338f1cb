"""How is a notice said to people?"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

import msgspec

from accord.kit.days import Instant
from accord.ledger.said import age, moment
from accord.web.notices.kept import Notice

APPROVAL_ASKED = "approval_asked"
APPROVAL_DECIDED = "approval_decided"
HOLD_ENDS = "hold_ends"
UNCOVERED = "uncovered"
FREED = "freed"

KINDS: Mapping[str, str] = {
    APPROVAL_ASKED: "Somebody asks for your approval",
    APPROVAL_DECIDED: "What you asked for is decided",
    HOLD_ENDS: "A hold of yours is about to end",
    UNCOVERED: "A promise is no longer covered",
    FREED: "Supply that you wanted became free",
}
_TONES = {APPROVAL_ASKED: "care", HOLD_ENDS: "care", UNCOVERED: "bad", FREED: "good"}
_HOUR = 3_600_000_000


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """A notice in words."""

    id: str
    kind: str
    tone: str
    sentence: str
    note: str
    href: str  # where one does something about it
    age: str
    is_new: bool
    is_over: bool
    subjects: tuple[tuple[str, str], ...]  # (words, address): all of what it is about
    more: int


def ask_again(line: str) -> str:
    """The address that asks for this again."""
    return f"/?{urlencode({'q': line})}"


def said(notice: Notice, now: Instant) -> Said:
    """One notice in words."""
    subjects = tuple((one.what, one.href) for one in notice.body.subjects.values())
    count = len(subjects) + notice.body.more
    sentence, note = _words(notice, subjects[0][0] if subjects else "a promise", count, now)
    is_over = notice.over_at is not None
    return Said(
        id=notice.id,
        kind=notice.kind,
        tone="none" if is_over else _tone(notice),
        sentence=sentence,
        note=note,
        href=subjects[0][1] if count == 1 and subjects else f"/notifications/{notice.id}",
        age=age(notice.changed_at, now),
        is_new=notice.is_new,
        is_over=is_over,
        subjects=subjects,
        more=notice.body.more,
    )


def _tone(notice: Notice) -> str:
    if notice.kind == APPROVAL_DECIDED:
        return "good" if notice.body.words.startswith("approved") else "bad"
    return _TONES.get(notice.kind, "none")


def _words(notice: Notice, first: str, count: int, now: Instant) -> tuple[str, str]:
    words, is_over = notice.body.words, notice.over_at is not None
    match notice.kind:
        case "approval_asked":
            return (
                (f"{first}: {words}.", "") if is_over else (f"{words} asks for your approval: {first}.", "")
            )
        case "approval_decided":
            state, _, who = words.partition(" by ")
            return f"{state.capitalize()}: {first}.", f"By {who}." if who else ""
        case "hold_ends":
            if is_over:
                return f"Your hold of {first}: {words or 'it was decided'}.", ""
            return f"Your hold of {first} ends in {_left(int(words) - now)}.", (
                f"At {moment(int(words))}. Commit it, or keep it longer if you may."
            )
        case "uncovered":
            what = first if count == 1 else f"{count} promises"
            if is_over:
                return f"Covered again: {what}.", ""
            return f"{what} {'is' if count == 1 else 'are'} no longer covered.", (
                "" if count == 1 else f"One cause: {first}, and {count - 1} more."
            )
        case _:
            what = first if count == 1 else f"{first}, and {count - 1} more"
            return f"Some of what you wanted became free: {what}.", "Ask again; somebody else may, too."


def _left(microseconds: int) -> str:
    hours = max(0, microseconds) // _HOUR
    if hours >= 1:
        return f"{round(microseconds / _HOUR)} h"
    return f"{max(1, microseconds // 60_000_000)} min"

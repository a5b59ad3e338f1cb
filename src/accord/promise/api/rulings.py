"""What do the decision rights say, in JSON?"""

from __future__ import annotations

import msgspec

from accord.promise import model


class Ruling(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What the decision rights say."""

    answer: str  # allow, ask, deny
    by: str  # the right or the cumulative limit that says so; "" = no right covers it
    role: str  # on whose authority
    ask: str | None  # the role that must agree
    because: list[str]  # what was exceeded, by how much; not for customers


def ruling_out(ruling: model.Ruling | None) -> Ruling | None:
    """What the rights say."""
    if ruling is None:
        return None
    return Ruling(
        answer=ruling.answer.value,
        by=ruling.by,
        role=ruling.role,
        ask=ruling.ask or None,
        because=list(ruling.because),
    )

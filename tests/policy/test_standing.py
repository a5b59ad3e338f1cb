"""How an edition stands is told from its dates and from what is in force, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from accord.policy.decide.standing import standing
from accord.policy.model import Edition, Rights

STATED = 1_800_000_000_000_000  # a moment
MONTH = 30 * 86_400 * 1_000_000
TWO: dict[str, Any] = {"second": "manager", "over": "before"}  # another person must agree to it


@pytest.mark.parametrize(
    ("more", "in_force", "later", "said"),
    [
        ({"applied_at": STATED}, "this", 0, "in force"),
        ({"applied_at": STATED}, "other", 0, "was in force"),
        ({"applied_at": STATED}, "", 0, "was in force"),
        ({}, "", 0, "waits for its day"),
        ({}, "before", 2 * MONTH, "waits for its day"),  # where nobody must agree nothing runs out
        ({}, "other", 0, "waits for its day"),
        (TWO, "before", 0, "waits for another person"),
        ({"second": "manager"}, "", 0, "waits for another person"),  # the first of all
        ({**TWO, "agreed_by": "mia"}, "before", 0, "waits for its day"),
        ({**TWO, "agreed_by": "mia"}, "other", 2 * MONTH, "waits for its day"),
        (TWO, "other", 0, "superseded"),
        (TWO, "", 0, "superseded"),
        ({"second": "manager"}, "other", 0, "superseded"),  # stated when there was none
        (TWO, "before", MONTH, "waits for another person"),
        (TWO, "before", MONTH + 1, "expired"),
        (TWO, "other", MONTH + 1, "superseded"),  # it was so before its time was over
        ({"withdrawn_at": STATED}, "", 0, "withdrawn"),
        ({**TWO, "withdrawn_at": STATED}, "other", MONTH + 1, "withdrawn"),
        ({**TWO, "agreed_by": "mia", "withdrawn_at": STATED}, "before", 0, "withdrawn"),
    ],
)
def test_an_edition_stands_as_its_dates_and_what_is_in_force_say(
    more: dict[str, Any], in_force: str, later: int, said: str
) -> None:
    edition = Edition(id="this", rights=Rights(), stated_at=STATED, **more)

    assert standing(edition, in_force, STATED + later).value == said

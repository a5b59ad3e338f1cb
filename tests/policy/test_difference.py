"""What another edition of the rules would change, row by row."""

from __future__ import annotations

import pytest

from accord.policy.decide.difference import changes, summary
from accord.policy.model import (
    Actor,
    Answer,
    Counted,
    CumulativeLimit,
    Edition,
    Period,
    Right,
    Rights,
    Rules,
    Subject,
    Tier,
)

A = Right(id="a", role="seller", then=Answer.allow, quantity_max=50)
B = Right(id="b", role="seller", then=Answer.ask, ask="boss")
LIMIT = CumulativeLimit(
    id="week", of=Counted.value, over=Subject.customer, period=Period.week, most=500, then=Answer.deny
)
SAM = Actor(id="sam", roles=("seller",))


def said(rights: Rights | None = None, *, before: Rights | None = None, **edition: object) -> list[str]:
    """ "right a changed quantity_max: 50 to 60": what changes to these rights, one line each."""
    found = changes(
        Rules(hold_quantity_max=None),
        {"A": 1, "B": 2},
        before,
        Edition(id="e", rights=rights or Rights(), **edition),  # type: ignore[arg-type]
    )
    return [
        " ".join(f"{c.kind} {c.id} {c.what} {c.field}".split()) + f": {c.before} to {c.after}" for c in found
    ]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (Rights(), Rights(), []),
        (Rights(rights=(A,), limits=(LIMIT,), actors=(SAM,)), Rights(rights=(A,), limits=(LIMIT,), actors=(SAM,)), []),
        (None, Rights(rights=(B,)), ["right b added:  to then ask, ask boss, role seller"]),
        (Rights(rights=(A,)), Rights(), ["right a removed:  to "]),
        (Rights(rights=(A,)), Rights(rights=(Right(id="a", role="seller", then=Answer.allow, quantity_max=60),)),
         ["right a changed quantity_max: 50 to 60"]),
        (Rights(rights=(A,)), Rights(rights=(Right(id="a", role="boss", then=Answer.allow),)),
         ["right a changed role: seller to boss", "right a changed quantity_max: 50 to none"]),
        (Rights(rights=(A,)), Rights(rights=(Right(id="a", role="seller", then=Answer.allow, quantity_max=50, tiers=("A", "B")),)),
         ["right a changed tiers: any to A B"]),
        (Rights(rights=(A, B)), Rights(rights=(B, A)), ["right moved: a, b to b, a"]),
        (Rights(rights=(A,)), Rights(rights=(B, A)), ["right b added:  to then ask, ask boss, role seller"]),  # a keeps its place among those that stay
        (Rights(rights=(B, A)), Rights(rights=(A,)), ["right b removed:  to "]),
        (Rights(limits=(LIMIT,)), Rights(), ["limit week removed:  to "]),
        (Rights(), Rights(actors=(SAM,)), ["actor sam added:  to roles seller"]),
        (Rights(everybody_else="seller"), Rights(), ["everybody_else changed: seller to "]),
        (Rights(), Rights(everybody_else="seller"), ["everybody_else changed:  to seller"]),
        (Rights(actors=(SAM,)), Rights(rights=(B,)), ["right b added:  to then ask, ask boss, role seller", "actor sam removed:  to "]),
    ],
)  # fmt: skip
def test_what_differs_of_rights_limits_and_actors(
    before: Rights | None, after: Rights, expected: list[str]
) -> None:
    assert said(after, before=before) == expected


def test_a_rule_differs_where_the_edition_states_another_value() -> None:
    rules = (("fence_days", 0), ("hold_quantity_max", 10), ("currency", "USD"))

    assert said(rules=rules) == [
        "rule hold_quantity_max changed: none to 10",
        "rule currency changed: EUR to USD",
    ]


def test_a_tier_differs_where_its_rank_is_another() -> None:
    tiers = (Tier(id="A", rank=1), Tier(id="B", rank=3), Tier(id="C", rank=4))

    assert said(tiers=tiers) == ["tier B changed: 2 to 3", "tier C added:  to 4"]


def test_a_row_is_summed_up_by_all_it_says_beside_its_id() -> None:
    assert summary(A) == "then allow, role seller, quantity_max 50"
    assert summary(LIMIT) == "of value, over customer, period week, most 500, then deny"

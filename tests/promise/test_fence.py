"""Work that starts inside the fence: offered only where somebody has the right to it, and done only by him or with his word."""

from __future__ import annotations

import pytest
from tests.promise.decide_world import World, offers

from accord.ledger.model import Operation
from accord.policy.model import Actor, Answer, Right, Rights, Rules
from accord.promise.model import Refusal, Verdict

MAKES = Operation(id="o", item="X-100", site="halden", lead_days=2)
ACTORS = (Actor(id="sam", roles=("seller",)), Actor(id="pia", roles=("planner",)))
BY_THE_PLANNER = Rights(
    rights=(
        Right(id="seller", role="seller", then=Answer.allow),
        Right(id="seller-more", role="seller", then=Answer.ask, ask="planner", inside_fence=True),
        Right(id="planner", role="planner", then=Answer.allow, inside_fence=True),
    ),
    actors=ACTORS,
)
BY_NOBODY = Rights(
    rights=tuple(
        Right(id=row.id, role=row.role, then=row.then, ask=row.ask) for row in BY_THE_PLANNER.rights
    ),
    actors=ACTORS,
)


def world(rights: Rights | None, fence_days: int = 5) -> World:
    return World(MAKES, rules=Rules(fence_days=fence_days), rights=rights)


@pytest.mark.parametrize(
    ("rights", "fence_days", "offered"),
    [
        (None, 5, ["later: 10 d7"]),
        (BY_NOBODY, 5, ["later: 10 d7"]),
        (BY_THE_PLANNER, 5, ["later: 10 d7", "inside_fence: 10 d4"]),
        (BY_THE_PLANNER, 2, ["make: 10 d4"]),  # no fence in the way
    ],
)
def test_it_is_offered_where_somebody_has_the_right_to_it(
    rights: Rights | None, fence_days: int, offered: list[str]
) -> None:
    assert offers(world(rights, fence_days).ask("10 X-100 d4", actor="sam")) == offered


def test_a_seller_must_ask_whoever_plans() -> None:
    decision = world(BY_THE_PLANNER).ask("10 X-100 d4", verb="commit", actor="sam")

    option = next(one for one in decision.options if one.kind == "inside_fence")
    assert (decision.verdict, decision.promise) == (Verdict.needs_approval, None)
    assert option.needs == (Refusal.approval_needed,)
    assert option.ruling is not None
    assert (option.ruling.ask, option.ruling.because) == (
        "planner",
        ("seller: work would start inside the fence",),
    )


def test_whoever_plans_may_take_it_by_name_alone() -> None:
    place = world(BY_THE_PLANNER)
    offered = offers(place.ask("10 X-100 d4", actor="pia"))
    number = str(offered.index("inside_fence: 10 d4") + 1)

    unnamed = place.ask("10 X-100 d4", verb="commit", actor="pia")
    named = place.ask("10 X-100 d4", verb="commit", option=number, actor="pia")

    assert (unnamed.promise, unnamed.refusals[0]) == (None, Refusal.choice_needed)
    assert named.promise == "prm_1"
    assert named.figures is not None
    assert named.figures.inside_fence

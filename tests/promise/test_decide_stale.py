"""What is answered where the stock was counted too long ago. Days count from today, Monday 1 March 2027."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.promise.decide_world import LYON, NORTHWIND, NOW, PUMP, World, leg, offers
from tests.promise.test_ctp import MOTOR, operation

from accord.ledger.model import Input, Item, Record, Substitute
from accord.policy.model import Actor, Answer, Right, Rights, Rules
from accord.promise.model import Refusal, Stale, Verdict

DAY = 86_400  # seconds: so long a count is trusted here
TRUST = Rules(count_seconds_max=DAY)
OWNED = msgspec.structs.replace(PUMP, planner="planner")
OTHER = Item(id="X-110", name="X-110", planner="other")
OLD = DAY + 1
BOSS = Right(id="boss", role="boss", then=Answer.allow)


def rights_of(right: Right) -> Rights:
    """A seller with one right, and somebody who could agree to everything."""
    return Rights(rights=(BOSS, right), actors=(Actor(id="sam", roles=("seller",)),))


def old(place: str, seconds_ago: int = OLD, owner: str = "planner") -> Stale:
    item, _, site = place.partition("@")
    return Stale(key=f"node:{item}@{site or 'halden'}", counted_at=NOW - seconds_ago * 1_000_000, owner=owner)


def test_stock_that_was_counted_too_long_ago_is_not_known() -> None:
    world = World(OWNED, stock={"X-100": "+100 now"}, counted={"X-100": OLD}, rules=TRUST)

    decision = world.ask("40 X-100 d4")

    assert (decision.verdict, decision.refusals) == (Verdict.cannot_know, (Refusal.feed_too_old,))
    assert decision.sentence == (
        "It cannot be known whether 40 X-100 can be there by Fri 5 Mar 2027: the stock was last counted too long ago."
    )
    assert decision.stale == (old("X-100"),)
    # It is worked out as before, so that it can be looked at.
    assert offers(decision) == ["full: 40 d4"]
    assert decision.options[0].needs == (Refusal.feed_too_old,)
    assert decision.options[0].difference == "all on Fri 5 Mar 2027; from stock that was counted too long ago"


@pytest.mark.parametrize(
    ("seconds_ago", "most", "verdict"),
    [
        (DAY, DAY, "yes"),
        (DAY + 1, DAY, "cannot_know"),
        (DAY + 1, DAY + 1, "yes"),
        (DAY + 1, None, "yes"),  # the policy trusts every count
        (1, 0, "cannot_know"),  # … and none but one of this moment
        (0, 0, "yes"),
    ],
)
def test_a_count_is_trusted_as_long_as_the_policy_says(
    seconds_ago: int, most: int | None, verdict: str
) -> None:
    world = World(
        stock={"X-100": "+100 now"}, counted={"X-100": seconds_ago}, rules=Rules(count_seconds_max=most)
    )

    decision = world.ask("40 X-100 d4")

    assert (decision.verdict.value, len(decision.stale)) == (verdict, verdict == "cannot_know")


def test_what_was_never_on_hand_needs_no_count() -> None:
    decision = World(stock={"X-100": "+100 d2"}, rules=TRUST).ask("40 X-100 d4")

    assert (decision.verdict, decision.stale) == (Verdict.yes, ())


@pytest.mark.parametrize("verb", ["hold", "commit", "quote"])
@pytest.mark.parametrize("more", [{}, {"accept": "best"}, {"option": "1"}, {"asks_approval": True}])
def test_nothing_is_promised_on_it_however_it_is_asked_for(verb: str, more: dict[str, Any]) -> None:
    rights = rights_of(Right(id="ask", then=Answer.ask, ask="boss"))
    world = World(
        stock={"X-100": "+100 now"},
        counted={"X-100": OLD},
        rules=TRUST,
        rights=rights if more.get("asks_approval") else None,
    )

    decision = world.ask("40 X-100 d4", verb=verb, actor="sam", **more)

    assert (decision.verdict, decision.chosen, decision.promise) == (Verdict.cannot_know, None, None)
    assert (decision.approval, decision.expires_at) == (None, None)
    assert Refusal.feed_too_old in decision.refusals


@pytest.mark.parametrize(
    ("then", "needs", "manner"),
    [
        (Answer.allow, [Refusal.feed_too_old], "from stock that was counted too long ago"),
        (
            Answer.ask,
            [Refusal.feed_too_old, Refusal.approval_needed],
            "from stock that was counted too long ago",
        ),
        (Answer.deny, [Refusal.feed_too_old, Refusal.not_allowed], "not allowed"),
    ],
)
def test_no_right_makes_known_what_nobody_knows(then: Answer, needs: list[Refusal], manner: str) -> None:
    right = Right(id="r", then=then, ask="boss" if then is Answer.ask else "")
    world = World(
        stock={"X-100": "+100 now"},
        counted={"X-100": OLD},
        rules=TRUST,
        rights=rights_of(right),
    )

    decision = world.ask("40 X-100 d4", actor="sam")

    assert decision.verdict is Verdict.cannot_know
    assert list(decision.options[0].needs) == needs
    assert decision.options[0].difference == f"all on Fri 5 Mar 2027; {manner}"


def test_what_is_old_hinders_only_what_takes_of_it() -> None:
    world = World(
        OWNED,
        OTHER,
        Substitute(id="s", item="X-100", other="X-110"),
        stock={"X-100": "+30 now, +100 d7", "X-110": "+100 now"},
        counted={"X-100": OLD, "X-110": 5},
        rules=TRUST,
        customer=msgspec.structs.replace(NORTHWIND, may_substitute=True),
    )

    decision = world.ask("40 X-100 d4")

    assert (decision.verdict, decision.refusals) == (Verdict.yes_but, ())
    assert offers(decision) == ["substitute: 40 X-110 d4", "split: 30 d4 + 10 d7", "later: 40 d7"]
    assert [option.needs for option in decision.options] == [(), *[(Refusal.feed_too_old,)] * 2]
    assert [", from stock that was counted too long ago" in o.difference for o in decision.options] == [
        False,
        True,
        True,
    ]
    assert decision.stale == (old("X-100"),)  # what keeps the others from being taken


@pytest.mark.parametrize(
    ("counted", "expected"),
    [
        ({"X-100": OLD, "X-100@lyon": 5}, ["X-100"]),
        ({"X-100": 5, "X-100@lyon": OLD}, ["X-100@lyon"]),
        ({"X-100": OLD, "X-100@lyon": OLD}, ["X-100", "X-100@lyon"]),
        ({"X-100": 5, "X-100@lyon": 5}, []),
    ],
)
def test_one_old_part_makes_the_whole_unknown(counted: dict[str, int], expected: list[str]) -> None:
    world = World(
        OWNED,
        LYON,
        leg("a", "halden", 0),
        leg("b", "lyon", 0),
        stock={"X-100": "+30 now", "X-100@lyon": "+30 now"},
        counted=counted,
        rules=TRUST,
    )

    decision = world.ask("40 X-100 d4")

    assert offers(decision) == ["split_site: 30 d4 + 10 d4 lyon"]
    assert decision.verdict is (Verdict.cannot_know if expected else Verdict.yes_but)
    assert [one.key for one in decision.stale] == [
        old(place).key for place in expected
    ]  # the one to be counted


def test_of_an_order_one_old_line_makes_the_whole_unknown() -> None:
    world = World(
        OWNED,
        OTHER,
        stock={"X-100": "+30 now", "X-110": "+30 now"},
        counted={"X-100": 5, "X-110": OLD},
        rules=TRUST,
    )

    decision = world.ask("4 X-100 d4", "5 X-110 d4")

    assert (decision.verdict, decision.refusals) == (Verdict.cannot_know, (Refusal.feed_too_old,))
    assert decision.sentence == (
        "It cannot be known whether all 2 lines can be there: the stock was last counted too long ago."
    )
    assert decision.stale == (old("X-110", owner="other"),)
    assert decision.options[0].needs == (Refusal.feed_too_old,)


@pytest.mark.parametrize(("seconds_ago", "verdict"), [(OLD, "cannot_know"), (DAY, "yes")])
def test_what_is_made_of_old_stock_is_not_known_either(seconds_ago: int, verdict: str) -> None:
    world = World(
        OWNED,
        msgspec.structs.replace(MOTOR, planner="motors"),
        operation(inputs=(Input(item="motor", quantity=2),)),
        stock={"X-100": "+1 now", "motor": "+100 now"},
        counted={"X-100": 5, "motor": seconds_ago},
        rules=TRUST,
    )

    decision = world.ask("10 X-100 d4")

    assert decision.verdict.value == verdict
    assert decision.options[0].kind == "make"
    assert decision.stale == ((old("motor", owner="motors"),) if verdict == "cannot_know" else ())


@pytest.mark.parametrize(
    ("stock", "counted", "expected"),
    [
        ({"X-100": "+9 now"}, {"X-100": OLD}, ("cannot_know", ["X-100"])),
        ({"X-100": "+9 now"}, {"X-100": DAY}, ("cannot_promise", [])),
        # What it would be made of was not asked for.
        (
            {"X-100": "+9 now", "motor": "+9 now"},
            {"X-100": DAY, "motor": OLD},
            ("cannot_promise", []),
        ),
    ],
)
def test_where_nothing_can_be_offered_the_age_of_what_was_asked_for_counts(
    stock: dict[str, str], counted: dict[str, int], expected: tuple[str, list[str]]
) -> None:
    made: tuple[Record, ...] = (MOTOR, operation(inputs=(Input(item="motor", quantity=2),)))
    world = World(OWNED, *made, stock=stock, counted=counted, rules=TRUST)

    decision = world.ask("40 X-100 d4")

    assert offers(decision) == []
    assert (decision.verdict.value, decision.stale) == (expected[0], tuple(old(key) for key in expected[1]))

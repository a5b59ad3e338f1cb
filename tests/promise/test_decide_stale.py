"""What is answered where the stock was counted too long ago. Days count from today, Monday 1 March 2027."""

from __future__ import annotations

from copy import copy
from random import Random
from typing import Any

import msgspec
import pytest
from tests.promise.decide_world import LYON, NORTHWIND, NOW, PUMP, World, leg, line_of, offers
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


# --- what is certain, whatever a new count would say ---

MAKES: tuple[Record, ...] = (
    OWNED,
    msgspec.structs.replace(MOTOR, planner="motors"),
    operation(inputs=(Input(item="motor", quantity=2),)),
)
SITES: tuple[Record, ...] = (OWNED, LYON, leg("a", "halden", 0), leg("b", "lyon", 0))
INSTEAD: tuple[Record, ...] = (OWNED, OTHER, Substitute(id="s", item="X-100", other="X-110"))
SWAPS = msgspec.structs.replace(NORTHWIND, may_substitute=True)


@pytest.mark.parametrize(
    ("records", "stock", "verdict", "expected"),
    [
        (SITES, {"X-100@lyon": "+100 now"}, "yes", "other_site: 40 d4 lyon"),
        (INSTEAD, {"X-110": "+100 now"}, "yes_but", "substitute: 40 X-110 d4"),
        # All of it is made, not only what an old count lacks.
        (MAKES, {"motor": "+100 now"}, "yes", "make: 40 d4"),
    ],
)
def test_what_can_be_had_without_old_stock_is_certain(
    records: tuple[Record, ...], stock: dict[str, str], verdict: str, expected: str
) -> None:
    world = World(
        *records,
        stock={"X-100": "+100 now", **stock},
        counted={"X-100": OLD, **dict.fromkeys(stock, 5)},
        customer=SWAPS,
        rules=TRUST,
    )

    decision = world.ask("40 X-100 d4", verb="commit", accept="best")

    assert (decision.verdict.value, decision.refusals, decision.chosen) == (verdict, (), 0)
    assert offers(decision) == [expected, "full: 40 d4"]
    assert [option.needs for option in decision.options] == [(), (Refusal.feed_too_old,)]
    assert decision.stale == (old("X-100"),)  # what keeps the other way from being taken


def test_a_certain_line_says_when_it_is_there_without_old_stock() -> None:
    early = msgspec.structs.replace(NORTHWIND, early_days_max=9)
    world = World(
        *SITES,
        stock={"X-100": "+100 now", "X-100@lyon": "+30 now, +10 d4"},
        counted={"X-100": OLD, "X-100@lyon": 5},
        customer=early,
        rules=TRUST,
    )

    (line,) = world.ask("40 X-100 d4").lines

    assert (line.verdict, line.on, line.quantity_on_time, line.limit) == (
        Verdict.yes,
        line_of("1 X-100 d4").requested_on,
        40,
        None,
    )


# Two parts of one pump are made of the same blank, of which an old count says that there are plenty.
BLANKS: tuple[Record, ...] = (
    OWNED,
    Item(id="blank", name="Blank", planner="motors"),
    Item(id="left", name="Left"),
    Item(id="right", name="Right"),
    operation(inputs=(Input(item="left", quantity=1), Input(item="right", quantity=1))),
    operation(id="l", item="left", inputs=(Input(item="blank", quantity=1),)),
    operation(id="r", item="right", inputs=(Input(item="blank", quantity=1),)),
    operation(id="b", item="blank"),
)


def test_all_that_is_made_of_what_is_old_itself_is_needed() -> None:
    world = World(*BLANKS, stock={"blank": "+100 now"}, counted={"blank": OLD}, rules=TRUST)

    decision = world.ask("10 X-100 d4")

    assert decision.verdict is Verdict.yes
    # As counted it would be the same offer: it is given once, as what is certain.
    assert offers(decision) == ["make: 10 d4"]
    assert [(m.quantity, m.needed) for m in decision.options[0].makes if m.key == "node:blank@halden"] == [
        (10, 10),
        (10, 10),
    ]
    assert decision.stale == (old("blank", owner="motors"),)


def test_of_an_order_what_is_made_of_what_is_old_itself_leaves_the_next_lines_certain() -> None:
    world = World(
        *BLANKS,
        OTHER,
        operation(id="y", item="X-110"),
        stock={"blank": "+100 now", "X-110": "+100 now"},
        counted={"blank": OLD, "X-110": OLD},
        rules=TRUST,
    )

    decision = world.ask("10 X-100 d4", "5 X-110 d4")

    assert (decision.verdict, decision.options[0].needs) == (Verdict.yes, ())
    assert [(m.key, m.quantity, m.needed) for m in decision.options[0].makes] == [
        ("node:blank@halden", 10, 10),
        ("node:left@halden", 10, 10),
        ("node:blank@halden", 10, 10),
        ("node:right@halden", 10, 10),
        ("node:X-100@halden", 10, 10),
        ("node:X-110@halden", 5, 5),
    ]
    assert [line.verdict for line in decision.lines] == [Verdict.yes, Verdict.yes]


def test_what_is_known_to_be_short_is_a_no_whatever_a_substitute_would_say() -> None:
    world = World(
        *INSTEAD,
        stock={"X-100": "+30 now, +100 d7 PO-1", "X-110": "+100 now"},
        counted={"X-100": 5, "X-110": OLD},
        customer=SWAPS,
        rules=TRUST,
    )

    decision = world.ask("40 X-100 d4")

    assert (decision.verdict, decision.refusals) == (
        Verdict.not_by_then,
        (Refusal.supply_short, Refusal.not_by_then),
    )
    assert decision.sentence == (
        "40 X-100 cannot all be there by Fri 5 Mar 2027, PO 1 arrives Mon 8 Mar 2027: 30 then, 10 by Mon 8 Mar 2027."
    )
    assert offers(decision) == ["split: 30 d4 + 10 d7", "later: 40 d7", "substitute: 40 X-110 d4"]
    assert decision.stale == (old("X-110", owner="other"),)  # with it the day could perhaps be kept
    plain = world.ask("40 X-100 d4", verb="commit")
    assert (plain.verdict, plain.chosen, plain.refusals) == (Verdict.not_by_then, None, decision.refusals)
    best = world.ask("40 X-100 d4", verb="commit", accept="best")
    assert (best.verdict, best.chosen) == (Verdict.not_by_then, 0)


def test_where_only_an_old_substitute_is_there_the_answer_is_no_and_names_it() -> None:
    world = World(
        *INSTEAD,
        stock={"X-100": "+30 now", "X-110": "+100 now"},
        counted={"X-100": 5, "X-110": OLD},
        customer=SWAPS,
        rules=TRUST,
    )

    decision = world.ask("40 X-100 d4")

    assert (decision.verdict, decision.refusals) == (Verdict.cannot_promise, (Refusal.feed_too_old,))
    assert decision.sentence == (
        "40 X-110 instead of X-100 can be ready by Fri 5 Mar 2027, but what is there is not known well enough now."
    )
    assert decision.stale == (old("X-110", owner="other"),)


@pytest.mark.parametrize(
    "at_lyon",
    [
        "+100 now",
        "+5 now",  # there may be more than the old count says
    ],
)
def test_what_is_certain_later_is_offered_beside_what_cannot_be_known(at_lyon: str) -> None:
    world = World(
        *SITES,
        stock={"X-100@lyon": at_lyon, "X-100": "+100 d7 PO-1"},
        counted={"X-100@lyon": OLD},
        rules=TRUST,
        customer=msgspec.structs.replace(NORTHWIND, may_split=False),
    )

    decision = world.ask("40 X-100 d4", verb="commit")
    best = world.ask("40 X-100 d4", verb="commit", accept="best")

    assert (decision.verdict, decision.refusals) == (Verdict.cannot_know, (Refusal.feed_too_old,))
    assert (decision.chosen, decision.promise) == (None, None)
    assert offers(decision)[0] == "later: 40 d7"
    assert decision.options[0].needs == ()
    assert decision.stale == (old("X-100@lyon"),)
    # Who takes the best of any day takes what is certain.
    assert (best.verdict, best.chosen, best.promise) == (Verdict.cannot_know, 0, "prm_1")
    assert best.sentence == "40 X-100 will be delivered by Mon 8 Mar 2027, with PO 1."


def test_a_count_that_could_not_help_in_time_is_not_waited_for() -> None:
    records = (OWNED, LYON, leg("a", "halden", 0), leg("b", "lyon", 6))
    world = World(
        *records,
        stock={"X-100": "+30 now, +100 d9 PO-1", "X-100@lyon": "+100 now"},
        counted={"X-100": 5, "X-100@lyon": OLD},
        rules=TRUST,
    )

    decision = world.ask("40 X-100 d4")

    assert decision.verdict is Verdict.not_by_then
    assert decision.sentence == (
        "40 X-100 cannot all be there by Fri 5 Mar 2027, PO 1 arrives Wed 10 Mar 2027: 30 then, 10 by Wed 10 Mar 2027."
    )
    assert decision.stale == (old("X-100@lyon"),)


def test_what_can_be_had_with_approval_is_asked_for_and_not_counted() -> None:
    rights = rights_of(Right(id="ask", then=Answer.ask, ask="boss"))
    world = World(
        *SITES,
        stock={"X-100": "+100 now", "X-100@lyon": "+100 now"},
        counted={"X-100": OLD, "X-100@lyon": 5},
        rules=TRUST,
        rights=rights,
    )

    decision = world.ask("40 X-100 d4", verb="commit", actor="sam", asks_approval=True)

    assert decision.verdict is Verdict.needs_approval
    assert decision.refusals == (Refusal.approval_needed,)
    assert decision.approval is not None
    assert offers(decision) == ["other_site: 40 d4 lyon", "full: 40 d4"]


def test_what_no_right_covers_no_count_allows() -> None:
    world = World(
        *SITES,
        stock={"X-100": "+100 now", "X-100@lyon": "+1 now"},
        counted={"X-100": 5, "X-100@lyon": OLD},
        rules=TRUST,
        rights=rights_of(Right(id="deny", then=Answer.deny)),
    )

    decision = world.ask("40 X-100 d4", actor="sam")

    assert (decision.verdict, decision.refusals, decision.stale) == (
        Verdict.cannot_promise,
        (Refusal.not_allowed,),
        (),
    )


def order_world(**stock: str) -> World:
    return World(
        OWNED,
        OTHER,
        LYON,
        leg("a", "halden", 0),
        leg("b", "lyon", 0),
        stock={
            "X-100": "+30 now",
            **{key.replace("_", "@").replace("X", "X-"): s for key, s in stock.items()},
        },
        counted={"X-100": OLD},
        rules=TRUST,
    )


def test_of_an_order_one_line_that_is_known_to_be_short_is_a_no() -> None:
    decision = order_world(X110="+30 now").ask("4 X-100 d4", "50 X-110 d4")

    assert (decision.verdict, decision.refusals) == (Verdict.cannot_promise, (Refusal.supply_short,))
    assert decision.sentence == "50 X-110 cannot be promised: there is not enough supply."
    assert [line.verdict for line in decision.lines] == [Verdict.cannot_know, Verdict.cannot_promise]
    assert decision.stale == (old("X-100"),)  # of the other line


def test_of_an_order_a_line_that_is_short_only_by_an_old_count_is_not_known() -> None:
    decision = order_world(X110="+30 now").ask("40 X-100 d4", "5 X-110 d4")

    assert (decision.verdict, decision.refusals) == (Verdict.cannot_know, (Refusal.feed_too_old,))
    assert [line.verdict for line in decision.lines] == [Verdict.cannot_know, Verdict.yes]
    assert (decision.options, decision.stale) == ((), (old("X-100"),))


def test_of_an_order_each_line_comes_from_what_is_certain() -> None:
    decision = order_world(X110="+30 now", X100_lyon="+30 now").ask("4 X-100 d4", "5 X-110 d4", verb="commit")

    assert (decision.verdict, decision.chosen) == (Verdict.yes, 0)
    assert offers(decision) == ["by_line: 4 d4 lyon + 5 X-110 d4", "by_line: 4 d4 + 5 X-110 d4"]
    assert [line.verdict for line in decision.lines] == [Verdict.yes, Verdict.yes]
    assert decision.stale == (old("X-100"),)


def test_of_an_order_a_line_that_is_late_for_certain_makes_it_late_for_certain() -> None:
    decision = order_world(X110="+30 d7", X100_lyon="+30 d7").ask("4 X-100 d4", "5 X-110 d4")

    assert decision.verdict is Verdict.not_by_then
    assert decision.sentence == (
        "0 of 2 lines can be there on the day asked for, all of them by Mon 8 Mar 2027."
    )
    assert [line.verdict for line in decision.lines] == [Verdict.cannot_know, Verdict.not_by_then]
    assert decision.options[0].needs == ()
    assert decision.stale == (old("X-100"),)


def test_of_an_order_an_old_substitute_does_not_make_unknown_what_is_short() -> None:
    world = World(
        *INSTEAD,
        Item(id="Y", name="Y"),
        stock={"X-100": "+3 now", "X-110": "+30 now", "Y": "+30 now"},
        counted={"X-110": OLD},
        customer=SWAPS,
        rules=TRUST,
    )

    decision = world.ask("4 X-100 d4", "5 Y d4")

    assert (decision.verdict, decision.refusals) == (Verdict.cannot_promise, (Refusal.feed_too_old,))
    assert decision.sentence == (
        "All 2 lines can be ready on Fri 5 Mar 2027, but what is there is not known well enough now."
    )
    assert [line.verdict for line in decision.lines] == [Verdict.cannot_promise, Verdict.yes]
    assert decision.stale == (old("X-110", owner="other"),)


def test_of_an_order_that_is_certain_later_the_day_cannot_be_known() -> None:
    decision = order_world(X110="+30 now", X100_lyon="+30 d7").ask("4 X-100 d4", "5 X-110 d4")

    assert decision.verdict is Verdict.cannot_know
    assert decision.sentence == (
        "It cannot be known whether all 2 lines can be there on the day asked for: the stock was last counted too long ago."
    )
    assert offers(decision)[0] == "by_line: 4 d7 lyon + 5 X-110 d4"
    assert (decision.options[0].needs, decision.stale) == ((), (old("X-100"),))


def test_of_an_order_that_goes_together_the_certain_day_is_offered() -> None:
    decision = order_world(X110="+30 now", X100_lyon="+30 d7").ask(
        "4 X-100 d4", "5 X-110 d4", ship_complete=True
    )

    assert decision.verdict is Verdict.cannot_know
    assert offers(decision) == [
        "ship_complete: 4 d7 lyon + 5 X-110 d7",
        "ship_complete: 4 d4 + 5 X-110 d4",
    ]


# --- what holds for all of them ---

_NO = (Verdict.not_by_then, Verdict.cannot_promise)
_YES = (Verdict.yes, Verdict.yes_but)


def world_by_lot(seed: int) -> tuple[Random, World, list[str]]:
    """Some worlds of two items at two sites; and what was counted too long ago in them."""
    lot = Random(seed)
    places = ("X-100", "X-100@lyon", "X-110", "motor")
    stock = {
        place: f"+{lot.choice((1, 9, 30, 60))} now"
        + lot.choice(("", ", +50 d6"))
        + lot.choice(("", "", ", -9 d5"))
        for place in places
    }
    ages = {place: lot.choice((5, OLD)) for place in places}
    records = [*SITES, MOTOR, OTHER]
    if lot.random() < 0.6:
        records.append(operation(inputs=(Input(item="motor", quantity=1),)))
    world = World(*records, stock=stock, counted=ages, rules=TRUST)
    return lot, world, [place for place in places if ages[place] == OLD]


def counted_anew(world: World, counts: dict[str, int]) -> World:
    """The same world after somebody has counted so much at these places."""
    known = copy(world)
    known.profiles = dict(world.profiles)
    for place, on_hand in counts.items():
        key = old(place).key
        receipts = [row for row in world.profiles[key].supply if row[0]]
        supply = (*([(0, on_hand, "s0", "", 0)] if on_hand else []), *receipts)
        known.profiles[key] = msgspec.structs.replace(
            world.profiles[key], supply=supply, counted_at=world.now
        )
    return known


@pytest.mark.parametrize("seed", range(40))
def test_what_is_certain_no_new_count_changes_and_what_is_not_one_could(seed: int) -> None:
    lot, world, unknown = world_by_lot(seed)
    asks = [f"{lot.choice((5, 20, 40))} X-100 d4"]
    if lot.random() < 0.5:
        asks.append(f"{lot.choice((5, 20, 40))} X-110 d4")
    asked = {ask.split()[1] for ask in asks}
    there = {place: world.profiles[old(place).key].supply[0][1] for place in unknown}

    said = world.ask(*asks)

    found = set()
    for most in [(0,), (200,), *[(0, 5, 200)] * 3]:
        # There may be more than was counted of what was asked for; of what it is made of, no more than that.
        counts = {
            place: min(lot.choice(most), 200 if place.partition("@")[0] in asked else there[place])
            for place in unknown
        }
        found.add(counted_anew(world, counts).ask(*asks).verdict)
    assert Verdict.cannot_know not in found
    if said.verdict is Verdict.cannot_know:
        # Or it is late for certain, but when it can be there instead rests on the count.
        assert len(found) > 1 or all(option.needs for option in said.options)
    else:
        assert found <= set(_YES if said.verdict in _YES else _NO)

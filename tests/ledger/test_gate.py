"""The gate: what may be written, and each of its guards seen to hold."""

from __future__ import annotations

import msgspec
import pytest

from accord.kit.errors import Fault
from accord.ledger.decide import gate
from accord.ledger.decide.coverage import overdue, short_at_capacity, short_at_node
from accord.ledger.decide.graph import Graph
from accord.ledger.decide.judge import judge
from accord.ledger.decide.sheet import Sheet, treated
from accord.ledger.decide.trial import Trial
from accord.ledger.model import (
    Allocation,
    Commitment,
    Draw,
    Item,
    LimitRecord,
    Profile,
    Resource,
    Site,
    State,
    Supply,
    SupplyKind,
    Why,
    node_key,
)

DAY = 1_000
KEY = node_key("pump", "Halden")
MOTOR = node_key("motor", "Halden")
SITE = (Item(id="pump", name="Pump"), Item(id="motor", name="Motor"), Site(id="Halden", name="Halden"))
GRAPH = Graph(1, [*SITE, Resource(id="line", name="Line", site="Halden")])


def profile(*steps: tuple[int, int], key: str = KEY) -> Profile:
    supply = tuple((0 if d == 0 else DAY + d, q, f"s{n}", "", 0) for n, (q, d) in enumerate(steps) if q > 0)
    draws = tuple((DAY + d, 0, -q) for q, d in steps if q < 0)
    return Profile(key=key, supply=tuple(sorted(supply)), draws=tuple(sorted(draws)))


def draw(quantity: int, on: int, *, id: str = "com_1", key: str = KEY, **more: object) -> Draw:
    return Draw(
        key=key, id=id, owner=more.pop("owner", id), promise="prm_1", on=DAY + on, quantity=quantity, **more
    )  # type: ignore[arg-type]


def supply(quantity: int, on: int, *, id: str = "s", key: str = KEY, **more: object) -> Supply:
    return Supply(
        key=key, id=id, kind=SupplyKind.purchase, quantity=quantity, on=DAY + on if on else 0, **more
    )  # type: ignore[arg-type]


def passes(before: Profile, *, gives: tuple[Draw, ...] = (), takes: tuple[Draw, ...] = ()) -> bool:
    middle = gate.changed(before, gives=gives) if gives else before
    after = gate.changed(before, gives=gives, takes=takes)
    try:
        gate.check(before, middle, after, GRAPH, DAY)
    except Fault:
        return False
    return True


@pytest.mark.parametrize(
    ("rule", "before", "takes", "allowed"),
    [
        ("all there is", profile((10, 0)), draw(10, 0), True),
        ("one more", profile((10, 0)), draw(11, 0), False),
        ("a later promise is broken", profile((10, 0), (-6, 5)), draw(5, 0), False),
        ("before the receipt", profile((10, 3)), draw(1, 2), False),
        ("on its day", profile((10, 3)), draw(10, 3), True),
        ("beyond a shortfall that ends", profile((-5, 1), (20, 9)), draw(15, 9), True),
        ("inside a shortfall", profile((-5, 1), (20, 9)), draw(1, 1), False),
    ],
)
def test_no_decision_lowers_a_day_that_ends_below_zero(
    rule: str, before: Profile, takes: Draw, allowed: bool
) -> None:
    assert passes(before, takes=(takes,)) is allowed, rule


def test_giving_back_and_drawing_the_same_anew_on_a_short_key_is_not_covered() -> None:
    before = profile((5, 0), (-10, 2))
    own = draw(10, 2)

    assert passes(before, gives=(own,))
    assert not passes(before, gives=(own,), takes=(draw(10, 2, id="com_2"),))
    assert passes(before, gives=(own,), takes=(draw(5, 2, id="com_2"),))


def test_giving_back_what_was_never_drawn_is_a_fault() -> None:
    with pytest.raises(Fault):
        gate.changed(profile((5, 0)), gives=(draw(1, 0),))


def test_the_lowest_day_of_a_node_is_told_from_today_on() -> None:
    assert gate.lowest(profile((10, 0), (-4, 2)), GRAPH, DAY) == 6
    assert gate.lowest(profile((10, 0), (-14, 2), (9, 3)), GRAPH, DAY) == -4
    assert gate.lowest(profile((10, 5)), GRAPH, DAY) == 0
    assert gate.lowest(profile((-3, -2), (10, 5)), GRAPH, DAY) == -3  # what is overdue still takes its share


@pytest.mark.parametrize(
    ("key", "draws", "lowest"),
    [
        ("resource:line", ((DAY, 0, 1_000),), 440),
        ("resource:line", ((DAY, 0, 1_000), (DAY + 1, 0, 300), (DAY + 1, 5, 1_200)), -60),  # two on one day
        ("resource:line", ((DAY - 1, 0, 9_000),), 0),  # past days are done
        ("allocation:a", ((DAY - 5, 0, 4),), 2),  # drawn on the first day of its period
        ("allocation:a", ((DAY - 5, 0, 7),), -1),
        ("limit:l:customer=C:2027-W10", ((DAY - 5, 0, 70),), 30),
        ("resource:line", (), 0),
    ],
)
def test_the_lowest_of_a_capacity_is_its_fullest_day(
    key: str, draws: tuple[tuple[int, int, int], ...], lowest: int
) -> None:
    share = Allocation(
        id="a", item="pump", site="Halden", path=("t",), rank=1, from_on=DAY - 5, until_on=DAY + 9, quantity=6
    )
    graph = Graph(
        1, [*SITE, Resource(id="line", name="Line", site="Halden"), share, LimitRecord(id="l", most=100)]
    )

    assert gate.lowest(Profile(key=key, draws=draws), graph, DAY) == lowest


ROWS = (
    (supply(10, 0, id="a"), supply(5, 3, id="b", expires_on=DAY + 9, ref="PO 1"), supply(7, 4, id="c", released=False)),
    (draw(4, 2, id="x"), draw(3, 2, id="y", expires_at=50), draw(2, 2, id="z", life_days=9)),
)  # fmt: skip


def test_rows_add_up_to_a_profile() -> None:
    made = gate.folded(
        Profile(key=KEY, rolled_to=7, latest_at=40, shortfall_max=3, version=1), *ROWS, version=9, now=30
    )

    assert made == Profile(
        key=KEY,
        version=9,
        supply=((0, 10, "a", "", 0), (DAY + 3, 5, "b", "PO 1", DAY + 9), (DAY + 4, 7, "c", "", 0)),
        draws=((DAY + 2, 0, 7), (DAY + 2, 9, 2)),
        next_expiry_at=50,
        planned_on=DAY + 4,
        rolled_to=7,
        latest_at=40,
        shortfall_max=3,
    )
    assert gate.folded(made, *ROWS, version=9, now=60).latest_at == 60


@pytest.mark.parametrize(
    "row",
    [supply(5, 3, counts=Why.doubtful, released=False), supply(0, 3, released=False)],
    ids=["doubtful", "nothing"],
)
def test_what_does_not_count_is_not_in_the_profile(row: Supply) -> None:
    made = gate.folded(Profile(key=KEY), [row], [], version=1, now=0)

    assert (made.supply, made.planned_on) == ((), None)
    assert gate.changed(Profile(key=KEY), adds=[row]).supply == ()


@pytest.mark.parametrize(
    ("gives", "takes", "drops", "adds"),
    [
        ([], [draw(1, 0, id="n")], [], []),
        ([], [draw(1, 2, id="n"), draw(1, 2, id="m", life_days=9)], [], []),
        ([draw(4, 2, id="x")], [], [], []),
        ([draw(2, 2, id="z", life_days=9)], [draw(5, 1, id="n")], [], []),
        ([], [], [supply(5, 3, id="b")], []),
        ([], [], [], [supply(2, 1, id="n", expires_at=40)]),
        ([], [draw(1, 0, id="n", expires_at=20)], [supply(5, 3, id="b")], [supply(5, 4, id="b")]),
    ],
)
def test_a_profile_changes_as_its_rows_do(
    gives: list[Draw], takes: list[Draw], drops: list[Supply], adds: list[Supply]
) -> None:
    before = gate.folded(Profile(key=KEY, rolled_to=7, shortfall_max=3), *ROWS, version=9, now=30)

    after = gate.changed(before, gives=gives, takes=takes, drops=drops, adds=adds, now=35)

    gone = {row.id for row in drops}
    supplies = [row for row in ROWS[0] if row.id not in gone] + adds
    draws = [row for row in ROWS[1] if row.id not in {give.id for give in gives}] + takes
    assert after == gate.folded(before, supplies, draws, version=10, now=35)


def test_time_never_runs_back_on_a_key() -> None:
    before = Profile(key=KEY, latest_at=40)

    assert [gate.changed(before, now=now).latest_at for now in (0, 39, 40, 41)] == [40, 40, 40, 41]


def test_a_share_that_was_cut_may_be_drawn_again_as_it_was_and_no_further() -> None:
    key = "allocation:a"
    own = draw(6, 0, key=key)
    cut = Profile(key=key, draws=((DAY, 0, 8),))  # of a share that is gone: its capacity is 0

    assert passes(cut, gives=(own,), takes=(own,))
    assert passes(cut, gives=(own,), takes=(draw(5, 0, key=key),))
    assert not passes(cut, gives=(own,), takes=(draw(7, 0, key=key),))
    assert not passes(cut, takes=(draw(1, 0, key=key),))


def test_a_resource_is_not_drawn_beyond_its_day() -> None:
    line = Profile(key="resource:line", draws=((DAY, 0, 1_000),))

    assert passes(line, takes=(draw(440, 0, key="resource:line"),))
    assert not passes(line, takes=(draw(441, 0, key="resource:line"),))


@pytest.mark.parametrize(
    ("rule", "lots", "drawn", "takes", "lowest"),
    [
        ("a lot covers it", [(10, 0, 9)], [], draw(10, 3), 0),
        ("it lasts long enough", [(10, 0, 9)], [], draw(10, 3, life_days=6), 0),
        ("it does not last so long", [(10, 0, 9)], [], draw(10, 3, life_days=7), None),
        ("it has expired by then", [(10, 0, 9)], [], draw(1, 10), None),
        ("the other lot is another's", [(10, 0, 9), (10, 0, 2)], [(2, 10)], draw(10, 3), 0),
        ("the one that lasts is drawn", [(10, 0, 9), (10, 0, 2)], [(3, 1)], draw(10, 3), None),
        ("what was not covered before may stay so", [(10, 0, 2), (5, 0, 9)], [(4, 9)], draw(6, 1), -4),
        ("but no more of it", [(10, 0, 2), (5, 0, 9)], [(4, 9)], draw(1, 4), None),
    ],
)  # fmt: skip
def test_no_decision_draws_what_no_lot_covers(
    rule: str, lots: list[tuple[int, int, int]], drawn: list[tuple[int, int]], takes: Draw, lowest: int | None
) -> None:
    before = Profile(
        key=KEY,
        supply=tuple(
            (on, quantity, f"s{n}", "", DAY + expires) for n, (quantity, on, expires) in enumerate(lots)
        ),
        draws=tuple((DAY + on, 0, quantity) for on, quantity in drawn),
    )
    after = gate.changed(before, takes=(takes,))

    if lowest is None:
        with pytest.raises(Fault, match=rf"no lot at {KEY} covers \d+ drawn on day {takes.on}"):
            gate.check(before, before, after, GRAPH, DAY)
    else:
        assert gate.check(before, before, after, GRAPH, DAY) == gate.lowest(after, GRAPH, DAY) == lowest, rule


@pytest.mark.parametrize(
    ("rule", "drawn", "brings", "takes", "shorter_on"),
    [
        ("it brings all that it takes", [(7, 0, 10)], supply(5, 7), draw(5, 7, life_days=2), None),
        ("one more than it brings", [(7, 0, 10)], supply(5, 7), draw(6, 7, life_days=2), 7),
        ("what is short before it waits on", [(5, 0, 10)], supply(5, 5), draw(5, 7), None),
        ("it comes too late", [(7, 0, 10)], supply(5, 8), draw(5, 7, life_days=2), 7),
        ("its own does not last", [(7, 0, 10)], supply(5, 7, expires_on=DAY + 8), draw(5, 7, life_days=2), 7),
        ("nor for it what others have", [(7, 2, 1)], supply(1, 7, expires_on=DAY + 8), draw(1, 7), None),
        ("what others have stays theirs", [(7, 0, 10), (9, 0, 5)], supply(5, 9), draw(5, 7), 7),
    ],
)
def test_who_brings_what_he_takes_is_not_stopped_by_who_was_short_before(
    rule: str, drawn: list[tuple[int, int, int]], brings: Supply, takes: Draw, shorter_on: int | None
) -> None:
    before = Profile(
        key=KEY,
        supply=((0, 1, "lot", "", DAY + 30),),
        draws=tuple((DAY + on, life, quantity) for on, life, quantity in drawn),
    )
    after = gate.changed(before, takes=(takes,), adds=(brings,))
    trial = Trial(GRAPH, {KEY: before}, {"Halden": DAY}, DAY)
    adds = [(KEY, brings.on, brings.quantity, brings.expires_on or 0)]

    assert trial.bears(adds, [(KEY, takes.on, takes.quantity, takes.life_days)]) is (shorter_on is None), rule
    if shorter_on is None:
        assert gate.check(before, before, after, GRAPH, DAY) == gate.lowest(before, GRAPH, DAY), rule
    else:
        with pytest.raises(Fault, match=rf"{KEY} .* on day {DAY + shorter_on}"):
            gate.check(before, before, after, GRAPH, DAY)


def test_where_nothing_is_set_aside_nothing_is_protected() -> None:
    before = profile((10, 0))
    after = gate.changed(before, takes=(draw(99, 0),))

    gate.check_shares(before, after, ({}, {}), GRAPH, DAY, frozenset(), borrows=False)


def test_what_is_protected_for_others_is_not_given_away() -> None:
    share = Allocation(
        id="a",
        item="pump",
        site="Halden",
        path=("tier:A",),
        rank=1,
        from_on=DAY,
        until_on=DAY + 9,
        quantity=6,
    )
    graph = Graph(1, [*SITE, share])
    before = profile((10, 0))

    def check(quantity: int, *terms: str) -> None:
        after = gate.changed(before, takes=(draw(quantity, 0),))
        gate.check_shares(before, after, ({}, {}), graph, DAY, frozenset(terms), borrows=False)

    check(4, "tier:B")
    check(10, "tier:A")
    with pytest.raises(Fault):
        check(5, "tier:B")


def test_what_was_short_of_a_share_before_stops_nobody_who_does_not_lessen_it() -> None:
    share = Allocation(
        id="a", item="pump", site="Halden", path=("tier:A",), rank=1, from_on=DAY, until_on=DAY + 9, quantity=6
    )  # fmt: skip
    graph = Graph(1, [*SITE, share])
    before = profile((10, 0), (-12, 1), (20, 3))  # two are short on days 1 and 2

    def check(on: int, quantity: int) -> None:
        after = gate.changed(before, takes=(draw(quantity, on),))
        gate.check_shares(before, after, ({}, {}), graph, DAY, frozenset({"tier:B"}), borrows=False)

    check(3, 1)
    with pytest.raises(Fault, match=f"would give away on day {DAY + 1} what is protected for others"):
        check(1, 1)


def test_a_draw_outside_the_period_of_the_own_share_leaves_lower_ones_as_they_were() -> None:
    a, b = (
        Allocation(
            id=id, item="pump", site="Halden", path=(f"tier:{id.upper()}",), rank=rank, from_on=DAY, until_on=DAY + 9, quantity=6
        )
        for rank, id in enumerate("ab", 1)
    )  # fmt: skip
    graph = Graph(1, [*SITE, a, b])
    before = profile((14, 0))

    def check(quantity: int, on: int, uses: int) -> None:
        after = gate.changed(before, takes=(draw(quantity, on),))
        gate.check_shares(before, after, ({}, {"a": uses}), graph, DAY, frozenset({"tier:A"}), borrows=False)

    check(8, 0, uses=6)
    check(2, 20, uses=0)
    with pytest.raises(Fault):
        check(3, 20, uses=0)


@pytest.mark.parametrize(
    ("rule", "supplies", "draws", "short"),
    [
        ("enough", [supply(10, 0)], [draw(10, 0)], {}),
        (
            "the later made gives way",
            [supply(10, 0)],
            [draw(6, 1, id="a", sequence=1), draw(6, 1, id="b", sequence=2)],
            {"b": 2},
        ),
        (
            "the earlier day first",
            [supply(10, 0)],
            [draw(6, 5, id="a", sequence=1), draw(6, 1, id="b", sequence=2)],
            {"a": 2},
        ),
        (
            "one that does not fit takes nothing",
            [supply(4, 0), supply(4, 3)],
            [draw(6, 1, id="a"), draw(8, 3, id="b")],
            {"a": 2},
        ),
        ("holds are not judged", [supply(5, 0)], [draw(5, 0, id="a", expires_at=9), draw(5, 0, id="b")], {}),
        ("what does not count", [supply(5, 0, counts=Why.doubtful)], [draw(5, 0)], {"com_1": 5}),
        ("overdue counts as today", [supply(5, 0)], [draw(5, -3)], {}),
        ("an expired lot", [supply(5, 0, expires_on=DAY + 2)], [draw(5, 3)], {"com_1": 5}),
        ("too little life", [supply(5, 0, expires_on=DAY + 9)], [draw(5, 3, life_days=7)], {"com_1": 5}),
        ("life to the day", [supply(5, 0, expires_on=DAY + 10)], [draw(5, 3, life_days=7)], {}),
        (
            "no lot but the one that arrives later",
            [supply(5, 4, expires_on=DAY + 9)],
            [draw(5, 3)],
            {"com_1": 5},
        ),
        (
            "the earliest expiry first",
            [supply(5, 0, id="a", expires_on=DAY + 9), supply(5, 0, id="b", expires_on=DAY + 5)],
            [draw(5, 3, id="x"), draw(5, 8, id="y")],
            {},
        ),
        (
            "two lots together",
            [supply(3, 0, id="a", expires_on=DAY + 9), supply(4, 0, id="b")],
            [draw(6, 3, id="x"), draw(2, 3, id="y")],
            {"y": 1},
        ),
        (
            "what takes nothing leaves the lots",
            [supply(3, 0, expires_on=DAY + 9)],
            [draw(4, 3, id="x"), draw(3, 3, id="y")],
            {"x": 1},
        ),
    ],
)
def test_coverage_is_by_ship_day_then_by_making(
    rule: str, supplies: list[Supply], draws: list[Draw], short: dict[str, int]
) -> None:
    assert short_at_node(supplies, draws, DAY) == short, rule


def test_on_a_resource_each_day_stands_alone() -> None:
    draws = [draw(300, 0, id="a"), draw(300, 0, id="b"), draw(300, 1, id="c")]

    assert short_at_capacity(lambda _day: 480, draws, DAY) == {"b": 120}


def test_a_ship_day_that_passed_is_overdue() -> None:
    row = Commitment(
        key=KEY, id="com_1", promise="prm_1", line=0, item="pump", site="Halden", quantity=5, fulfilled=2,
        ship_on=DAY - 1, deliver_on=DAY, state=State.committed,
    )  # fmt: skip

    assert overdue([row], DAY) == {"com_1": 3}
    assert overdue([row], DAY - 1) == {}


@pytest.mark.parametrize(
    ("rule", "receipt", "late_days", "fence", "counts", "on"),
    [
        ("in time", supply(5, 3), 7, 0, Why.counted, 3),
        ("overdue moves", supply(5, -1), 7, 0, Why.counted, 7),
        ("overdue is not trusted", supply(5, -1), None, 0, Why.late, -1),
        ("planned inside the fence", supply(5, 3, released=False), 7, 5, Why.inside_fence, 3),
        ("planned outside", supply(5, 5, released=False), 7, 5, Why.counted, 5),
        ("released inside", supply(5, 3), 7, 5, Why.counted, 3),
        ("doubtful", supply(5, 3, doubts=("x",)), 7, 0, Why.doubtful, 3),
    ],
)
def test_unproven_supply_is_treated_by_a_stated_rule(
    rule: str, receipt: Supply, late_days: int | None, fence: int, counts: Why, on: int
) -> None:
    found = treated(receipt, DAY, late_receipt_days=late_days, fence_days=fence)

    assert (found.counts, found.on - DAY) == (counts, on), rule


def test_doubt_travels_to_the_node_where_the_receipt_arrives() -> None:
    commitment = Commitment(
        key=KEY, id="com_1", promise="prm_1", line=0, item="pump", site="Halden", quantity=5,
        ship_on=DAY + 9, deliver_on=DAY + 9, state=State.committed,
    )  # fmt: skip
    sheets = {
        MOTOR: Sheet(
            Profile(key=MOTOR),
            [supply(4, 0, key=MOTOR)],
            [draw(5, 4, key=MOTOR, id="d", owner="mo", feeds=KEY)],
        ),
        KEY: Sheet(Profile(key=KEY), [supply(5, 9, id="mo")], [draw(5, 9)], [commitment]),
    }

    def treat(row: Supply, today: int) -> Supply:
        return treated(row, today, late_receipt_days=7, fence_days=0)

    short = judge(sheets, GRAPH, lambda _key: DAY, treat)

    assert short == {KEY: {"com_1": 5}, MOTOR: {}}
    assert sheets[KEY].supplies["mo"].counts is Why.doubtful

    sheets[MOTOR].supplies["more"] = supply(1, 0, id="more", key=MOTOR)
    assert judge(sheets, GRAPH, lambda _key: DAY, treat) == {KEY: {}, MOTOR: {}}
    assert sheets[KEY].supplies["mo"].counts is Why.counted


def test_a_proposed_receipt_serves_its_own_promise_before_it_is_lost_on_another() -> None:
    """Four on hand, six promised for day 1: short. Two made for a new promise on day 1 stay its own; day 2 stays covered."""
    own = supply(2, 1, id="rcp", proposed_by="prm_n")
    draws = [
        draw(6, 1, id="a", sequence=1),
        draw(4, 2, id="b", sequence=2),
        Draw(key=KEY, id="n", owner="n", promise="prm_n", on=DAY + 1, quantity=2, sequence=3),
    ]

    assert short_at_node([supply(4, 0), own], draws, DAY) == {"a": 2}


@pytest.mark.parametrize(
    ("rule", "own", "short"),
    [
        ("in time", [(2, 1)], {"a": 2}),
        ("on the very day", [(2, 2)], {"a": 2}),
        ("too late for it", [(2, 3)], {"a": 2}),
        ("two of its own", [(1, 1), (1, 2)], {"a": 2}),
        ("what is not enough for the first is for the second", [(1, 1)], {"a": 1}),
        ("more than it needs is for others", [(4, 1)], {}),
        ("of its own what comes in time", [(2, 1), (2, 3)], {"a": 2}),
    ],
)
def test_what_a_promise_proposed_serves_it_as_far_as_it_goes(
    rule: str, own: list[tuple[int, int]], short: dict[str, int]
) -> None:
    """Four on hand and six promised for day 2 by another; two are promised for day 2, after it."""
    supplies = [
        supply(4, 0),
        *(supply(q, on, id=f"rcp{n}", proposed_by="prm_n") for n, (q, on) in enumerate(own)),
    ]
    new = Draw(key=KEY, id="n", owner="n", promise="prm_n", on=DAY + 2, quantity=2, sequence=2)

    assert short_at_node(supplies, [draw(6, 2, id="a", sequence=1), new], DAY) == short, rule


def test_a_promise_that_is_not_short_lends_what_it_proposed_until_it_needs_it() -> None:
    """One of day 1 stays short; ten proposed for day 4 lie there from day 2, and five more come on day 3 to pay them back."""
    own = supply(10, 2, id="rcp", proposed_by="prm_n")
    draws = [
        draw(6, 1, id="a", sequence=1),
        Draw(key=KEY, id="n", owner="n", promise="prm_n", on=DAY + 4, quantity=10, sequence=2),
        draw(5, 2, id="later", sequence=3),
    ]

    assert short_at_node([supply(4, 0), own, supply(7, 3, id="b")], draws, DAY) == {"a": 2}


def test_receipts_that_come_only_if_each_other_does_not_are_judged_and_not_relied_on() -> None:
    """Ten on hand. With five from the motor's node the first order (15) is covered and takes the ten that these five rest on."""
    sheets = {key: Sheet(Profile(key=key)) for key in (KEY, MOTOR)}
    sheets[KEY].supplies = {row.id: row for row in (supply(10, 0), supply(5, 1, id="back"))}
    sheets[MOTOR].supplies = {"there": supply(5, 1, id="there", key=MOTOR)}
    rests_on_pumps = Draw(
        key=KEY, id="there:0", owner="there", promise=None, on=DAY + 1, quantity=10, sequence=2, feeds=MOTOR
    )
    rests_on_motors = Draw(
        key=MOTOR, id="back:0", owner="back", promise=None, on=DAY + 1, quantity=5, sequence=1, feeds=KEY
    )
    sheets[KEY].draws = {row.id: row for row in (draw(15, 1, id="a", sequence=1), rests_on_pumps)}
    sheets[MOTOR].draws = {rests_on_motors.id: rests_on_motors}

    judge(
        sheets, GRAPH, lambda _key: DAY, lambda row, day: treated(row, day, late_receipt_days=7, fence_days=0)
    )

    assert sheets[KEY].supplies["back"].counts is Why.doubtful
    assert sheets[MOTOR].supplies["there"].counts is Why.doubtful


@pytest.mark.parametrize(("expires_at", "is_base_without_it"), [(7, True), (None, False)])
def test_what_a_hold_brought_is_nobody_elses_and_what_is_firm_may_be(
    expires_at: int | None, is_base_without_it: bool
) -> None:
    """Of a lot of 6 a hold draws 4 on its day: until it draws the rest the node is 2 better off, which is its own."""
    lot = supply(6, 5, id="rcp_1", proposed_by="prm_1", expires_at=expires_at)
    drawn = draw(4, 5, expires_at=expires_at)
    before = gate.changed(profile((-3, 1)), takes=[drawn], adds=[lot])

    base = gate.without_hold(before, [drawn], [lot], [])

    middle = gate.changed(before, gives=[drawn], drops=[lot])
    assert (base == msgspec.structs.replace(middle, version=base.version)) is is_base_without_it
    if is_base_without_it:
        assert gate.check(base, middle, middle, GRAPH, DAY) == -3
    else:
        with pytest.raises(Fault, match="would fall to -3 on day 1005"):
            gate.check(base, middle, middle, GRAPH, DAY)


def test_a_lot_that_is_made_firm_is_no_hold_that_goes() -> None:
    lot = supply(6, 5, id="rcp_1", proposed_by="prm_1", expires_at=7)
    before = gate.changed(profile((-3, 1)), adds=[lot])

    assert gate.without_hold(before, [], [lot], [msgspec.structs.replace(lot, expires_at=None)]) is before

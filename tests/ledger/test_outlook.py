"""What is said of a node adds up from its rows, and the tightest comes first."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.ledger.decide.gate import folded
from accord.ledger.decide.outlook import (
    EVERYTHING,
    SUPPLY,
    TAKEN,
    Entry,
    Mark,
    Outlook,
    chosen,
    entries,
    level_on,
    levels,
    limiting,
    outlook,
    tightness,
    total,
)
from accord.ledger.model import Draw, Profile, Supply, SupplyKind, Why

TODAY, NOW = 1_000, 5_000
NODE = "node:X@N"


def supply(id: str, quantity: int, on: int = 0, **more: object) -> Supply:
    kind = SupplyKind.purchase if on else SupplyKind.on_hand
    return Supply(key=NODE, id=id, kind=kind, quantity=quantity, on=on and TODAY + on, **more)  # type: ignore[arg-type]


def draw(id: str, quantity: int, on: int, **more: object) -> Draw:
    return Draw(key=NODE, id=id, owner=id, promise=None, on=TODAY + on, quantity=quantity, **more)  # type: ignore[arg-type]


def seen(supplies: list[Supply], draws: list[Draw]) -> tuple[Outlook, tuple[Entry, ...], Profile]:
    profile = folded(Profile(key=NODE), supplies, draws, version=1, now=0)
    return outlook(profile, TODAY), entries(supplies, draws, TODAY, NOW), profile


STOCK = [supply("stock", 100), supply("po", 50, 14, ref="PO 1"), supply("po-2", 5, 14)]


def test_a_node_in_numbers() -> None:
    found, rows, profile = seen(STOCK, [draw("a", 60, 3), draw("b", 10, 5), draw("c", 20, 20)])

    assert found == Outlook(
        on_hand=100, free=30, spare=30, tightest_on=TODAY + 5, next_on=TODAY + 14, next_quantity=55,
        more_on=TODAY + 14, more=35, short_on=None, short=0, uncovered_on=None, supply=155, taken=90,
    )  # fmt: skip
    assert [(step.on - TODAY, step.supply, step.commitments, step.left, step.free) for step in levels(rows, profile, TODAY)] == [
        (0, 100, 0, 100, 30), (3, 100, 60, 40, 30), (5, 100, 70, 30, 30), (14, 155, 70, 85, 65), (20, 155, 90, 65, 65),
    ]  # fmt: skip


def test_a_short_node_says_since_when_and_how_much_at_worst() -> None:
    found, _rows, _profile = seen(STOCK, [draw("a", 110, 3), draw("b", 20, 5)])

    assert (found.short_on, found.short, found.spare, found.free) == (TODAY + 3, 30, -30, 0)
    assert (found.tightest_on, found.uncovered_on) == (TODAY + 5, TODAY + 3)


def test_what_is_overdue_counts_as_today() -> None:
    found, rows, _profile = seen([supply("late", 10, -3)], [draw("a", 4, -2)])

    assert [(row.mark, row.on, row.quantity) for row in rows] == [
        (Mark.receipt, TODAY, 10),
        (Mark.commitment, TODAY, -4),
    ]
    assert (found.on_hand, found.free, found.next_on, found.uncovered_on) == (0, 6, TODAY, TODAY)


def test_what_does_not_count_and_what_is_over_is_in_no_number() -> None:
    rows = entries(
        [
            supply("blocked", 7, counts=Why.blocked),
            supply("there", 5),
            supply("gone", 3, 2, expires_at=NOW),
        ],
        [draw("held", 2, 1, expires_at=NOW + 1), draw("over", 1, 1, expires_at=NOW)],
        TODAY,
        NOW,
    )

    assert [(row.mark, row.quantity) for row in rows] == [(Mark.on_hand, 5), (Mark.hold, -2)]


def test_what_goes_into_other_supply_is_a_need_and_no_promise() -> None:
    rows = entries([], [draw("wo:0", 4, 1, feeds="node:Y@N"), draw("a", 2, 1)], TODAY, NOW)

    assert [(row.mark, row.quantity) for row in rows] == [(Mark.commitment, -2), (Mark.need, -4)]


def test_lots_that_expire_before_a_later_promise_are_not_free_for_it() -> None:
    lots = [
        supply("old", 10, lot="L1", expires_on=TODAY + 5),
        supply("new", 10, lot="L2", expires_on=TODAY + 90),
    ]
    found, rows, profile = seen(lots, [draw("a", 8, 30)])
    steps = levels(rows, profile, TODAY)

    assert (found.spare, found.free) == (12, 12)
    assert [(step.on - TODAY, step.left, step.free) for step in steps] == [(0, 20, 12), (30, 12, 2)]


def test_nothing_at_all_is_an_outlook_too() -> None:
    found, rows, profile = seen([], [])

    assert (found.supply, found.taken, found.free, found.next_on, found.tightest_on) == (0, 0, 0, None, TODAY)
    assert [(step.on, step.left) for step in levels(rows, profile, TODAY)] == [(TODAY, 0)]


def test_entries_are_chosen_by_kind_and_day() -> None:
    _found, rows, _profile = seen(STOCK, [draw("a", 60, 3)])

    assert total(chosen(rows, SUPPLY, until=TODAY + 13)) == 100
    assert total(chosen(rows, SUPPLY, since=TODAY + 14, until=TODAY + 14)) == 55
    assert total(chosen(rows, TAKEN)) == -60
    assert total(chosen(rows, EVERYTHING, since=TODAY + 1)) == -5


def test_the_level_of_a_day_is_the_last_one_before_it() -> None:
    _found, rows, profile = seen(STOCK, [draw("a", 60, 3), draw("b", 10, 5)])
    steps = levels(rows, profile, TODAY)

    assert level_on(steps, TODAY + 4).left == 40
    assert level_on(steps, TODAY - 1).left == 100
    assert (limiting(steps, TODAY).on, limiting(steps, TODAY + 6).on, limiting(steps, TODAY - 1).on) == (
        TODAY + 5,
        TODAY + 5,
        TODAY + 5,
    )
    assert limiting(steps, TODAY + 15).on == TODAY + 14


def test_the_tightest_is_what_is_short_soonest_then_what_has_the_smaller_part_left() -> None:
    cases = {
        "short soon": seen([], [draw("a", 1, 2)])[0],
        "short later": seen([], [draw("a", 9, 3)])[0],
        "none left": seen([supply("s", 10)], [draw("a", 10, 3)])[0],
        "half left": seen([supply("s", 10)], [draw("a", 5, 3)])[0],
        "all left": seen([supply("s", 1)], [])[0],
        "nothing": seen([], [])[0],
    }

    assert sorted(cases, key=lambda name: (tightness(cases[name]), name)) == list(cases)


quantities = st.integers(1, 50)
days = st.integers(0, 30)


@given(
    stock=st.integers(0, 100),
    receipts=st.lists(st.tuples(quantities, st.integers(1, 30)), max_size=6),
    drawn=st.lists(st.tuples(quantities, days, st.booleans()), max_size=8),
)
def test_every_number_is_the_sum_of_its_rows(
    stock: int, receipts: list[tuple[int, int]], drawn: list[tuple[int, int, bool]]
) -> None:
    supplies = [supply("s", stock), *(supply(f"r{n}", q, on) for n, (q, on) in enumerate(receipts))]
    draws = [
        draw(f"d{n}", q, on, expires_at=NOW + 1 if held else None) for n, (q, on, held) in enumerate(drawn)
    ]
    found, rows, profile = seen(supplies, draws)
    steps = levels(rows, profile, TODAY)

    # Day by day, with nothing but the rows.
    left = {
        on: stock
        + sum(q for q, day in receipts if day <= on)
        - sum(q for q, day, _held in drawn if day <= on)
        for on in range(62)
    }
    for on in range(31):
        step = level_on(steps, TODAY + on)
        assert step.left == left[on] == total(chosen(rows, EVERYTHING, until=TODAY + on))
        assert step.supply == total(chosen(rows, SUPPLY, until=TODAY + on))
        assert step.holds == -total(chosen(rows, frozenset({Mark.hold}), until=TODAY + on))
        assert step.free == max(0, min(left[day] for day in range(on, 62)))
        assert limiting(steps, TODAY + on).left == min(left[day] for day in range(on, 62))
    assert (found.free, found.spare) == (steps[0].free, min(left.values()))
    assert left[found.tightest_on - TODAY] == found.spare
    assert found.short_on == next((TODAY + on for on in range(62) if left[on] < 0), None)
    assert (found.supply, found.taken) == (total(chosen(rows, SUPPLY)), -total(chosen(rows, TAKEN)))


@pytest.mark.parametrize("mark", Mark)
def test_every_mark_is_supply_or_taken_and_not_both(mark: Mark) -> None:
    assert (mark in SUPPLY) != (mark in TAKEN)

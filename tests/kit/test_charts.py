"""Charts: what lies where, in whole pixels, and no word over another."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.kit.charts import (
    MIDDLE,
    NARROW,
    WIDE,
    Bar,
    Frame,
    Mark,
    Piece,
    Tick,
    bars,
    mondays,
    round_step,
    stairs,
)

PLAIN = Frame(width=160, height=120, left=10, right=10, top=10, bottom=10)  # 140 by 100 of plot
TODAY = 739_942  # a Sunday


def test_a_line_goes_in_stairs_from_today_to_the_end() -> None:
    drawn = stairs(PLAIN, [[(TODAY, 20), (TODAY + 7, 50)], [(TODAY, 0)]], today=TODAY, days=14)

    assert drawn.lines == ("M10 70 H80 V10 H150", "M10 110 H150")
    assert drawn.areas[0] == "M10 70 H80 V10 H150 V110 H10 Z"
    assert drawn.levels == (
        Tick(110, 0),
        Tick(90, 10),
        Tick(70, 20),
        Tick(50, 30),
        Tick(30, 40),
        Tick(10, 50),
    )
    assert (drawn.zero, drawn.today) == (110, 10)
    assert drawn.days == (Tick(20, TODAY + 1), Tick(90, TODAY + 8))
    assert drawn.gaps == ()


def test_what_was_before_today_counts_as_today_and_what_is_later_is_not_drawn() -> None:
    drawn = stairs(PLAIN, [[(TODAY - 9, 10), (TODAY + 15, 99)]], today=TODAY, days=14)

    assert drawn.lines == ("M10 10 H150",)


def test_below_zero_there_is_room_below_zero() -> None:
    drawn = stairs(PLAIN, [[(TODAY, 50), (TODAY + 7, -50)]], today=TODAY, days=14)

    assert [tick.value for tick in drawn.levels] == [-60, -40, -20, 0, 20, 40, 60]
    assert drawn.zero == 60


def test_where_the_second_line_is_above_the_first_there_is_a_gap() -> None:
    first = [(TODAY, 20), (TODAY + 7, 50)]
    second = [(TODAY, 0), (TODAY + 2, 40), (TODAY + 10, 60)]

    drawn = stairs(PLAIN, [first, second], today=TODAY, days=14)

    assert drawn.gaps == (Piece(30, 43, 50, 33), Piece(110, 10, 40, 16))


def test_without_a_line_there_is_an_empty_plot() -> None:
    drawn = stairs(PLAIN, [[]], today=TODAY, days=14)

    assert drawn.lines == drawn.areas == ("",)
    assert [tick.value for tick in drawn.levels] == [0, 1]


def test_a_mark_is_labelled_left_then_right_then_below_and_keeps_its_dot_without_room() -> None:
    line = [(TODAY, 10), (TODAY + 20, 20), (TODAY + 30, 30), (TODAY + 31, 40)]
    marks = [
        Mark(TODAY, 10, "at the start"),
        Mark(TODAY + 20, 20, "PO 1"),
        Mark(TODAY + 30, 30, "one with a very, very long name"),
        Mark(TODAY + 31, 40, "PO 3"),
        Mark(TODAY + 99, 40, "too late to be drawn"),
    ]

    drawn = stairs(Frame(width=390, height=240), [line], today=TODAY, days=56, marks=marks)

    assert [(label.text, label.anchor) for label in drawn.labels] == [
        ("at the start", "start"),
        ("PO 1", "end"),
        ("PO 3", "end"),
    ]
    assert len(drawn.dots) == 4


def test_a_label_lies_over_no_other_line() -> None:
    line = [(TODAY, 10), (TODAY + 2, 30)]
    mark = [Mark(TODAY + 2, 30, "+20 PO 1, 24 Nov")]

    free = stairs(PLAIN, [line], today=TODAY, days=56, marks=mark)
    below = stairs(PLAIN, [line, [(TODAY, 27)]], today=TODAY, days=56, marks=mark)

    assert [(label.anchor, label.y) for label in free.labels] == [("start", 26)]
    assert below.labels == ()
    assert below.dots == ((15, 10),)


lines = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 5_000)), min_size=1, max_size=25)


@pytest.mark.parametrize("frame", [WIDE, MIDDLE, NARROW])
@given(steps=lines)
def test_no_label_lies_over_another_or_leaves_the_drawing(frame: Frame, steps: list[tuple[int, int]]) -> None:
    level, line, marks = 0, [(TODAY, 0)], []
    for ahead, quantity in sorted(dict(steps).items()):
        level += quantity
        line.append((TODAY + ahead, level))
        marks.append(Mark(TODAY + ahead, level, f"+{quantity} PO {ahead}, 3 Dec"))

    drawn = stairs(frame, [line], today=TODAY, days=56, marks=marks)

    boxes = []
    for label in drawn.labels:
        wide = len(label.text) * 6
        left = label.x if label.anchor == "start" else label.x - wide
        assert 0 <= left <= left + wide <= frame.width
        assert 11 <= label.y <= frame.height
        boxes.append((left, label.y - 11, left + wide, label.y))
    for (a, b, c, d), (e, f, g, h) in combinations(boxes, 2):
        assert c < e or g < a or d < f or h < b
    assert len(drawn.dots) == sum(mark.on <= TODAY + 56 for mark in marks)
    names = [tick.at for tick in drawn.days]
    assert all(after - before >= 51 for before, after in pairwise(names))


@given(span=st.integers(0, 10**12))
def test_levels_are_round_and_at_most_six(span: int) -> None:
    step = round_step(span)

    assert str(step).rstrip("0") in ("1", "2", "5")
    assert -(-span // step) <= 5


def test_days_named_are_mondays_and_as_far_apart_as_their_names_need() -> None:
    assert mondays(TODAY, 21, 1_000) == (TODAY + 1, TODAY + 8, TODAY + 15)
    assert mondays(TODAY, 56, 300) == (TODAY + 1, TODAY + 15, TODAY + 29, TODAY + 43)
    assert mondays(TODAY + 1, 7, 1_000) == (TODAY + 1, TODAY + 8)


def test_a_bar_is_filled_as_far_as_it_is_and_overtime_stands_on_top() -> None:
    drawn = bars(PLAIN, [Bar(most=80, filled=40, extra_most=20, extra_filled=10), Bar(most=40, filled=60)])

    first, second = drawn.columns
    assert (first.x, first.width, second.x) == (18, 53, 88)
    assert (first.most, first.filled, first.extra_most, first.extra_filled) == (
        (30, 80),
        (70, 40),
        (10, 20),
        (20, 10),
    )
    assert (second.most, second.filled, second.extra_most) == ((70, 40), (50, 60), (50, 0))
    assert [column.is_over for column in drawn.columns] == [False, True]
    assert [tick.value for tick in drawn.levels] == [0, 20, 40, 60, 80, 100]
    assert drawn.names == ((44, 0), (114, 1))


def test_of_many_bars_every_few_are_named() -> None:
    drawn = bars(PLAIN, [Bar(most=10, filled=n) for n in range(10)])

    assert [which for _at, which in drawn.names] == [0, 4, 8]


def test_overtime_beyond_what_there_is_of_it_is_over() -> None:
    drawn = bars(PLAIN, [Bar(most=10, filled=1, extra_most=1, extra_filled=2)])

    assert drawn.columns[0].is_over

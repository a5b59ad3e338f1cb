"""The drawing marks the first day on which a request is short, and none where something is brought in time."""

from __future__ import annotations

from accord.promise.pages.chart import chart, level_on

SUPPLIED = [(100, 40), (110, 60)]
PROMISED = [(100, 0), (104, 30)]


def test_the_first_day_on_which_more_is_wanted_than_there_will_be_is_marked() -> None:
    drawn = chart(today=100, supplied=SUPPLIED, promised=PROMISED, asked=(102, 20))

    assert drawn.short_on == 104  # 30 and 20 of 40
    assert drawn.short is not None
    assert drawn.brought == ""


def test_what_is_brought_in_time_leaves_nothing_short() -> None:
    brought = [(100, 40), (103, 60), (110, 80)]

    drawn = chart(today=100, supplied=SUPPLIED, promised=PROMISED, asked=(102, 20), brought=brought)

    assert (drawn.short_on, drawn.short) == (None, None)
    assert drawn.brought


def test_what_is_brought_too_late_leaves_it_short_until_then() -> None:
    brought = [(100, 40), (106, 60), (110, 80)]

    drawn = chart(today=100, supplied=SUPPLIED, promised=PROMISED, asked=(102, 20), brought=brought)

    assert drawn.short_on == 104


def test_a_step_holds_from_its_day_on() -> None:
    assert [level_on(SUPPLIED, day) for day in (99, 100, 109, 110, 200)] == [0, 40, 40, 60, 60]

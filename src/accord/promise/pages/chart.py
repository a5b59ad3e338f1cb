"""How does supply look around a request: a step chart as lines that a template draws?

Drawn on the server, so that it prints and needs no script. Two steps over eight weeks: what there will have been in all, and
what of it is promised; the request as one more step on top of that. Where that step goes over the supply, it is short.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

import msgspec

from accord.kit.days import Day

WIDTH, HEIGHT = 640, 232
LEFT, RIGHT, TOP, BOTTOM = 48, 14, 30, 28
WEEKS = 8
_DAYS_MAX = 26 * 7

Point = tuple[Day, int]  # from this day on, so many base units


class Mark(msgspec.Struct, frozen=True):
    """A place in the chart; `anchor` is where words beside it begin."""

    x: int
    y: int
    anchor: str


class Drawn(msgspec.Struct, frozen=True, kw_only=True):
    """Lines, ticks and marks in pixels."""

    supplied: str
    brought: str  # the same with what is brought for the request; "" = nothing is
    promised: str
    asked: str  # what is promised with the request on top, from its day on; "" = nothing is asked
    gap: str  # between both on its day
    levels: tuple[tuple[int, int], ...]  # (where, how many base units)
    ticks: tuple[tuple[int, Day], ...]
    today_x: int
    short: Mark | None  # the first day on which it is short
    short_on: Day | None
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP
    bottom: int = HEIGHT - BOTTOM


def chart(
    *,
    today: Day,
    supplied: Sequence[Point],
    promised: Sequence[Point],
    asked: Point | None,
    brought: Sequence[Point] = (),
) -> Drawn:
    """All lines are cumulative, sorted by day, and begin today or before; `brought`: what will be supplied together with what is
    made, moved or bought for the request."""
    on, quantity = asked if asked is not None else (today, 0)
    days = max(WEEKS * 7, min(_DAYS_MAX, on - today + 8))
    last = today + days
    wanted = [(on, level_on(promised, on) + quantity)]
    wanted += [(day, n + quantity) for day, n in promised if day > on]
    seen = [n for line in (supplied, promised, wanted, brought) for day, n in line if day <= last]
    top = max([1, *seen])
    step = _step(top)
    top = -(-top // step) * step

    def across(day: Day) -> int:
        return LEFT + (min(max(day, today), last) - today) * (WIDTH - LEFT - RIGHT) // days

    def up(n: int) -> int:
        return TOP + (top - n) * (HEIGHT - TOP - BOTTOM) // top

    def line(points: Sequence[Point]) -> str:
        drawn: list[str] = []
        for day, n in points:
            if day > last:
                break
            drawn += [f"H{across(day)}", f"V{up(n)}"] if drawn else [f"M{across(day)} {up(n)}"]
        return " ".join([*drawn, f"H{across(last)}"]) if drawn else ""

    short_on = _short_on(brought or supplied, wanted) if quantity else None
    if short_on is not None and short_on > last:
        short_on = None
    return Drawn(
        supplied=line(supplied),
        brought=line(brought),
        promised=line(promised),
        asked=line(wanted) if quantity else "",
        gap=f"M{across(on)} {up(level_on(promised, on))}V{up(wanted[0][1])}" if quantity else "",
        levels=tuple((up(n), n) for n in range(0, top + 1, step)),
        ticks=tuple((across(today + 7 * week), today + 7 * week) for week in range(0, days // 7 + 1, 2)),
        today_x=across(today),
        short=None
        if short_on is None
        else Mark(
            across(short_on),
            up(level_on(wanted, short_on)),
            "end" if across(short_on) > WIDTH // 2 else "start",
        ),
        short_on=short_on,
    )


def level_on(points: Sequence[Point], day: Day) -> int:
    """How much a cumulative line says on a day."""
    place = bisect_right([on for on, _ in points], day)
    return points[place - 1][1] if place else 0


def _short_on(supplied: Sequence[Point], wanted: Sequence[Point]) -> Day | None:
    """The first day from the request's on at which more is wanted than there will have been."""
    first = wanted[0][0]
    days = sorted({first, *(on for line in (supplied, wanted) for on, _ in line if on > first)})
    return next((day for day in days if level_on(wanted, day) > level_on(supplied, day)), None)


def _step(top: int) -> int:
    """A round distance between levels, so that there are three to six of them."""
    step = 1
    while True:
        for times in (1, 2, 5):
            if top <= step * times * 5:
                return step * times
        step *= 10

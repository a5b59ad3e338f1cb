"""How does supply look around a request: a step chart as lines that a template draws, and the same numbers as a table?

Drawn on the server, so that it prints and needs no script. Two steps over eight weeks: what is projected, and what can
still be promised without breaking a later promise; and the request as a mark on its day.
"""

from __future__ import annotations

from collections.abc import Sequence

from accord.kit.days import Day

WIDTH, HEIGHT = 640, 200
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 12, 26
WEEKS = 8

Point = tuple[Day, int]  # from this day on, so many base units


def chart(
    *, today: Day, projected: Sequence[Point], available: Sequence[Point], asked: Point | None
) -> dict[str, object]:
    """Lines, ticks and marks in pixels. `projected` and `available` are sorted by day and begin today or before."""
    days = WEEKS * 7
    if asked is not None:
        days = max(days, min(26 * 7, asked[0] - today + 8))
    last = today + days
    top = max([1, *[n for _on, n in projected], *[n for _on, n in available], asked[1] if asked else 0])
    low = min([0, *[n for _on, n in projected]])
    step = _step(top - low)
    top, low = -(-top // step) * step, low // step * step

    def across(on: Day) -> int:
        return LEFT + (min(max(on, today), last) - today) * (WIDTH - LEFT - RIGHT) // days

    def up(n: int) -> int:
        return TOP + (top - n) * (HEIGHT - TOP - BOTTOM) // (top - low)

    def line(points: Sequence[Point]) -> str:
        drawn: list[str] = []
        for on, n in points:
            if on > last:
                break
            if drawn:
                drawn.append(f"H{across(on)}")
                drawn.append(f"V{up(n)}")
            else:
                drawn.append(f"M{across(on)} {up(n)}")
        return " ".join([*drawn, f"H{across(last)}"]) if drawn else ""

    return {
        "width": WIDTH,
        "height": HEIGHT,
        "left": LEFT,
        "right": WIDTH - RIGHT,
        "zero": up(0),
        "projected": line(projected),
        "available": line(available),
        "levels": [{"at": up(n), "value": n} for n in range(low, top + 1, step)],
        "ticks": [
            {"at": across(today + week * 7), "on": today + week * 7} for week in range(0, days // 7 + 1, 2)
        ],
        "asked": None if asked is None else {"x": across(asked[0]), "y": up(asked[1])},
    }


def _step(span: int) -> int:
    """A round distance between levels, so that there are three to six of them."""
    step = 1
    while True:
        for times in (1, 2, 5):
            if span <= step * times * 5:
                return step * times
        step *= 10

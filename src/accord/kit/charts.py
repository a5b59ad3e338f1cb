"""Where on a chart does what lie? Geometry in whole pixels for charts that a server draws.

A chart is worked out once for each width at which it is shown: a small one is drawn small, not scaled down, so that its
words stay readable. Nothing here knows what the numbers mean; colours and words are the page's.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import msgspec

from accord.kit.days import Day

_LETTER = 6  # pixels that a letter of a label is wide, at 11 pixels: rather too wide than too narrow
_HEIGHT = 11  # pixels that it is high
_INDENT = 5  # between a label and what it names


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """The drawing's size, and what is left free around the plot."""

    width: int
    height: int
    left: int = 46
    right: int = 12
    top: int = 20
    bottom: int = 24

    @property
    def across(self) -> int:
        """Pixels of the plot from left to right."""
        return self.width - self.left - self.right


WIDE = Frame(width=920, height=300)
MIDDLE = Frame(width=660, height=280)
NARROW = Frame(width=350, height=280, left=38, right=8)

Point = tuple[Day, int]  # from this day on, so much


class Tick(msgspec.Struct, frozen=True):
    """A mark on an axis: where, and of which value or day."""

    at: int
    value: int


class Label(msgspec.Struct, frozen=True, kw_only=True):
    """A word on the drawing."""

    text: str
    x: int
    y: int  # of the line on which it stands
    anchor: str  # start or end: on which side of x it lies


class Mark(msgspec.Struct, frozen=True):
    """What a label names: a day, a height there, and its words."""

    on: Day
    level: int
    text: str


class Piece(msgspec.Struct, frozen=True):
    """A rectangle of the drawing."""

    x: int
    y: int
    width: int
    height: int


class Stairs(msgspec.Struct, frozen=True, kw_only=True):
    """Lines that go up and down by days."""

    frame: Frame
    levels: tuple[Tick, ...]  # of the axis at the left
    days: tuple[Tick, ...]  # Mondays, as many as there is room for
    zero: int
    today: int  # where today is
    lines: tuple[str, ...]  # paths, in the order given
    areas: tuple[str, ...]  # the same, closed along zero
    labels: tuple[Label, ...]  # the marks for which there was room
    dots: tuple[tuple[int, int], ...]  # every mark
    gaps: tuple[Piece, ...]  # where the second line is above the first


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """One bar: how far it is filled of what there is; `extra` stands on top of both."""

    most: int
    filled: int
    extra_most: int = 0
    extra_filled: int = 0


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """A bar's rectangles: x and width are common, each of the others is (y, height)."""

    x: int
    width: int
    most: tuple[int, int]
    filled: tuple[int, int]
    extra_most: tuple[int, int]
    extra_filled: tuple[int, int]
    is_over: bool  # filled beyond what there is


class Bars(msgspec.Struct, frozen=True, kw_only=True):
    """Bars side by side."""

    frame: Frame
    levels: tuple[Tick, ...]
    columns: tuple[Column, ...]
    names: tuple[
        tuple[int, int], ...
    ]  # (where, which bar) of those named below, as many as there is room for
    zero: int


def stairs(
    frame: Frame,
    lines: Sequence[Sequence[Point]],
    *,
    today: Day,
    days: int,
    marks: Sequence[Mark] = (),
) -> Stairs:
    """Lines over `days` days from today. Points are sorted by day; what lies before today counts as today.

    Marks lie on the first line; each is labelled where there is room, the first ones first, and has a dot in any case.
    """
    last = today + days
    shown = [[point for point in line if point[0] <= last] for line in lines]
    heights = [0, *(n for line in shown for _on, n in line)]
    step = round_step(max(heights) - min(heights))
    top, low = -(-max(max(heights), 1) // step) * step, min(heights) // step * step

    def across(on: Day) -> int:
        return frame.left + (min(max(on, today), last) - today) * frame.across // days

    def up(n: int) -> int:
        return frame.top + (top - n) * (frame.height - frame.top - frame.bottom) // (top - low)

    paths = [_path([(across(on), up(n)) for on, n in line], across(last)) for line in shown]
    named = [mark for mark in marks if today <= mark.on <= last]
    dots = tuple((across(mark.on), up(mark.level)) for mark in named)
    corners = [[(across(on), up(n)) for on, n in line] for line in shown]
    return Stairs(
        frame=frame,
        levels=tuple(Tick(up(n), n) for n in range(low, top + 1, step)),
        days=tuple(Tick(across(on), on) for on in mondays(today, days, frame.across)),
        zero=up(0),
        today=across(today),
        lines=tuple(paths),
        areas=tuple(f"{path} V{up(0)} H{across(today)} Z" if path else "" for path in paths),
        labels=_labels(
            frame, corners, across(last), [(*dot, mark.text) for dot, mark in zip(dots, named, strict=True)]
        ),
        dots=dots,
        gaps=tuple(
            Piece(across(since), up(above), across(until) - across(since), up(below) - up(above))
            for since, until, below, above in _gaps(shown, last)
        ),
    )


def bars(frame: Frame, given: Sequence[Bar], *, name_width: int = 52) -> Bars:
    """Bars side by side, every one as wide as the next; a bar that is filled beyond what there is, is as high as it is filled."""
    tallest = max([1, *(max(bar.most, bar.filled) + max(bar.extra_most, bar.extra_filled) for bar in given)])
    step = round_step(tallest)
    top = -(-tallest // step) * step
    count = max(1, len(given))
    each = max(1, frame.across // count)
    width = max(1, each - max(1, each // 4))

    def up(n: int) -> int:
        return frame.top + (top - n) * (frame.height - frame.top - frame.bottom) // top

    def piece(low: int, high: int) -> tuple[int, int]:
        return (up(high), up(low) - up(high))

    columns = []
    for number, bar in enumerate(given):
        base = max(bar.most, bar.filled)
        columns.append(
            Column(
                x=frame.left + number * frame.across // count + (each - width) // 2,
                width=width,
                most=piece(0, bar.most),
                filled=piece(0, bar.filled),
                extra_most=piece(base, base + bar.extra_most),
                extra_filled=piece(base, base + bar.extra_filled),
                is_over=bar.filled > bar.most or bar.extra_filled > bar.extra_most,
            )
        )
    every = max(1, -(-name_width // each))
    return Bars(
        frame=frame,
        levels=tuple(Tick(up(n), n) for n in range(0, top + 1, step)),
        columns=tuple(columns),
        names=tuple((columns[n].x + width // 2, n) for n in range(0, len(given), every)),
        zero=up(0),
    )


def round_step(span: int) -> int:
    """A round distance between levels, so that there are at most six of them."""
    step = 1
    while True:
        for times in (1, 2, 5):
            if span <= step * times * 5:
                return step * times
        step *= 10


def mondays(today: Day, days: int, across: int, name_width: int = 52) -> tuple[Day, ...]:
    """The Mondays of a span, every one or every n-th, so that their names do not touch."""
    first = today + (1 - today) % 7  # day 1, 0001-01-01, is a Monday
    every = 1
    while every * 7 * across < name_width * days:
        every += 1
    return tuple(range(first, today + days + 1, every * 7))


def _gaps(lines: Sequence[Sequence[Point]], last: Day) -> list[tuple[Day, Day, int, int]]:
    """Spans of days on which the second line is above the first: (since, until, the first, the second)."""
    if len(lines) < 2:
        return []
    first, second = dict(lines[0]), dict(lines[1])
    days = sorted({*first, *second})
    found, below, above = [], 0, 0
    for since, until in pairwise([*days, last]):
        below, above = first.get(since, below), second.get(since, above)
        if above > below:
            found.append((since, until, below, above))
    return found


def _path(points: Sequence[tuple[int, int]], end: int) -> str:
    if not points:
        return ""
    x, y = points[0]
    drawn = [f"M{x} {y}"]
    for to_x, to_y in points[1:]:
        if to_x != x:
            drawn.append(f"H{to_x}")
        if to_y != y:
            drawn.append(f"V{to_y}")
        x, y = to_x, to_y
    return " ".join([*drawn, f"H{end}"])


class _Box(msgspec.Struct, frozen=True):
    """A rectangle that is taken: by a label, or by a line that goes up."""

    left: int
    top: int
    right: int
    bottom: int

    def meets(self, other: _Box) -> bool:
        """Whether two rectangles have a point in common."""
        return (
            self.left <= other.right
            and other.left <= self.right
            and self.top <= other.bottom
            and other.top <= self.bottom
        )


def _labels(
    frame: Frame,
    corners: Sequence[Sequence[tuple[int, int]]],
    end: int,
    marks: Sequence[tuple[int, int, str]],
) -> tuple[Label, ...]:
    """A label beside each mark: left of it and above, right of it and above, or right of it and below; where there is room.

    `corners` are those of each line; the marks lie on the first. A label touches no other label, no line that goes up, and
    of the other lines nothing at all.
    """
    taken = [
        _Box(x, min(y, before), x, max(y, before))
        for line in corners
        for (_, before), (x, y) in pairwise(line)
    ]
    for line in corners[1:]:
        taken += [_Box(x, y, until, y) for (x, y), (until, _) in pairwise([*line, (end, 0)])]
    found = []
    for x, y, text in marks:
        wide = len(text) * _LETTER
        above, below = y - _INDENT, y + _INDENT + _HEIGHT
        for anchor, left, foot in (
            ("end", x - _INDENT - wide, above),
            ("start", x + _INDENT, above),
            ("start", x + _INDENT, below),
        ):
            box = _Box(left, foot - _HEIGHT, left + wide, foot)
            is_inside = left >= frame.left and left + wide <= frame.width and box.top >= 0
            if is_inside and not any(box.meets(other) for other in taken):
                taken.append(box)
                found.append(
                    Label(
                        text=text,
                        x=x + (_INDENT if anchor == "start" else -_INDENT),
                        y=box.bottom,
                        anchor=anchor,
                    )
                )
                break
    return tuple(found)

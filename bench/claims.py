"""What is claimed, and is it so?"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from bench.measure import Figure, Missing, Range, Sample


class NotMeasured(Exception):
    """A figure that a claim needs is not there; the words say why."""


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """One figure, and the target where there is one."""

    words: str
    measured: Range | None  # None = not measured, which is neither met nor missed
    unit: str  # "x" = a ratio
    target: str | None = None  # ">= 0.6": what the middle value must be
    why: str = ""  # it was not measured

    @property
    def met(self) -> bool | None:
        """Whether the middle value is what the target says; None where there is none, or nothing was measured."""
        if self.target is None or self.measured is None:
            return None
        sign, limit = self.target.split()
        middle = self.measured.median
        return middle >= float(limit) if sign == ">=" else middle <= float(limit)

    @property
    def falls_short(self) -> float | None:
        """The part of the target that is missing: 0.25 = a quarter less, or a quarter more where less is better."""
        if self.met is not False or self.target is None or self.measured is None:
            return None
        return abs(self.measured.median / float(self.target.split()[1]) - 1)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One claim for programs."""

    claim: str
    measured: float | None
    target: str | None
    met: bool | None


def row(claim: Claim) -> Row:
    """A claim for programs: its middle value, or null with the reason among its words."""
    words = claim.words if claim.unit == "x" else f"{claim.words}, {claim.unit}"
    if claim.measured is None:
        return Row(claim=f"{words} (not measured: {claim.why})", measured=None, target=claim.target, met=None)
    return Row(
        claim=words, measured=float(f"{claim.measured.median:.4g}"), target=claim.target, met=claim.met
    )


def claim(
    words: str,
    compute: Callable[[], Range],
    *,
    unit: str = "x",
    target: str | None = None,
) -> Claim:
    """A claim with what `compute` finds; not measured where it lacks a figure."""
    try:
        measured = compute()
    except NotMeasured as lacking:
        return Claim(words=words, measured=None, unit=unit, target=target, why=str(lacking))
    return Claim(words=words, measured=measured, unit=unit, target=target)


class Found:
    """The figures of a run by what they are."""

    def __init__(self, figures: tuple[Figure, ...], missing: tuple[Missing, ...]) -> None:
        self._figures = {(f.door, f.way, f.engine, f.nodes, f.clients, f.disk): f for f in figures}
        self._missing = missing

    def __call__(
        self, section: str, door: str, way: str, engine: str, nodes: str, clients: int, disk: str = ""
    ) -> Figure:
        """One figure. Raises: NotMeasured with the reason that its section gave."""
        found = self._figures.get((door, way, engine, nodes, clients, disk))
        if found is not None and found.samples:
            return found
        for one in self._missing:
            # What is empty in it stands for all.
            if one.section in ("", section) and all(
                given in ("", 0, asked)
                for given, asked in (
                    (one.engine, engine), (one.way, way), (one.nodes, nodes), (one.clients, clients),
                )
            ):  # fmt: skip
                raise NotMeasured(one.why)
        raise NotMeasured("this run has no such load")


def rate(sample: Sample) -> float:
    """Answers a second."""
    return sample.rate


def p50(sample: Sample) -> float:
    """The middle wait of a caller."""
    return sample.p50_ms


def p99(sample: Sample) -> float:
    """The wait that one of a hundred callers exceeds."""
    return sample.p99_ms

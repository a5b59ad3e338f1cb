"""What is claimed, and is it so?"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from bench.measure import Figure, Range, Sample, paired, ranged
from bench.promise import Report


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """One figure, and the target where there is one."""

    words: str
    measured: Range
    unit: str  # "x" = a ratio
    target: str | None = None  # ">= 0.6": what the middle value must be

    @property
    def met(self) -> bool | None:
        """Whether the middle value is what the target says; None where there is none."""
        if self.target is None:
            return None
        sign, limit = self.target.split()
        middle = self.measured.median
        return middle >= float(limit) if sign == ">=" else middle <= float(limit)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One claim for programs."""

    claim: str
    measured: float
    target: str | None
    met: bool | None


def row(claim: Claim) -> Row:
    """A claim for programs: its middle value."""
    words = claim.words if claim.unit == "x" else f"{claim.words}, {claim.unit}"
    return Row(
        claim=words, measured=float(f"{claim.measured.median:.4g}"), target=claim.target, met=claim.met
    )


class Found:
    """The figures of a report by what they are."""

    def __init__(self, report: Report) -> None:
        self._figures = {(f.door, f.way, f.engine, f.nodes, f.clients): f for f in report.figures}

    def __call__(self, door: str, way: str, engine: str, nodes: str, clients: int) -> Figure:
        return self._figures[door, way, engine, nodes, clients]


def of(report: Report) -> list[Claim]:
    """Every claim: those with a target first, then each load by itself."""
    return [*_targets(report), *_loads(report)]


_HTTP, _HERE = "http", "in process"
_NODES = {"spread": "over all nodes", "hot": "on one hot node", "": ""}


def _rate(sample: Sample) -> float:
    return sample.rate


def _p99(sample: Sample) -> float:
    return sample.p99_ms


def _p50(sample: Sample) -> float:
    return sample.p50_ms


def _targets(report: Report) -> Iterator[Claim]:
    found = Found(report)
    clients = report.counts.clients
    few, some, most = clients[0], clients[len(clients) // 2], clients[-1]
    for engine in report.settings:
        # Targets stand for PostgreSQL; where they name no database, for both.
        is_pg = engine == "postgresql"
        for nodes, share in (("spread", ">= 0.6"), ("hot", ">= 0.75")):
            yield Claim(
                words=f"POST /v1/promises, one line, durable, {most} clients, {_NODES[nodes]}, {engine}: rate over that of the validate-only route",
                measured=paired(
                    found(_HTTP, "desk", engine, nodes, most),
                    found(_HTTP, "validate", engine, "", most),
                    _rate,
                ),
                unit="x",
                target=share if is_pg else None,
            )
        yield Claim(
            words=f"the same on one hot node, {most} clients, {engine}: p99 over that of the validate-only route",
            measured=paired(
                found(_HTTP, "desk", engine, "hot", most), found(_HTTP, "validate", engine, "", most), _p99
            ),
            unit="x",
            target="<= 3" if is_pg else None,
        )
        yield Claim(
            words=f"the same on one hot node, {some} clients, {engine}: p99",
            measured=ranged(s.p99_ms for s in found(_HTTP, "desk", engine, "hot", some).samples),
            unit="ms",
            target="<= 50",
        )
        for door, nodes, times in (
            (_HTTP, "spread", ">= 4"),
            (_HTTP, "hot", ">= 10"),
            (_HERE, "spread", ">= 4"),
            (_HERE, "hot", ">= 20"),
        ):
            yield Claim(
                words=f"{door}, {most} clients, {_NODES[nodes]}, {engine}: rate over that of a transaction per promise",
                measured=paired(
                    found(door, "desk", engine, nodes, most),
                    found(door, "one by one", engine, nodes, most),
                    _rate,
                ),
                unit="x",
                target=times if is_pg else None,
            )
        yield Claim(
            words=f"in process, {most} clients, over all nodes, {engine}: rate over that of a single conditional update a transaction",
            measured=paired(
                found(_HERE, "desk", engine, "spread", most),
                found(_HERE, "conditional update", engine, "spread", most),
                _rate,
            ),
            unit="x",
            target=">= 2" if is_pg else None,
        )
        for nodes in ("spread", "hot"):
            yield Claim(
                words=f"in process, durable, {most} clients, {_NODES[nodes]}, {engine}: rate over that of the same rows written raw",
                measured=paired(
                    found(_HERE, "desk", engine, nodes, most),
                    found(_HERE, "raw rows", engine, nodes, most),
                    _rate,
                ),
                unit="x",
                target=">= 0.4",
            )
        for door in (_HTTP, _HERE):
            yield Claim(
                words=f"{door}, one client, {engine}: p50 over that of a transaction per promise",
                measured=paired(
                    found(door, "desk", engine, "spread", few),
                    found(door, "one by one", engine, "spread", few),
                    _p50,
                ),
                unit="x",
                target="<= 1.25",
            )
        for words, value, limit in (("p50", _p50, "<= 5"), ("p99", _p99, "<= 20")):
            yield Claim(
                words=f"one decision through a two-level bill and capacity, durable, {engine}: {words}",
                measured=ranged(value(s) for s in found(_HERE, "made, durable", engine, "", 1).samples),
                unit="ms",
                target=limit,
            )
            yield Claim(
                words=f"the same decision alone, nothing kept, {engine}: {words}",
                measured=ranged(
                    value(s) for s in found(_HERE, "made, decision alone", engine, "", 1).samples
                ),
                unit="ms",
            )
    if {"sqlite", "postgresql"} <= set(report.settings):
        yield Claim(
            words=f"in process, {most} clients, over all nodes: SQLite's rate over PostgreSQL's",
            measured=paired(
                found(_HERE, "desk", "sqlite", "spread", most),
                found(_HERE, "desk", "postgresql", "spread", most),
                _rate,
            ),
            unit="x",
            target=">= 0.7",
        )


def _loads(report: Report) -> Iterator[Claim]:
    for figure in report.figures:
        words = ", ".join(
            part for part in (figure.door, figure.way, _NODES[figure.nodes], figure.engine) if part
        )
        words += f", {figure.clients} {'client' if figure.clients == 1 else 'clients'}"
        for name, unit, value in (("rate", "a second", _rate), ("p50", "ms", _p50), ("p99", "ms", _p99)):
            yield Claim(
                words=f"{words}: {name}", measured=ranged(value(s) for s in figure.samples), unit=unit
            )

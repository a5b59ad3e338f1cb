"""Which figures are claimed, and what must they be? The speed table of docs/architecture.md, row by row."""

from __future__ import annotations

from collections.abc import Iterator

from bench import bulk, processes
from bench.claims import Claim, Found, claim, p50, p99, rate
from bench.measure import Figure, Range, paired, ranged
from bench.one_line import HTTP
from bench.one_line import IN_PROCESS as HERE
from bench.promise import MADE, MAIN_HERE, MAIN_HTTP, SLOW_HERE, SLOW_HTTP, Report
from bench.slow_disk import SLOW

NODES = {"spread": "over all nodes", "hot": "on one hot node", "": ""}


def of(report: Report) -> list[Claim]:
    """Every claim: those with a target first, then each load by itself."""
    return [*targets(report), *loads(report)]


def targets(report: Report) -> Iterator[Claim]:
    """The rows of the table."""
    found = Found(report.figures, report.missing)
    for engine in ("sqlite", "postgresql"):
        yield from _one_line(report, found, engine, "")
        yield from _made(found, engine)
        yield from _bulk(report, found, engine)
    yield _engines(report, found)
    yield from _processes(report, found)
    for engine in ("sqlite", "postgresql"):
        yield from _one_line(report, found, engine, SLOW)


def _one_line(report: Report, found: Found, engine: str, disk: str) -> Iterator[Claim]:
    clients = report.counts.clients
    few, some, most = clients[0], clients[len(clients) // 2], clients[-1]
    # Targets stand for PostgreSQL; where they name no database, for both.
    is_pg = engine == "postgresql"
    slowly = f", every fsync {disk} (simulated)" if disk else ""

    def at(door: str, way: str, nodes: str, clients: int) -> Figure:
        section = {HTTP: SLOW_HTTP, HERE: SLOW_HERE} if disk else {HTTP: MAIN_HTTP, HERE: MAIN_HERE}
        return found(section[door], door, way, engine, nodes, clients, disk)

    for nodes, share in (("spread", ">= 0.6"), ("hot", ">= 0.75")):
        yield claim(
            f"POST /v1/promises, one line, durable, {most} clients, {NODES[nodes]}, {engine}{slowly}: rate over that of the validate-only route",
            lambda nodes=nodes: paired(at(HTTP, "desk", nodes, most), at(HTTP, "validate", "", most), rate),
            target=share if is_pg else None,
        )
    yield claim(
        f"POST /v1/promises, one line, durable, {most} clients, on one hot node, {engine}{slowly}: p99 over that of the validate-only route",
        lambda: paired(at(HTTP, "desk", "hot", most), at(HTTP, "validate", "", most), p99),
        target="<= 3" if is_pg else None,
    )
    if not disk:
        yield claim(
            f"POST /v1/promises, one line, durable, {some} clients, on one hot node, {engine}: p99",
            lambda: ranged(s.p99_ms for s in at(HTTP, "desk", "hot", some).samples),
            unit="ms",
            target="<= 50",
        )
    for door, nodes, times in (
        (HTTP, "spread", ">= 4"),
        (HTTP, "hot", ">= 10"),
        (HERE, "spread", ">= 4"),
        (HERE, "hot", ">= 20"),
    ):
        yield claim(
            f"{door}, {most} clients, {NODES[nodes]}, {engine}{slowly}: rate over that of a transaction per promise",
            lambda door=door, nodes=nodes: paired(
                at(door, "desk", nodes, most), at(door, "one by one", nodes, most), rate
            ),
            target=times if is_pg else None,
        )
    yield claim(
        f"in process, {most} clients, over all nodes, {engine}{slowly}: rate over that of a single conditional update a transaction",
        lambda: paired(
            at(HERE, "desk", "spread", most), at(HERE, "conditional update", "spread", most), rate
        ),
        target=">= 2" if is_pg else None,
    )
    for nodes in ("spread", "hot"):
        yield claim(
            f"in process, durable, {most} clients, {NODES[nodes]}, {engine}{slowly}: rate over that of the same rows written raw",
            lambda nodes=nodes: paired(
                at(HERE, "desk", nodes, most), at(HERE, "raw rows", nodes, most), rate
            ),
            target=">= 0.4",
        )
    for door in (HTTP, HERE):
        yield claim(
            f"{door}, one client, {engine}{slowly}: p50 over that of a transaction per promise",
            lambda door=door: paired(
                at(door, "desk", "spread", few), at(door, "one by one", "spread", few), p50
            ),
            target="<= 1.25",
        )


def _made(found: Found, engine: str) -> Iterator[Claim]:
    def at(way: str, value: str) -> Range:
        samples = found(MADE, HERE, way, engine, "", 1).samples
        return ranged((s.p50_ms if value == "p50" else s.p99_ms) for s in samples)

    for value, limit in (("p50", "<= 5"), ("p99", "<= 20")):
        yield claim(
            f"one decision through a two-level bill and capacity, durable, {engine}: {value}",
            lambda value=value: at("made, durable", value),
            unit="ms",
            target=limit,
        )
        yield claim(
            f"one decision through a two-level bill and capacity, nothing kept, {engine}: {value}",
            lambda value=value: at("made, decision alone", value),
            unit="ms",
        )


def _bulk(report: Report, found: Found, engine: str) -> Iterator[Claim]:
    size = report.counts.bulk
    for door, callers in ((HTTP, bulk.CALLERS[-1]), (HTTP, bulk.CALLERS[0]), (HERE, 1)):
        calls = "one call" if callers == 1 else f"{callers} calls"
        yield claim(
            f"batch door, {size} lines a call, {door}, {calls} at a time, {engine}: rate over that of a raw multi-row insert of the same rows",
            lambda door=door, callers=callers: paired(
                found(bulk.SECTION, door, "batch door", engine, "spread", callers),
                found(bulk.SECTION, HERE, "raw rows of a call", engine, "spread", 1),
                rate,
            ),
            target=">= 0.4" if (door, callers) == (HTTP, bulk.CALLERS[-1]) else None,
        )


def _engines(report: Report, found: Found) -> Claim:
    most = report.counts.clients[-1]
    return claim(
        f"in process, {most} clients, over all nodes: SQLite's rate over PostgreSQL's",
        lambda: paired(
            found(MAIN_HERE, HERE, "desk", "sqlite", "spread", most),
            found(MAIN_HERE, HERE, "desk", "postgresql", "spread", most),
            rate,
        ),
        target=">= 0.7",
    )


def _processes(report: Report, found: Found) -> Iterator[Claim]:
    most = report.counts.clients[-1]

    def at(way: str) -> Figure:
        return found(processes.SECTION, HERE, way, "postgresql", "spread", most)

    for way, words, times in (
        ("two processes, by node", "requests to the process of their node", ">= 1.3"),
        ("two processes, at random", "requests to either at random", ">= 1"),
    ):
        yield claim(
            f"two app processes on one PostgreSQL, {most} clients, {words}: rate over that of one process",
            lambda way=way: paired(at(way), at("one process"), rate),
            target=times,
        )


def loads(report: Report) -> Iterator[Claim]:
    """Each load by itself, without a target."""
    for figure in report.figures:
        yield from _load(figure)


def _load(figure: Figure) -> Iterator[Claim]:
    words = described(figure)
    for name, unit, value in (("rate", "a second", rate), ("p50", "ms", p50), ("p99", "ms", p99)):
        measured = ranged(value(sample) for sample in figure.samples)
        yield Claim(words=f"{words}: {name}", measured=measured, unit=unit)


def described(figure: Figure) -> str:
    """A load in words."""
    parts = (figure.door, figure.way, NODES[figure.nodes], figure.engine)
    words = ", ".join(part for part in parts if part)
    words += f", {figure.clients} {'client' if figure.clients == 1 else 'clients'}"
    return f"{words}, every fsync {figure.disk} (simulated)" if figure.disk else words

"""Which figures are claimed, and what must they be? Each row has its limit or its peer from the same run."""

from __future__ import annotations

from collections.abc import Iterator

from bench import backlog, bulk, news, processes
from bench.claims import Claim, Found, NotMeasured, claim, p50, p99, rate
from bench.measure import Figure, Range, paired, ranged
from bench.one_line import HTTP
from bench.one_line import IN_PROCESS as HERE
from bench.peers import measure as peers
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
    yield from _backlog(report, found)
    yield from _news(report, found)
    yield from _peers(found)
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


def _backlog(report: Report, found: Found) -> Iterator[Claim]:
    counts = report.counts

    def at(way: str, nodes: str = "spread") -> Figure:
        return found(backlog.SECTION, HERE, way, "postgresql", nodes, 1)

    def beside(figure: Figure, published: int) -> Range:
        ours = ranged(sample.rate for sample in figure.samples).median
        raise NotMeasured(
            f"frePPLe's engine is not installed; published for it, in memory and with nothing kept: {published:,} a second;"
            f" ours in this run, kept and durable: {ours:,.0f}"
        )

    lines = f"re-promise {counts.lines:,} open lines over {2 * counts.items:,} nodes, stock and receipts"
    made = f"re-promise {counts.made_lines:,} open lines through two-level bills and finite capacity"
    yield claim(
        f"{lines}: time over that of bare COPY out and COPY in of the same rows",
        lambda: paired(at(backlog.STOCK), at(backlog.COPY), lambda sample: sample.seconds / sample.count),
        target="<= 2",
    )
    yield claim(
        f"{lines}, in one process: time over that of bare COPY out and COPY in of the same rows",
        lambda: paired(at(backlog.ALONE), at(backlog.COPY), lambda sample: sample.seconds / sample.count),
    )
    yield claim(
        f"{lines}: rate over that of one process",
        lambda: paired(at(backlog.STOCK), at(backlog.ALONE), rate),
    )
    yield claim(
        f"{lines}: rate over that of frePPLe's engine",
        lambda: beside(at(backlog.STOCK), 175_000),
        target=">= 3",
    )
    yield claim(
        f"{made}: rate over that of frePPLe's engine",
        lambda: beside(at(backlog.MADE, ""), 9_500),
        target=">= 1",
    )
    for words, way, nodes in (
        (lines, backlog.STOCK, "spread"),
        (f"{lines}, in one process", backlog.ALONE, "spread"),
        (made, backlog.MADE, ""),
    ):
        yield claim(
            f"{words}: lines",
            lambda way=way, nodes=nodes: ranged(sample.rate for sample in at(way, nodes).samples),
            unit="a second",
        )


def _news(report: Report, found: Found) -> Iterator[Claim]:
    counts = report.counts

    def at(way: str) -> Figure:
        return found(news.SECTION, HERE, f"supply change, {way}", "postgresql", "hot", 1)

    change = f"one supply change that uncovers {counts.hit:,} commitments, judged and excepted"
    yield claim(
        f"{change}: time with {counts.open_many:,} open commitments over that with {counts.open_few:,}",
        lambda: paired(at(news.MANY), at(news.FEW), lambda sample: sample.seconds),
        target="<= 1.5",
    )
    yield claim(
        f"{change}, with {counts.open_many:,} open commitments: time",
        lambda: ranged(sample.seconds for sample in at(news.MANY).samples),
        unit="s",
        target="<= 2",
    )


def _peers(found: Found) -> Iterator[Claim]:
    for clients, times in zip(peers.CLIENTS, (">= 5", ">= 20"), strict=True):
        for peer in peers.PEERS:

            def at(way: str, clients: int = clients) -> Figure:
                return found(peers.SECTION, HTTP, way, "postgresql", "spread", clients)

            yield claim(
                f"one checked, durable order, {clients} {'client' if clients == 1 else 'clients'}, spread: rate over that of {peer.NAME} {peer.VERSION}",
                lambda at=at, name=peer.NAME: paired(at(peers.OURS), at(name), rate),
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

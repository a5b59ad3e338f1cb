"""What limits what is measured? Said from the figures and profiles of the same run, not from what one would guess."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bench import backlog, bulk, made, news, processes
from bench.claims import Found, NotMeasured
from bench.measure import Figure, ranged
from bench.one_line import HTTP
from bench.one_line import IN_PROCESS as HERE
from bench.peers import measure as peers
from bench.promise import MADE, MAIN_HERE, MAIN_HTTP, SLOW_HERE, Report
from bench.slow_disk import MS, SLOW
from bench.where import REST, Profile, Where

ENGINES = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}


def said(report: Report) -> Iterator[str]:
    """A paragraph for each thing that could be looked at."""
    found = Found(report.figures, report.missing)
    for where in report.where:
        yield from _if_measured(
            f"{ENGINES[where.engine]}", lambda where=where: _one_line(report, found, where)
        )
    for engine in ("sqlite", "postgresql"):
        yield from _if_measured(f"Batch door, {ENGINES[engine]}", lambda engine=engine: _bulk(found, engine))
    for engine in ("sqlite", "postgresql"):
        yield from _if_measured(
            f"Two-level bill, {ENGINES[engine]}", lambda engine=engine: _made(report, found, engine)
        )
    yield from _if_measured("Several processes", lambda: _processes(report, found))
    yield from _if_measured("Slower disk", lambda: _slow(report, found))
    yield from _if_measured("Backlog", lambda: _backlog(report, found))
    yield from _if_measured("Supply news", lambda: _news(report, found))
    yield from _if_measured("Peers", lambda: _peers(found))


def _if_measured(title: str, words: Callable[[], str]) -> Iterator[str]:
    try:
        yield f"- **{title}.** {words()}"
    except NotMeasured as lacking:
        yield f"- **{title}.** Not measured: {lacking}."


def _us(figure: Figure) -> float:
    """What one takes, by the rate."""
    return ranged(1e6 / sample.rate for sample in figure.samples).median


def _cpu(figure: Figure) -> float:
    known = [sample.cpu_us for sample in figure.samples if sample.cpu_us is not None]
    if not known:
        raise NotMeasured("this system does not tell what a process used")
    return ranged(known).median


def _busy(figure: Figure) -> float:
    known = [sample.busy_cores for sample in figure.samples if sample.busy_cores is not None]
    if not known:
        raise NotMeasured("this system does not tell how busy it was")
    return ranged(known).median


def _one_line(report: Report, found: Found, where: Where) -> str:
    """What part is deciding, what part is the database, and how near the floor is."""
    most = max(report.counts.clients)
    wall = sum(step.wall_us for step in where.steps)
    cpu = sum(step.cpu_us for step in where.steps)
    database = sum(
        s.wall_us for s in where.steps if s.name.startswith(("write: ", "lock", "claim", "commit"))
    )
    longest = [step for step in where.steps if step.name != REST][:3]
    raw = _us(found(MAIN_HERE, HERE, "raw rows", where.engine, "spread", most))
    served = _cpu(found(MAIN_HTTP, HTTP, "desk", where.engine, "spread", most))
    checked = _cpu(found(MAIN_HTTP, HTTP, "validate", where.engine, "", most))
    return (
        f"A promise takes {wall:.0f} us in a batch of 256: {wall - database:.0f} us of deciding, checking and"
        f" writing down in Python, and {database:.0f} us in the statements of its transaction; the same rows written raw take {raw:.0f} us."
        f" The longest steps are {', '.join(f'*{step.name}* ({step.wall_us:.0f} us)' for step in longest)}."
        f" {cpu:.0f} us of it are Python on one core, which one process cannot use twice at a time."
        f" Over HTTP a promise costs the server {served:.0f} us of processor time, the validate-only route"
        f" {checked:.0f} us: the difference is what deciding and keeping it costs, and sets the ratio above."
    )


def _bulk(found: Found, engine: str) -> str:
    over = found(bulk.SECTION, HTTP, "batch door", engine, "spread", bulk.CALLERS[-1])
    here = found(bulk.SECTION, HERE, "batch door", engine, "spread", 1)
    raw = found(bulk.SECTION, HERE, "raw rows of a call", engine, "spread", 1)
    return (
        f"A line takes {_us(over):.0f} us over HTTP, {_us(here):.0f} us in process, and its rows written raw {_us(raw):.0f} us."
        f" Reading and writing JSON is the difference between the first two, deciding and checking that between the last two."
        f" The server uses {_cpu(over):.0f} us of processor time a line, on one core."
    )


def _made(report: Report, found: Found, engine: str) -> str:
    kept = found(MADE, HERE, "made, durable", engine, "", 1)
    alone = found(MADE, HERE, "made, decision alone", engine, "", 1)
    cpu = _cpu(kept)
    return (
        f"Deciding takes {_p50(alone):.2f} ms, deciding and keeping it {_p50(kept):.1f} ms, of which {cpu / 1e3:.1f} ms are Python in this process"
        f" and the rest is waiting for the database: a second transaction locks and reads everything that the order can reach, and writes"
        f" draws on each level.{_top(report, made.title(engine))}"
    )


def _p50(figure: Figure) -> float:
    return ranged(sample.p50_ms for sample in figure.samples).median


def _processes(report: Report, found: Found) -> str:
    most = report.counts.clients[-1]
    ways = ("one process", "two processes, by node", "two processes, at random")
    one, by_node, at_random = (
        found(processes.SECTION, HERE, way, "postgresql", "spread", most) for way in ways
    )
    cores = report.machine["cores"]
    return (
        f"With one process {_busy(one):.1f} of {cores} cores are busy, PostgreSQL included; with two by node {_busy(by_node):.1f}, at random"
        f" {_busy(at_random):.1f}. A second process can use no more than what the first and PostgreSQL leave. At random both want the same"
        f" rows, and each waits for the other's commit; smaller transactions cost more a promise: {_cpu(one):.0f} us of processor time"
        f" in the app with one process, {_cpu(by_node):.0f} by node, {_cpu(at_random):.0f} at random."
    )


def _slow(report: Report, found: Found) -> str:
    most = report.counts.clients[-1]
    parts = []
    for engine in ("sqlite", "postgresql"):
        rates = [
            ranged(s.rate for s in found(section, HERE, "desk", engine, "spread", most, disk).samples).median
            for section, disk in ((MAIN_HERE, ""), (SLOW_HERE, SLOW))
        ]
        parts.append(f"{rates[1] / rates[0]:.0%} of its rate on {ENGINES[engine]}")
    return (
        f"With {MS} ms more for each fsync the desk keeps {' and '.join(parts)}, in process with {most} clients: it shares one among many"
        f" promises. A transaction per promise waits for each."
    )


def _backlog(report: Report, found: Found) -> str:
    promised, alone, copied = (
        found(backlog.SECTION, HERE, way, "postgresql", "spread", 1)
        for way in (backlog.STOCK, backlog.ALONE, backlog.COPY)
    )
    used = int(report.facts.get(backlog.USED, "1"))
    many = "one process" if used == 1 else f"{used} processes"
    return (
        f"A line takes {_us(promised):.0f} us to promise as users get it, here with {many}, {_us(alone):.0f} us with one process alone, and"
        f" {_us(copied):.0f} us to copy out and in with all its rows. {_cpu(alone):.0f} us of the one process are Python, which is its limit: lines"
        f" that could compete are promised one after the other, in transactions of some hundred, on the same path as any other promise, with"
        f" decision, audit and outbox. More processes are limited by the cores, which they share with PostgreSQL: {_busy(promised):.1f} of"
        f" {report.machine['cores']} were busy, {_busy(alone):.1f} with one; and by what hangs together: a group of lines that could compete stays"
        f" in one process.{_top(report, backlog.TITLE)}"
    )


def _news(report: Report, found: Found) -> str:
    many = found(news.SECTION, HERE, f"supply change, {news.MANY}", "postgresql", "hot", 1)
    seconds = ranged(sample.seconds for sample in many.samples).median
    return (
        f"{seconds * 1e6 / report.counts.hit:.0f} us for each commitment that is uncovered. Only the node's own rows are read, by"
        f" an index that begins with its key: what else is open does not matter.{_top(report, news.TITLE)}"
    )


def _peers(found: Found) -> str:
    one, eight = (found(peers.SECTION, HTTP, peers.OURS, "postgresql", "spread", n) for n in peers.CLIENTS)
    p50 = ranged(sample.p50_ms for sample in one.samples).median
    return (
        f"Alone, an order waits {p50:.1f} ms for Accord, its fsync included: no batch can shorten that. Eight clients share transactions:"
        f" {_us(one) / _us(eight):.1f} times the rate of one, with {_busy(eight):.1f} cores busy, the client among them."
    )


def _top(report: Report, title: str) -> str:
    """Where most of its time goes, if there is a profile of it."""
    profile: Profile | None = next((one for one in report.profiles if one.title == title), None)
    if profile is None:
        return ""
    named = ", ".join(f"`{one.name}` {one.share:.0%}" for one in profile.functions[:4])
    return f" Most time of their own have {named}."

"""How is a run told: the page in docs, the table on the screen?"""

from __future__ import annotations

from collections.abc import Iterator

from bench import limits, targets
from bench.claims import Claim
from bench.measure import Figure, ranged
from bench.peers import measure as peers
from bench.promise import Report
from bench.sections import LEFT_OUT
from bench.slow_disk import MS

_WAYS = {
    "desk": "the desk: callers share transactions",
    "one by one": "a transaction per promise",
    "validate": "the validate-only route: nothing decided or kept",
    "raw rows": "the same rows written raw, 256 promises a transaction",
    "conditional update": "one conditional update and one insert a transaction",
    "made, decision alone": "two-level bill: decision alone",
    "made, durable": "two-level bill: decision kept",
    "batch door": "the batch door: many orders a call",
    "raw rows of a call": "the rows of a call written raw, a transaction each",
    "one process": "one app process",
    "two processes, by node": "two app processes, requests by node",
    "two processes, at random": "two app processes, requests at random",
}
_NODES = {"spread": "all nodes", "hot": "one node", "": ""}


def page(report: Report) -> str:
    """docs/performance.md."""
    return (
        "\n".join(
            [
                *_head(report),
                *_claims(report),
                *_loads(report),
                *_peers(report),
                *_where(report),
                *_rest(report),
            ]
        )
        + "\n"
    )


def table(report: Report) -> str:
    """What was claimed, for the screen."""
    lines = []
    for claim in targets.targets(report):
        if claim.target is not None and claim.why != LEFT_OUT:
            lines.append(f"{_verdict(claim):22} {_measured(claim):34} {claim.target:8} {claim.words}")
    return "\n".join(lines)


def settings(report: Report) -> str:
    """The settings of each database, for the screen."""
    return "\n".join(
        f"{limits.ENGINES[engine]}: " + ", ".join(f"{name} {value}" for name, value in known.items())
        for engine, known in report.settings.items()
    )


# --- the page ---


def _head(report: Report) -> Iterator[str]:
    counts = report.counts
    yield "# Performance"
    yield ""
    yield "Written by `make bench` from one run; no figure on this page was typed by hand."
    yield ""
    yield (
        f"A promise here is one line, decided on the real path and durable before it is answered: claimed id, locked node,"
        f" decision with its options, gate, draw, commitment, promise, audit entry and outbox message in one"
        f" transaction. The company has {counts.items:,} items at two sites, {2 * counts.items:,} nodes, each with stock and"
        f" four receipts to come; sites have calendars and cut-offs, customers tiers and zones, items prices and floors."
        f" Requested days lie one to nine weeks ahead. *All nodes* means at random, *one node* that everybody wants the same item."
    )
    yield ""
    yield (
        f"Loads that are compared take turns, {counts.repetitions} of {counts.seconds:g} s each after a warm-up (counts:"
        f" {counts.name}). Ratios are taken turn by turn; a table shows the middle and, in brackets, the smallest and largest. A client"
        f" has one request under way. Over HTTP the clients are a process of their own with keep-alive connections"
        f" and API keys, in process they queue at the desk. Every answer is checked: a load in which one is not a promise is not"
        f" measured, and what is not measured is neither met nor missed."
    )
    yield ""
    yield (
        f"*Every fsync +{MS} ms* is a disk that takes so much longer to keep what it is told to keep. It is **simulated**: PostgreSQL with"
        f" `commit_delay = {MS}000, commit_siblings = 0`, SQLite with as long a wait at the end of each commit, while nobody else can write."
    )
    yield ""
    yield "| machine | |"
    yield "|---|---|"
    for name, value in report.machine.items():
        yield f"| {name} | {value} |"
    yield f"| load when it ended | {report.load_at_end:.1f} over one minute |"
    yield f"| the run took | {report.seconds:.0f} s |"
    yield f"| fsync of 4 kB, median | {report.fsync_ms:.2f} ms |"
    yield ""
    for engine, known in report.settings.items():
        said = ", ".join(f"`{name}` {value}" for name, value in known.items() if name != "version")
        yield f"{limits.ENGINES[engine]} {known['version']}: {said}."
        yield ""
    if float(report.machine["load when it began"].split()[0]) > 0.5:
        yield (
            "**The machine was not idle** when this run began, as its load says. Absolute figures are lower than it could give,"
            " and the slowest waits are those of a machine that does something else; ratios suffer less."
        )
        yield ""


def _claims(report: Report) -> Iterator[str]:
    known = list(targets.targets(report))
    yield "## What is claimed"
    yield ""
    yield "| claim | measured | target | met |"
    yield "|---|---|---|---|"
    for claim in known:
        if claim.target is not None:
            yield f"| {claim.words} | {_measured(claim)} | {claim.target} | {_verdict(claim)} |"
    yield ""
    yield "Measured in the same run, without a target:"
    yield ""
    yield "| | measured |"
    yield "|---|---|"
    for claim in known:
        if claim.target is None:
            yield f"| {claim.words} | {_measured(claim)} |"
    yield ""


def _loads(report: Report) -> Iterator[str]:
    yield "## Every load"
    yield ""
    yield (
        "*CPU* is time of the processor for each answer: of the server process over HTTP, of the whole process (clients"
        " included) in process."
    )
    yield ""
    yield (
        "*Busy* is how many cores of the whole machine worked meanwhile, clients and database included: where that is all"
        " of them, the machine is the limit."
    )
    yield ""
    for engine in report.settings:
        yield f"### {limits.ENGINES[engine]}"
        yield ""
        yield "| door | what | disk | nodes | clients | a second | p50 ms | p99 ms | CPU us | busy |"
        yield "|---|---|---|---|---:|---:|---:|---:|---:|---:|"
        for figure in report.figures:
            if figure.engine == engine:
                yield _load(figure)
        yield ""
    sizes = [
        f"{way} {figure.samples[-1].reply_bytes:,}"
        for figure in report.figures
        if figure.door == "http"
        and figure.clients == max(report.counts.clients)
        and figure.nodes != "hot"
        and not figure.disk
        for way in [f"{limits.ENGINES[figure.engine]}, {figure.way}"]
    ]
    if sizes:
        yield f"Bytes of a reply over HTTP, headers included: {'; '.join(sizes)}."
        yield ""


def _load(figure: Figure) -> str:
    rate = ranged(sample.rate for sample in figure.samples)
    p50 = ranged(sample.p50_ms for sample in figure.samples)
    p99 = ranged(sample.p99_ms for sample in figure.samples)
    cpu = [sample.cpu_us for sample in figure.samples if sample.cpu_us is not None]
    busy = [sample.busy_cores for sample in figure.samples if sample.busy_cores is not None]
    cells = [
        figure.door,
        _WAYS.get(figure.way, figure.way),
        figure.disk,
        _NODES[figure.nodes],
        str(figure.clients),
        f"{rate.median:,.0f} ({rate.min:,.0f} to {rate.max:,.0f})",
        f"{p50.median:,.2f}",
        f"{p99.median:,.2f} ({p99.min:,.2f} to {p99.max:,.2f})",
        f"{ranged(cpu).median:,.0f}" if cpu else "",
        f"{ranged(busy).median:.1f}" if busy else "",
    ]
    return f"| {' | '.join(cells)} |"


def _where(report: Report) -> Iterator[str]:
    yield "## Where the time of a promise goes"
    yield ""
    yield (
        "Batches of 256 promises over all nodes, as the desk runs them. *Wall* is what passes, waiting for the database and for"
        " a turn on the processor included; *CPU* is this process alone. Each step without the steps inside it."
    )
    yield ""
    for where in report.where:
        yield f"### {limits.ENGINES[where.engine]}, in process"
        yield ""
        wall, cpu = sum(step.wall_us for step in where.steps), sum(step.cpu_us for step in where.steps)
        yield "| step | wall us a promise | share | CPU us |"
        yield "|---|---:|---:|---:|"
        for step in where.steps:
            yield f"| {step.name} | {step.wall_us:.1f} | {step.wall_us / wall:.0%} | {step.cpu_us:.1f} |"
        yield f"| **all** | **{wall:.0f}** | | **{cpu:.0f}** |"
        yield ""
        yield f"cProfile, which slows it down {where.slowed:.1f} times; the functions with most time of their own:"
        yield ""
        yield "| function | calls a promise | share |"
        yield "|---|---:|---:|"
        for function in where.functions:
            yield f"| `{function.name}` | {function.calls:.2f} | {function.share:.1%} |"
        yield ""
    for profile in report.profiles:
        yield f"### {profile.title}"
        yield ""
        yield "By cProfile, which slows down what is called often; the functions with most time of their own:"
        yield ""
        yield "| function | calls for each | share |"
        yield "|---|---:|---:|"
        for function in profile.functions[:10]:
            yield f"| `{function.name}` | {function.calls:.2f} | {function.share:.1%} |"
        yield ""
    yield "### What limits"
    yield ""
    yield from limits.said(report)
    yield ""


def _peers(report: Report) -> Iterator[str]:
    """Who the peers are, and what one order is for each."""
    yield "## Peers"
    yield ""
    yield (
        f"One checked, durable order of one line, over HTTP, on the same PostgreSQL server, by turns; {peers.ITEMS} items of a peer, each with stock"
        f" for all. A peer runs in an environment of its own at a version that is written down. For Accord an order is a whole"
        f" promise; what it is for the others:"
    )
    yield ""
    yield "| | version | an order is |"
    yield "|---|---|---|"
    for peer in peers.PEERS:
        yield f"| {peer.NAME} | {peer.VERSION} | {peer.DOOR} |"
    yield ""
    yield (
        "frePPLe's engine cannot be installed from the package registries that this bench uses, so it was not started; what is published for it"
        " stands beside ours as such. It plans in memory and keeps nothing."
    )
    yield ""


def _rest(report: Report) -> Iterator[str]:
    yield "## Not measured"
    yield ""
    for one in report.missing:
        parts = (one.section, one.engine, one.way, _NODES.get(one.nodes, one.nodes))
        clients = f", {one.clients} clients" if one.clients else ""
        yield f"- {', '.join(part for part in parts if part)}{clients}: {one.why}."
    yield "- The scorecard page at a million commitments: there is no such page yet."
    yield "- Refusals, options and holds as a mix of real traffic; this page measures plain yes answers and orders that are made."


# --- cells ---


def _measured(claim: Claim) -> str:
    if claim.measured is None:
        return f"not measured: {claim.why}"
    low, middle, high = (_number(v) for v in (claim.measured.min, claim.measured.median, claim.measured.max))
    unit = "" if claim.unit == "x" else f" {claim.unit}"
    return f"{middle}{unit} ({low} to {high})"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _verdict(claim: Claim) -> str:
    """Whether the target is met; where it is not, by how much."""
    if claim.measured is None:
        return "not measured"
    short = claim.falls_short
    if short is not None and claim.target is not None:
        return f"**no**, {short:.0%} {'short' if claim.target.startswith('>=') else 'over'}"
    return "yes" if claim.met else ""

"""`python -m bench pages`: how fast are the screens, and is that what was asked for?"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
from playwright.sync_api import Browser
from tests.browser import chromium
from tests.browser.entering import enter
from tests.browser.screens import SCREENS

from bench import machine
from bench.claims import Claim
from bench.measure import Range, ranged
from bench.pages import measure
from bench.pages.company import enlarge
from bench.pages.measure import Job, Load

Say = Callable[[str], None]

# Lists on the enlarged company: the address, and what must be there when it is painted.
LISTS = (
    ("promises", "/promises", "[data-row]"),
    ("promises, narrowed by customer", "/promises?q=Northwind", "[data-row]"),
    ("promises, narrowed by item", "/promises?q=B-0007", "[data-row]"),
    ("promises, held", "/promises?state=held", "[data-row]"),
    ("supply", "/supply", "main tbody tr"),
    ("supply, narrowed by item", "/supply?q=B-0007", "main tbody tr"),
    ("audit", "/audit", "main tbody tr"),
)


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How much is measured."""

    loads: int  # of each screen
    paints: int  # of each list
    jobs: int
    items: int
    promises: int


FULL = Counts(loads=5, paints=9, jobs=50, items=1_000, promises=10_000)
QUICK = Counts(loads=1, paints=3, jobs=20, items=1_000, promises=10_000)
TINY = Counts(loads=1, paints=1, jobs=1, items=20, promises=50)


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What one run found."""

    counts: Counts
    settings: dict[str, str]
    loads: dict[str, tuple[Load, ...]]
    paints: dict[str, tuple[tuple[float, float], ...]]
    jobs: tuple[Job, ...]
    seconds: float


def run(counts: Counts, say: Say) -> Report:
    """Measure everything. Raises: RuntimeError where there is no browser."""
    if chromium.found() is None:
        raise RuntimeError(chromium.ABSENT)
    began = time.monotonic()
    settings = machine.described()
    with tempfile.TemporaryDirectory(prefix="accord-pages-") as folder, chromium.chromium() as browser:
        small, large = Path(folder) / "demo.db", Path(folder) / "large.db"
        subprocess.run(
            [chromium.ACCORD, "demo", "--no-serve", "--db", small], check=True, capture_output=True
        )
        shutil.copy(small, large)
        enlarge(large, items=counts.items, promises=counts.promises)
        with chromium.served(small) as address:
            loads = _loads(browser, address, counts, say)
            jobs = _jobs(browser, address, counts, say)
        with chromium.served(large) as address:
            paints = _paints(browser, address, counts, say)
    return Report(
        counts=counts,
        settings=settings | {"browser": browser.version},
        loads=loads,
        paints=paints,
        jobs=jobs,
        seconds=time.monotonic() - began,
    )


def _loads(browser: Browser, address: str, counts: Counts, say: Say) -> dict[str, tuple[Load, ...]]:
    found = {}
    for screen in SCREENS:
        found[screen.id] = tuple(measure.load(browser, address, screen) for _ in range(counts.loads))
        worst = max(one.lcp_ms for one in found[screen.id])
        say(f"{screen.id}: painted in {worst:.0f} ms at worst, {found[screen.id][0].all_kb:.0f} kB")
    return found


def _jobs(browser: Browser, address: str, counts: Counts, say: Say) -> tuple[Job, ...]:
    context = browser.new_context(base_url=address, viewport={"width": 1440, "height": 900}, locale="en-GB")
    context.add_init_script(measure.OBSERVE)
    page = context.new_page()
    enter(page, "seller")
    found = tuple(measure.seller(page, number) for number in range(counts.jobs))
    context.close()
    say(f"the seller's job: {found[0].keys} keys, {max(one.machine_ms for one in found):.0f} ms at worst")
    return found


def _paints(
    browser: Browser, address: str, counts: Counts, say: Say
) -> dict[str, tuple[tuple[float, float], ...]]:
    context = browser.new_context(base_url=address, viewport={"width": 1440, "height": 900}, locale="en-GB")
    context.add_init_script(measure.OBSERVE)
    page = context.new_page()
    enter(page, "executive")
    found = {}
    for name, path, shown in LISTS:
        measure.paint(page, path, shown)  # the first one fills caches
        found[name] = tuple(measure.paint(page, path, shown) for _ in range(counts.paints))
        say(f"{name}: painted in {max(lcp for lcp, _ in found[name]):.0f} ms at worst")
    context.close()
    return found


# --- what is claimed of it ---


def claims(report: Report) -> Iterator[Claim]:
    """Each figure and its target."""

    def one(words: str, values: list[float], unit: str, target: str) -> Claim:
        return Claim(words=words, measured=ranged(values), unit=unit, target=target)

    for id, loads in report.loads.items():
        yield one(
            f"{id}: largest paint, cold, 4x slower, slow 4G", [x.lcp_ms for x in loads], "ms", "<= 1500"
        )
    for id, loads in report.loads.items():
        yield one(f"{id}: main thread blocked", [x.blocked_ms for x in loads], "ms", "<= 100")
    every = [x for loads in report.loads.values() for x in loads]
    yield one(
        "all screens: scripts and styles of a first load", [max(x.code_kb for x in every)], "kB", "<= 200"
    )
    yield one("all screens: layout shift", [max(x.shift for x in every)], "", "<= 0")
    jobs = report.jobs
    yield one("the seller's job: keys", [float(x.keys) for x in jobs], "keys", "<= 30")
    yield _at("the seller's job: Enter to the answer, p95", [x.answer_ms for x in jobs], 0.95, "<= 500")
    yield _at("the seller's job: all machine time, p95", [x.machine_ms for x in jobs], 0.95, "<= 1000")
    keys = [ms for x in jobs for ms in x.interactions_ms]
    yield _at("the seller's job: key to the next paint, p98", keys or [0.0], 0.98, "<= 100")
    size = f"{report.counts.promises:,} promises, {report.counts.items:,} more items"
    for name, paints in report.paints.items():
        target = "<= 300" if "," in name else "<= 1000"
        yield one(f"{name}: painted, {size}", [lcp for lcp, _ in paints], "ms", target)


def _at(words: str, values: list[float], share: float, target: str) -> Claim:
    known = sorted(values)
    at = known[min(len(known) - 1, int(share * len(known)))]
    return Claim(words=words, measured=Range(known[0], at, known[-1]), unit="ms", target=target)


def page(report: Report) -> str:
    """docs/performance-pages.md."""
    lines = [
        "# Performance of the screens",
        "",
        "Written by `python -m bench pages` from one run; no figure on this page was typed by hand.",
        "",
        "The demo company, served by `accord demo`, in a real Chromium without a window. *Cold, 4x slower, slow 4G*: a phone's width,"
        " nothing cached, the processor slowed four times and the network slowed to 150 ms and 1.6 Mbit/s by the browser."
        " The seller's job is the story's request typed, asked, previewed and held by keys alone, on the machine as it is,"
        f" {len(report.jobs)} times; a key to its next paint is what the browser itself reports (Event Timing)."
        " The middle value is judged, in brackets the smallest and largest; of p95 and p98 that share.",
        "",
        "| machine | |",
        "|---|---|",
        *(f"| {name} | {value} |" for name, value in report.settings.items()),
        f"| the run took | {report.seconds:.0f} s |",
        "",
        "| claim | measured | target | met |",
        "|---|---|---|---|",
    ]
    for claim in claims(report):
        value = claim.measured
        assert value is not None
        measured = f"{value.median:.3g} {claim.unit} ({value.min:.3g} to {value.max:.3g})"
        lines.append(f"| {claim.words} | {measured} | {claim.target} | {'yes' if claim.met else '**no**'} |")
    lines += [
        "",
        "| screen | scripts and styles, kB | all, kB | layout shift |",
        "|---|---|---|---|",
        *(
            f"| {id} | {max(x.code_kb for x in loads):.0f} | {max(x.all_kb for x in loads):.0f} | {max(x.shift for x in loads):.3g} |"
            for id, loads in report.loads.items()
        ),
    ]
    return "\n".join(lines) + "\n"

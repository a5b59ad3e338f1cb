"""What came of a sample: docs/mutation.json, from which docs/mutation.md is written."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from prove.mutation.sample import ROOT, Tried
from prove.records import begun

FILE = ROOT / "docs" / "mutation.json"
PAGE = ROOT / "docs" / "mutation.md"
REASONS = Path(__file__).with_name("survivors.toml")  # why a survivor is no missing test

_ALIVE = ("survived", "unseen")


class Survivor(msgspec.Struct, frozen=True, kw_only=True):
    """A mutant that no test noticed."""

    id: str
    line: int
    why: str  # it changes nothing that may be seen; "" = a test is missing


class Module(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a module's mutants."""

    mutants: int  # there are
    tried: int
    killed: int  # by a test that failed
    timeouts: int  # killed by taking for ever


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a sample."""

    seed: int
    commit: str
    machine: str
    on: str  # the UTC day
    seconds: float
    modules: dict[str, Module]
    survivors: tuple[Survivor, ...]

    @property
    def tried(self) -> int:
        """Of all modules."""
        return sum(one.tried for one in self.modules.values())

    @property
    def killed(self) -> int:
        """Of all modules, timeouts with them."""
        return sum(one.killed + one.timeouts for one in self.modules.values())

    @property
    def equivalent(self) -> int:
        """Survivors that change nothing that may be seen."""
        return sum(bool(one.why) for one in self.survivors)


def reasons() -> dict[str, str]:
    """Why a survivor is no missing test, by the mutant's id."""
    rows = tomllib.loads(REASONS.read_text(encoding="utf-8")).get("survivor", [])
    return {mutant: row["why"] for row in rows for mutant in row["mutants"]}


def result_of(found: list[Tried], counts: dict[str, int], *, seed: int) -> Result:
    """What the tried mutants come to."""
    record, why = begun(seed), reasons()
    by_module: dict[str, Counter[str]] = {name: Counter() for name in counts}
    for one in found:
        by_module[one.mutant.module][one.verdict.what] += 1
    alive = sorted(
        (one.mutant for one in found if one.verdict.what in _ALIVE),
        key=lambda one: (one.module, one.line, one.id),
    )
    return Result(
        seed=seed,
        commit=record.commit,
        machine=record.machine,
        on=f"{datetime.now(UTC):%Y-%m-%d}",
        seconds=round(sum(one.verdict.seconds for one in found), 1),
        modules={
            name: Module(
                mutants=counts[name],
                tried=sum(what.values()),
                killed=what["killed"],
                timeouts=what["timeout"],
            )
            for name, what in sorted(by_module.items())
        },
        survivors=tuple(Survivor(id=one.id, line=one.line, why=why.get(one.id, "")) for one in alive),
    )


def write(result: Result) -> None:
    """Replace record and page."""
    FILE.write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=1) + b"\n")
    PAGE.write_text("".join(_page(result)), encoding="utf-8")


_HEAD = """\
# Mutation score

Would a test notice if a rule were another? Each mutant is one small wrong change of one of the modules that decide, and the
tests that run the changed line are run against it until one fails. A mutant that no test notices survives: then a test is
missing, or the change cannot be seen from outside, and the last table says why.

A survivor is looked at by a person, gets its test or its reason, and is tried again. So the score of a sample that was worked
through says how the tests stand after it; how they do on changes that nobody has looked at, another seed says
(`make mutation ARGS="--seed 2 --count 300 --to /tmp/seed-2.json"`).

This page is written by `make mutation` from [mutation.json](mutation.json). What the changes are, how they are tried and
why no ready-made tool does it: [ADR 13](decisions/0013-mutants-of-our-own.md). The mutants are drawn by lot from all that
there are; the same seed draws the same ones as long as the code stands.

"""


def _page(result: Result) -> Iterator[str]:
    yield _HEAD
    yield "| | |\n|---|---|\n"
    yield f"| day | {result.on} |\n| commit | {result.commit} |\n| machine | {result.machine} |\n"
    yield f"| seed | {result.seed} |\n"
    yield f"| mutants there are | {sum(one.mutants for one in result.modules.values()):,} |\n"
    yield f"| drawn and tried | {result.tried:,} |\n"
    yield f"| killed | {result.killed:,} |\n"
    yield f"| survived, changing nothing that may be seen | {result.equivalent:,} |\n"
    yield f"| survived otherwise | {len(result.survivors) - result.equivalent:,} |\n"
    yield f"| **killed of those tried** | **{_share(result.killed, result.tried)}** |\n"
    yield f"| killed of those that change something | {_share(result.killed, result.tried - result.equivalent)} |\n"
    yield f"| time for the mutants alone | {result.seconds / 60:.0f} min of one core |\n"
    yield "\n## By module\n\n| module | mutants | tried | killed | of these by time | survived | killed of tried |\n"
    yield "|---|---:|---:|---:|---:|---:|---:|\n"
    for name, one in result.modules.items():
        killed = one.killed + one.timeouts
        yield (
            f"| {name.removeprefix('accord.')} | {one.mutants:,} | {one.tried:,} | {killed:,} | {one.timeouts} "
            f"| {one.tried - killed} | {_share(killed, one.tried)} |\n"
        )
    yield "\n## Survivors\n\n"
    for heading, rows in (
        ("A test is missing", [one for one in result.survivors if not one.why]),
        ("Nothing changes that may be seen", [one for one in result.survivors if one.why]),
    ):
        if rows:
            yield f"### {heading}\n\n| where | change | why |\n|---|---|---|\n"
        for one in rows:
            where, _, change = one.id.partition(": ")
            yield f"| {where.removeprefix('accord.')} | {_cell(change)} | {one.why} |\n"
        if rows:
            yield "\n"


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else ""


def _cell(change: str) -> str:
    before, _, after = change.partition(" -> ")
    return " → ".join(f"`{one.replace('|', chr(92) + '|')}`" for one in (before, after))

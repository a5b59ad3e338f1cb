"""Each guard that is broken on purpose is noticed, by the next guard, by the database, or by the auditor."""

from __future__ import annotations

import re

import pytest

from accord.simulation.databases import fresh
from accord.simulation.mutants.known import MUTANTS
from accord.simulation.run import Step, simulate

SEED, OPS = 3, 8_000

_TOLD = re.compile(r"seed \d+, step (?P<step>\d+) \([^)]*\): (?P<rule>\w+): .*", flags=re.DOTALL)

# By which rule each must be noticed, where another one would prove less: a guard behind it, or the auditor alone.
BY_A_GUARD = {
    "M3",
    "M8",
    "M15",
    "M17",
    "limit unseen",
}
BY_THE_AUDITOR = {
    "M1": {"profile", "I1", "versions"},
    "M2": {"profile", "I1", "versions"},
    "M3 without gate and CHECK": {"I1"},
    "M4": {"versions", "profile"},
    "M5": {"profile"},
    "M6": {"once"},
    # Where the gate finds no day short, the rows of the promise tell: what it drew is gone, or its day has passed.
    "M7": {"owner", "date"},
    "M7 without gate": {"owner", "date"},
    "M7 without gate and CHECK": {"I1", "owner", "I2"},
    "M8 without gate": {"I1"},  # as M15, below
    "M8 without gate and CHECK": {"I1"},
    "M9": {"lost", "versions", "count", "audit"},
    "M11": {"profile", "I1"},
    "M12": {"locks"},
    "M13": {"amend", "commit", "hold"},
    "M14": {"owner"},
    # The CHECK sees the lowest day alone: where news has made one short, the auditor sees the others.
    "M15 without gate": {"I1"},
    "M15 without gate and CHECK": {"I1"},
    "M17 without gate and CHECK": {"I1"},
    "M19 orphan": {"orphan"},
    "M19 around the gate": {"profile"},
    "M19 decrease": {"I2", "doubtful"},
    "M19 rounding": {"owner"},
    "M19 substitute": {"owner"},
    "M19 component": {"bill"},
    "M19 transfer": {"bill"},
    "shipped twice": {"count"},
    "shares without gate": {"I1"},
    "own approval": {"approval"},
    "limit unseen without gate and CHECK": {"I1"},
    "limit undrawn": {"limit"},
}


@pytest.mark.slow
@pytest.mark.parametrize("mutant", [name for name in MUTANTS if name != "none"])
def test_the_mutant_is_noticed(mutant: str) -> None:
    steps: list[Step] = []
    expected = BY_THE_AUDITOR.get(mutant, set())
    # Where the auditor must see it, the life goes on over what a guard stopped, and what else was told of that step does not count.
    with fresh() as db:
        report = simulate(
            db, OPS, SEED, mutant=mutant, violations_max=1, faults_end=not expected, on_step=steps.append
        )

    stopped = {step.number for step in steps if step.is_fault} if expected else set()
    told = [one for line in report.violations if (one := _TOLD.fullmatch(line))]
    assert len(told) == len(report.violations)
    rules = {one["rule"] for one in told if int(one["step"]) not in stopped}
    print(f"{mutant}: seed {SEED}, {report.ops} operations, noticed by {sorted(rules)}")
    assert rules
    if mutant in BY_A_GUARD:
        assert rules == {"fault"}
    if expected:
        assert rules & expected, report.violations


@pytest.mark.slow
def test_what_breaks_nothing_is_not_noticed() -> None:
    """The control: an auditor that always finds something would find every mutant."""
    with fresh() as db:
        report = simulate(db, 300, SEED, mutant="none")

    assert report.violations == ()

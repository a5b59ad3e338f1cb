"""Each guard that is broken on purpose is noticed, by the next guard, by the database, or by the auditor."""

from __future__ import annotations

import re

import pytest

from accord.db.engine import open_database
from accord.db.migrations import upgrade
from accord.simulation.mutants.known import MUTANTS
from accord.simulation.run import simulate

SEED, OPS = 3, 600

# By whom each must be noticed (one of): a fault (the gate or the database stopped it), or a rule of the auditor or of life.
NOTICED = {
    "M3": {"fault"},
    "M3 without gate": {"fault"},
    "M3 without gate and CHECK": {"I1"},
    "M5": {"profile", "fault"},
    "M6": {"once"},
    "M7": {"fault"},
    "M7 without gate": {"fault"},
    "M7 without gate and CHECK": {"I1"},
    "M8": {"fault"},
    "M8 without gate": {"fault"},
    "M8 without gate and CHECK": {"I1"},
    "shares": {"fault"},
    "shares without gate": {"I1"},
    "M13": {"amend", "commit"},
}


def test_every_mutant_has_a_test() -> None:
    assert set(MUTANTS) == {*NOTICED, "M1"}  # M1 needs two at once: test_races.py


@pytest.mark.slow
@pytest.mark.parametrize("mutant", NOTICED)
def test_the_mutant_is_noticed(mutant: str, sqlite_url: str) -> None:
    db = open_database(sqlite_url)
    upgrade(db)

    report = simulate(db, OPS, SEED, mutant=mutant)

    db.close()
    rules = {
        re.sub(r"^seed \d+, step \d+ \([^)]*\): (\w+): .*$", r"\1", line, flags=re.DOTALL)
        for line in report.violations
    }
    print(f"{mutant}: seed {SEED}, {report.ops} steps, noticed by {sorted(rules)}")
    assert NOTICED[mutant] & rules, report.violations[:3]
    if mutant.endswith("without gate") and mutant != "shares without gate":  # the database knows of no shares
        assert any("ConstraintBroken" in line or "the database refused" in line for line in report.violations)

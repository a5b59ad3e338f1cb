"""Write docs/reference/frepple-cases.md: frePPLe's engine tests decided by Accord, beside frePPLe's own plans.

    python -m scripts.frepple_table FOLDER

FOLDER holds one folder a test: the model as XML and the expected plans.
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
from tests.connect.frepple_verdicts import VERDICTS
from tests.connect.frepple_xml import answers, expected, read_case

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "docs/reference/frepple-cases.md"

_HEAD = """<!-- Written by scripts/frepple_table.py: change that, not this. -->

# frePPLe's engine tests, decided by Accord

frePPLe is an open source planner; its engine is tested by small models with an expected plan each. The tests here read
those models through Accord's own connector, decide every demand in the order of its priority, and compare the day on
which the *whole* quantity is there with the day of the last delivery in frePPLe's plan.

A plan without constraints says when a demand would be delivered if nothing were ever short. That is no promise, so only
plans under constraints are compared; the column *left out* counts the others. frePPLe's answers are not the only right
ones: where the two differ the table says why.

| test | plan | demands | same day | finding | because | left out |
|---|---|---|---|---|---|---|
"""


class Row(msgspec.Struct, frozen=True):
    """One expected plan of one test."""

    case: str
    output: int
    demands: int
    same: int
    earlier: tuple[str, ...]  # demands that we have in full before frePPLe has them
    unconstrained: int  # other plans of the same test


def rows(folder: Path) -> list[Row]:
    """Every test in the folder, decided."""
    found = []
    for path in sorted(one for one in folder.iterdir() if one.is_dir()):
        case = read_case(path)
        _, ours = answers(case)
        compared = [output for output, plantype, constraints in case.plans if plantype == 1 and constraints]
        for output in compared:
            theirs = expected(path / f"{path.name}.{output}.expect")
            same, earlier = 0, []
            for answer in ours:
                plan = theirs.get(answer.demand)
                whole = plan is not None and plan.on is not None and not plan.short
                on = (
                    plan.on.date().toordinal() if plan is not None and plan.on is not None and whole else None
                )
                same += answer.on == on
                if answer.on is not None and (on is None or answer.on < on):
                    earlier.append(answer.demand)
            found.append(
                Row(
                    case=path.name,
                    output=output,
                    demands=len(ours),
                    same=same,
                    earlier=tuple(sorted(earlier)),
                    unconstrained=len(case.plans) - len(compared),
                )
            )
    return found


def text(found: list[Row]) -> str:
    """The document."""
    lines = []
    for row in found:
        verdict = VERDICTS[(row.case, row.output)]
        lines.append(
            f"| {row.case} | {row.output} | {row.demands} | {row.same} | {verdict.kind} | {verdict.because} |"
            f" {row.unconstrained} |"
        )
    kinds = [VERDICTS[(row.case, row.output)].kind for row in found]
    total = (
        f"\n{len({row.case for row in found})} tests, {len(found)} plans under constraints: {kinds.count('same')} the same,"
        f" {kinds.count('differs')} differ, {kinds.count('not supported')} not supported;"
        f" {sum(row.same for row in found)} of {sum(row.demands for row in found)} demands on the same day.\n"
    )
    return _HEAD + "\n".join(lines) + "\n" + total


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("Name the folder of the tests.")
    TABLE.write_text(text(rows(Path(sys.argv[1]))))
    print(f"wrote {TABLE.relative_to(ROOT)}")

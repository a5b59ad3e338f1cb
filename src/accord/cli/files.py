"""How are waiting orders promised, and what do others see of ATP?"""

from __future__ import annotations

from pathlib import Path

import click

from accord.cli.endings import DONE, ERROR
from accord.cli.terminal import Terminal, takes_database


@click.command("promise-open")
@click.option(
    "--processes",
    type=click.IntRange(1, 64),
    help="How many at most work at it; more than one needs PostgreSQL. Default: the cores there are, one for few lines.",
)
@takes_database
def promise_open_command(terminal: Terminal, processes: int | None) -> int:
    """Promise every order line that waits.

    In the order of priority, due day and name; what was decided before stays decided, so it can be stopped and run
    again. Lines that can never compete are promised by several processes; what becomes of each is the same.
    """
    from accord.cli.promising import actor
    from accord.connect import service

    with (
        terminal.database() as db,
        terminal.progress("Promise", total=service.open_lines(db)) as bar,
    ):
        done = service.promise_open(db, actor=actor(), processes=processes, on_progress=bar.more)
    if terminal.as_json:
        terminal.give(done)
    else:
        refused = sum(done.refused.values())
        terminal.say(
            f"{done.lines:,} lines: {done.in_full:,} in full on the requested day, {done.later:,} later, {refused:,} refused; {done.seconds:.1f} s"
            + (f", {done.processes} processes" if done.processes > 1 else "")
        )
        for reason, count in sorted(done.refused.items(), key=lambda one: -one[1]):
            terminal.say(f"  {count:,} {reason.replace('_', ' ')}")
    if done.lines and done.processes < (processes or 1):
        terminal.note(
            f"  {done.processes} of {processes} processes had work: lines that can compete with each other stay in one."
        )
    terminal.next("accord verify")
    return DONE


@click.command("atp-views")
@click.argument("case", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="CASE.json")
@click.option("--check", is_flag=True, help="Compare with the rows the cases expect; 1 on any difference.")
@takes_database
def atp_views_command(terminal: Terminal, case: Path, check: bool) -> int:
    """Compute ATP as others see it; --check compares."""
    from accord.connect.files import atp_cases

    cases = atp_cases.read_cases(case.read_bytes())
    if not check:
        rows = {one.id: atp_cases.compute(one) for one in cases if one.view != atp_cases.OTHER}
        if terminal.as_json:
            terminal.give(
                {"items": [{"id": name, "rows": found} for name, found in rows.items()], "next": None}
            )
        for name, found in rows.items():
            terminal.say(name)
            for row, cells in found.items():
                terminal.say(f"  {row}: {' '.join('-' if cell is None else str(cell) for cell in cells)}")
        return DONE
    report = atp_cases.check(cases)
    if terminal.as_json:
        terminal.give({**_builtins(report), "sentence": report.sentence})
    else:
        for difference in report.differences:
            terminal.note(difference.detail)
        for name in report.other_cases:
            terminal.note(f"{name}: a vendor's own view, reported and not checked")
        terminal.say(report.sentence)
    return DONE if report.agree == report.checked else ERROR


def _builtins(value: object) -> dict[str, object]:
    import msgspec

    made: dict[str, object] = msgspec.to_builtins(value)
    return made

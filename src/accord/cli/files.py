"""How does data come in from files, and how are waiting orders promised?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from accord.cli.endings import DONE, ERROR
from accord.cli.terminal import Terminal, takes_database

if TYPE_CHECKING:
    from accord.connect.model import Change, Report


@click.command("import")
@click.argument("files", nargs=-1, required=True, metavar="[frepple] FILE…")
@click.option(
    "--map",
    "mapping",
    metavar="FILE|NAME",
    help="How their columns become ours: a mapping file, or the name of one that comes with Accord.",
)
@click.option(
    "--reopen",
    is_flag=True,
    help="frepple: bring every demand in as open, its dates moved into the future by whole weeks.",
)
@click.option("--dry-run", is_flag=True, help="Only say what it would do.")
@takes_database
def import_command(
    terminal: Terminal, files: tuple[str, ...], mapping: str | None, reopen: bool, dry_run: bool
) -> int:
    """Bring in files, or a model of frePPLe.

    CSV, Excel and JSON by a mapping of their columns; a file comes in wholly or not at all, and the same file twice
    changes nothing. `accord import frepple MODEL` brings in a model of that planning system.
    """
    from accord.cli.promising import actor

    is_frepple = files[0] == "frepple" and len(files) > 1
    paths = [Path(one) for one in (files[1:] if is_frepple else files)]
    missing = [str(path) for path in paths if not (path.is_file() or (path.is_dir() and not is_frepple))]
    if missing:
        raise click.UsageError(f"There is no file {', '.join(missing)}.")
    if is_frepple and (len(paths) != 1 or mapping is not None):
        raise click.UsageError("import frepple takes one model and no --map.")
    if reopen and not is_frepple:
        raise click.UsageError("--reopen is for models of frepple.")
    if dry_run and is_frepple:
        raise click.UsageError("--dry-run is for files; a model of frepple comes in as a whole.")
    from accord.connect import service

    with terminal.database() as db, terminal.progress(f"Import {paths[0].name}") as bar:
        if is_frepple:
            report = service.import_frepple(db, paths[0], reopen=reopen, actor=actor(), on_progress=bar.more)
        else:
            report = service.import_files(
                db, paths, mapping, dry_run=dry_run, actor=actor(), on_progress=bar.more
            )
    if terminal.as_json:
        terminal.give(_out(report))
    _show(terminal, report)
    terminal.next(
        "the same without --dry-run" if dry_run else "accord promise-open" if report.lines else "accord ask …"
    )
    return DONE


def _counted(kind: str, change: Change) -> str:
    """How many of a kind: "12 items", "1 site", "3 items (2 changed, 40 the same)"."""
    rest = [f"{n:,} {what}" for n, what in ((change.changed, "changed"), (change.same, "the same")) if n]
    plural = "" if change.new == 1 else "s"
    return f"{change.new:,} {kind}{plural}" + (f" ({', '.join(rest)})" if rest else "")


def _out(report: Report) -> dict[str, object]:
    from accord.kit.days import instant_iso

    return {**_builtins(report), "at": instant_iso(report.at)}


def _show(terminal: Terminal, report: Report) -> None:
    if not report.changed:
        terminal.say(f"{report.source}: this came in before, nothing was changed.")
        return
    would = "would bring in" if report.dry_run else "brought in"
    made = ", ".join(_counted(kind, change) for kind, change in report.made.items())
    lines = f"; {report.lines:,} open lines" if report.lines else ""
    terminal.say(f"{report.source} {would} {made or 'nothing'}{lines}")
    for name, count in report.tallies.items():
        terminal.say(f"  {name}: {count:,}")
    for note in report.notes:
        examples = f" ({', '.join(note.examples)})" if note.examples else ""
        terminal.note(f"  {note.kind.value.replace('_', ' ')}: {note.count:,} × {note.what}{examples}")
    for sentence in report.ignored:
        terminal.note(f"  not applied: {sentence}")
    if report.opened:
        terminal.note(f"  {report.opened:,} commitments are not covered: accord exceptions")


@click.command("promise-open")
@takes_database
def promise_open_command(terminal: Terminal) -> int:
    """Promise every order line that waits.

    In the order of priority, due day and name; what was decided before stays decided, so it can be stopped and run
    again.
    """
    from accord.cli.promising import actor
    from accord.connect import service

    with (
        terminal.database() as db,
        terminal.progress("Promise", total=service.open_lines(db)) as bar,
    ):
        done = service.promise_open(db, actor=actor(), on_progress=bar.more)
    if terminal.as_json:
        terminal.give(done)
    else:
        refused = sum(done.refused.values())
        terminal.say(
            f"{done.lines:,} lines: {done.in_full:,} in full on the requested day, {done.later:,} later, {refused:,} refused; {done.seconds:.1f} s"
        )
        for reason, count in sorted(done.refused.items(), key=lambda one: -one[1]):
            terminal.say(f"  {count:,} {reason.replace('_', ' ')}")
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

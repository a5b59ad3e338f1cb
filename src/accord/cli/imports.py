"""How does data come in from files, and how is an import taken back?"""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from accord.cli.endings import DONE
from accord.cli.terminal import Terminal, takes_database

if TYPE_CHECKING:
    from accord.cli.terminal import Progress
    from accord.connect.files.problems import NotImported
    from accord.connect.model import Change, Report, Run, Uncovered
    from accord.kit.errors import InputError

_PASTED = "pasted.csv"
_SHOWN = 20  # promises in words; --json has all


@click.command("import")
@click.argument("files", nargs=-1, metavar="[frepple] FILE…")
@click.option(
    "--map",
    "mapping",
    metavar="FILE|NAME",
    help="How their columns become ours: a mapping file, or the name of one that comes with Accord.",
)
@click.option(
    "--source",
    metavar="NAME",
    help="Who sends them; how files of a source are read is remembered. Default: the mapping's name.",
)
@click.option(
    "--say",
    multiple=True,
    metavar="WHAT=HOW",
    help="What only you know: dates:orders.csv=%d/%m/%Y, decimal=, or unknown_item:X-9=skip (create, map NAME).",
)
@click.option(
    "--full", is_flag=True, help="This is all the source has: end master data it does not name any more."
)
@click.option(
    "--rejected",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write rows that cannot come in to this file.",
)
@click.option(
    "--reopen",
    is_flag=True,
    help="frepple: bring every demand in as open, its dates moved into the future by whole weeks.",
)
@click.option("--dry-run", is_flag=True, help="Only say what it would do, and what it would do to promises.")
@click.option(
    "--again", is_flag=True, help="Bring in anew what came in before, where other news has changed it since."
)
@click.option("--undo", "undone", metavar="RUN", help="Take an import of the last 24 hours back.")
@takes_database
def import_command(
    terminal: Terminal,
    files: tuple[str, ...],
    mapping: str | None,
    source: str | None,
    say: tuple[str, ...],
    full: bool,
    rejected: Path | None,
    reopen: bool,
    dry_run: bool,
    again: bool,
    undone: str | None,
) -> int:
    """Bring in files, or a model of frePPLe.

    CSV, Excel and JSON, or - for what you paste; a file comes in wholly or not at all, and the same file twice
    changes nothing. `accord import frepple MODEL` brings in a model of that planning system.
    """
    if undone is not None:
        if files:
            raise click.UsageError("--undo takes no files.")
        return _undo(terminal, undone)
    if not files:
        raise click.UsageError("Name a file, or - for what you paste.")
    is_frepple = files[0] == "frepple" and len(files) > 1
    paths = [Path(one) for one in (files[1:] if is_frepple else files)]
    is_pasted = files == ("-",)
    missing = [str(path) for path in paths if not (path.is_file() or (path.is_dir() and not is_frepple))]
    if missing and not is_pasted:
        raise click.UsageError(f"There is no file {', '.join(missing)}.")
    if is_frepple and (len(paths) != 1 or mapping is not None):
        raise click.UsageError("import frepple takes one model and no --map.")
    if reopen and not is_frepple:
        raise click.UsageError("--reopen is for models of frepple.")
    if is_frepple and (dry_run or say or source or full or rejected or again):
        raise click.UsageError(
            "A model of frepple comes in as a whole: --dry-run and the like are for files."
        )
    from accord.connect import service
    from accord.connect.files.problems import NotImported
    from accord.kit.errors import InputError

    # A hundred thousand rows hold no circles: looking for some takes a tenth of the time that promises wait.
    gc.disable()
    actor = _actor()
    name = _PASTED if is_pasted else paths[0].name
    with terminal.database() as db, terminal.progress(f"Import {name}") as bar:
        if is_frepple:
            report = service.import_frepple(db, paths[0], reopen=reopen, actor=actor, on_progress=bar.more)
        else:
            options = service.Options(source=source, say=_said(say), full=full, again=again)
            try:
                if is_pasted:
                    report = service.import_pasted(
                        db, {_PASTED: sys.stdin.buffer.read()}, mapping, dry_run=dry_run, actor=actor,
                        options=options, on_progress=_shown_in(bar),
                    )  # fmt: skip
                else:
                    report = service.import_files(
                        db, paths, mapping, dry_run=dry_run, actor=actor,
                        options=options, on_progress=_shown_in(bar),
                    )  # fmt: skip
            except NotImported as error:
                _repairs(terminal, error, rejected)
                raise
            except InputError as error:
                _suggest(terminal, error)
                raise
        rows = service.rejected_rows(db, report.id) if rejected is not None and report.id else []
    if rejected is not None and rows:
        _write_rejected(terminal, rejected, rows)
    if terminal.as_json:
        terminal.give(_out(report))
    _show(terminal, report)
    terminal.next(
        "the same without --dry-run" if dry_run else "accord promise-open" if report.lines else "accord ask …"
    )
    return DONE


def _actor() -> str:
    from accord.cli.promising import actor

    return actor()


def _said(say: tuple[str, ...]) -> dict[str, str]:
    """ "dates:orders.csv=%d/%m/%Y": the last equals sign separates, since names may hold one."""
    said = {}
    for one in say:
        name, equals, value = one.rpartition("=")
        if not equals or not name:
            raise click.UsageError(f"--say {one}: write WHAT=HOW, for example dates:orders.csv=%d/%m/%Y.")
        said[name] = value
    return said


def _shown_in(bar: Progress) -> Any:
    phase = ""

    def show(now: str, done: int, total: int, problems: int) -> None:
        nonlocal phase
        if now != phase:
            phase = now
            bar.begin(now)
        bar(done, total, problems)

    return show


def _repairs(terminal: Terminal, error: NotImported, rejected: Path | None) -> None:
    """What would repair each group of problems, before the error itself is told."""
    if rejected is not None:
        _write_rejected(terminal, rejected, list(error.rejected))
    if terminal.as_json:
        return
    problems: Any = error.extra["problems"]
    for one in problems[:_SHOWN]:
        expected = f" Expected: {one['expected']}." if one["expected"] else ""
        terminal.note(
            f"  {one['count']:,} × {one['what']} ({one['file']}, column {one['column']}).{expected}"
        )
        if not one["code"].startswith("ambiguous_"):
            terminal.note(f"      --say '{one['choice']}={one['ways'][0]}'  ({', '.join(one['ways'])})")


def _suggest(terminal: Terminal, error: InputError) -> None:
    """What the columns may be, as a mapping to look at: on standard output, so that it can be sent to a file."""
    found: Any = error.extra.get("suggestions", ())
    for one in found:
        if terminal.as_json:
            return
        terminal.note(f"  {one['file']} may be {one['target']}, {one['sure']} % sure:")
        for column in one["columns"]:
            what = f"{column['field']}, {column['sure']} % sure" if column["field"] else "nothing of ours"
            samples = ", ".join(repr(sample[:30]) for sample in column["samples"])
            terminal.note(f"    {column['column']}: {what} ({samples})")
        terminal.note("  A mapping to look at, and to use with --map:")
        terminal.say(one["mapping"])


def _write_rejected(terminal: Terminal, path: Path, rows: list[Any]) -> None:
    from accord.connect.files.rejected import as_csv

    path.write_text(as_csv(rows), encoding="utf-8-sig", newline="")
    terminal.note(f"  {len(rows):,} rows that cannot come in: {path}")


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
        if report.overtaken:
            terminal.note(
                f"  Other news has changed what it says since: {report.overtaken:,} would change. --again brings it in anew."
            )
        return
    for finding in report.findings:
        if finding.what in ("dates", "decimal") or finding.reading not in ("utf-8", ",", "\t"):
            where = f"{finding.file}{f', column {finding.column}' if finding.column else ''}"
            terminal.note(f"  read as {finding.what} {finding.reading!r}: {where}; {finding.evidence}")
    would = "would bring in" if report.dry_run else "brought in"
    made = ", ".join(_counted(kind, change) for kind, change in report.made.items())
    lines = f"; {report.lines:,} open lines" if report.lines else ""
    terminal.say(f"{report.source} {would} {made or 'nothing'}{lines}")
    for name, count in report.tallies.items():
        terminal.say(f"  {name}: {count:,}")
    if report.rejected:
        terminal.say(f"  rows left out, as you said: {report.rejected:,}")
    for note in report.notes:
        examples = f" ({', '.join(note.examples)})" if note.examples else ""
        terminal.note(f"  {note.kind.value.replace('_', ' ')}: {note.count:,} × {note.what}{examples}")
    for sentence in report.ignored:
        terminal.note(f"  not applied: {sentence}")
    if report.effects is not None:
        terminal.say(f"  {report.effects.sentence}")
        for one in report.effects.uncovered[:_SHOWN]:
            terminal.say(f"    {_uncovered(one)}")
        if len(report.effects.uncovered) > _SHOWN:
            terminal.say(f"    and {len(report.effects.uncovered) - _SHOWN:,} more; --json lists all")
    elif report.opened:
        terminal.note(f"  {report.opened:,} commitments are not covered: accord exceptions")
    if report.id and not report.dry_run:
        terminal.note(f"  to take it back within 24 hours: accord import --undo {report.id}")


def _uncovered(one: Uncovered) -> str:
    """ "12 of 40 X-100 for Northwind, order 4711 line 1, to leave lyon in 3 days (prm_…)"."""
    from accord.kit.quantity import format_quantity

    days = f"in {one.days} days" if one.days > 0 else "today" if one.days == 0 else f"{-one.days} days ago"
    whom = f" for {one.customer}" if one.customer else ""
    order = f", order {one.ref} line {one.line + 1}" if one.ref else ""
    promise = f" ({one.promise})" if one.promise else " (comes with this import)"
    short, quantity = format_quantity(one.short, one.scale), format_quantity(one.quantity, one.scale)
    return f"{short} of {quantity} {one.item}{whom}{order}, to leave {one.site} {days}{promise}"


def _undo(terminal: Terminal, id: str) -> int:
    from accord.connect import service

    with terminal.database() as db:
        done = service.undo(db, id, actor=_actor())
    if terminal.as_json:
        terminal.give(
            {
                "id": id,
                "state": done.run.state,
                "opened": done.opened,
                "closed": done.closed,
                "changed": done.changed,
            }
        )
    elif not done.changed:
        terminal.say(f"{id} was undone before, nothing was changed.")
    else:
        terminal.say(f"{id} is undone: what it brought is as it was before.")
        if done.opened:
            terminal.note(f"  {done.opened:,} commitments are not covered any more: accord exceptions")
    terminal.next("accord imports")
    return DONE


@click.command("imports")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 200), help="How many at most.")
@takes_database
def imports_command(terminal: Terminal, limit: int) -> int:
    """List imports, newest first."""
    from accord.connect import service
    from accord.kit.days import instant_iso

    with terminal.database() as db:
        found, following = service.runs(db, limit=limit)
    if terminal.as_json:
        terminal.give({"items": [_run_out(one) for one in found], "next": following})
    elif not found:
        terminal.say("Nothing was imported yet.")
    else:
        rows = [
            (
                one.id,
                one.source,
                one.state.value.replace("_", " "),
                instant_iso(one.done_at or one.begun_at)[:16].replace("T", " "),
                one.actor,
                "yes" if one.undo_until is not None else "",
            )
            for one in found
        ]
        terminal.table(("import", "source", "state", "when (UTC)", "by", "can be undone"), rows)
    terminal.next(
        "accord import --undo RUN" if any(one.undo_until for one in found) else "accord import FILE"
    )
    return DONE


def _run_out(run: Run) -> dict[str, object]:
    from accord.kit.days import instant_iso

    return {
        "id": run.id,
        "source": run.source,
        "state": run.state.value,
        "actor": run.actor,
        "begun_at": instant_iso(run.begun_at),
        "done_at": None if run.done_at is None else instant_iso(run.done_at),
        "undone_at": None if run.undone_at is None else instant_iso(run.undone_at),
        "undo_until": None if run.undo_until is None else instant_iso(run.undo_until),
        "files": list(run.setup.files),
    }


def _builtins(value: object) -> dict[str, object]:
    import msgspec

    made: dict[str, object] = msgspec.to_builtins(value)
    return made

"""How is a database looked after?"""

from __future__ import annotations

from pathlib import Path

import click

from accord.cli.endings import DONE, ERROR
from accord.cli.opening import database_url
from accord.cli.terminal import Terminal, takes_database


@click.command("doctor")
@takes_database
def doctor_command(terminal: Terminal) -> int:
    """Check versions, disk, clocks and database."""
    from accord.db import doctor

    with terminal.database() as db:
        found = doctor.check(db)
    bad = [one for one in found if not one.ok]
    if terminal.as_json:
        items = [
            {"id": one.name, "ok": one.ok, "detail": one.detail, "what_to_do": one.what_to_do}
            for one in found
        ]
        terminal.give({"ok": not bad, "items": items, "next": None})
    else:
        for one in found:
            terminal.say(f"{'✔' if one.ok else '✘'} {one.name}: {one.detail}")
            if one.what_to_do:
                terminal.say(f"    {one.what_to_do}")
    terminal.next("accord verify")
    return ERROR if bad else DONE


@click.command("backup")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--portable",
    is_flag=True,
    help="In the form that either engine takes: to move from SQLite to PostgreSQL. From PostgreSQL it always is.",
)
@takes_database
def backup_command(terminal: Terminal, file: Path, portable: bool) -> int:
    """Write everything into one file, at any time.

    The audit is signed first, where there is a key; the key itself is not in the file: keep it elsewhere.
    """
    from accord.db import backup

    with terminal.database(create=False) as db, terminal.progress(f"Backup {file.name}") as bar:
        made = backup.backup(db, file, portable_form=portable, is_signed=True, on_progress=bar)
    if terminal.as_json:
        terminal.give(
            {
                "file": str(file),
                "bytes": made.size_bytes,
                "schema": made.schema,
                "is_portable": made.is_portable,
                "unsigned": made.unsigned or None,
            }
        )
    terminal.say(f"Backed up into {file} ({made.size_bytes:,} bytes).")
    if made.unsigned:
        terminal.note(f"The audit was not signed before: {made.unsigned}")
    terminal.next(f"accord restore {file} --db NEW.db")
    return DONE


@click.command("restore")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@takes_database
def restore_command(terminal: Terminal, file: Path) -> int:
    """Make a database of a backup.

    One that holds data is never overwritten.
    """
    from accord.db import backup

    url = database_url(terminal.db)
    with terminal.progress(f"Restore {file.name}") as bar:
        backup.restore(url, file, on_progress=bar)
    if terminal.as_json:
        terminal.give({"file": str(file), "restored": True})
    terminal.say(f"Restored {file}.")
    terminal.next("accord verify")
    return DONE

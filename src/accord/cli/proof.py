"""How does one check that what was decided and what is kept is right?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from accord.cli.endings import DONE, ERROR
from accord.cli.terminal import Terminal, takes_database

if TYPE_CHECKING:
    from accord.promise.service import Findings


@click.command("replay")
@click.argument("decision", required=False, metavar="ID")
@click.option("--all", "everything", is_flag=True, help="Every stored decision.")
@takes_database
def replay_command(terminal: Terminal, decision: str | None, everything: bool) -> int:
    """Decide again: the same bytes must come out.

    Stored decisions are decided anew on what was seen then; 1 when any comes out otherwise.
    """
    from accord.promise import service
    from accord.promise.api.replayed import replay_out

    if (decision is None) is not everything:
        raise click.UsageError("Name one decision (or its promise), or say --all.")
    with terminal.database() as db:
        if decision is not None:
            if decision.startswith("prm_"):
                decision = service.promise_of(db, decision).promise.decision
            found = [service.replay(db, decision)]
            ids = [decision]
        else:
            with terminal.progress("Replay") as bar:
                found = list(service.replay_all(db, on_progress=bar.more))
            ids = []
    other = [one for one in found if not one.same]
    if terminal.as_json:
        if everything:
            terminal.give(
                {
                    "decisions": len(found),
                    "same": len(found) - len(other),
                    "items": [replay_out(one) for one in other],
                    "next": None,
                }
            )
        else:
            terminal.give(replay_out(found[0]))
    elif everything:
        terminal.say(f"{len(found) - len(other):,} of {len(found):,} decisions came out the same.")
        for one in other[:20]:
            terminal.say(f"  {one.difference}")
    else:
        terminal.say(
            f"{ids[0]}: the same, byte for byte." if not other else f"{ids[0]}: {other[0].difference}"
        )
    terminal.next("accord verify")
    return ERROR if other else DONE


@click.command("verify")
@click.option(
    "--exported",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Also check against the checkpoints in this file, which `accord checkpoint FILE` wrote.",
)
@takes_database
def verify_command(terminal: Terminal, exported: Path | None) -> int:
    """Recompute the ledger from its rows; 1 on a finding.

    Looks at every key, every promise, every entry of the audit and, where there is a key, every checkpoint.
    """
    from accord.db import proof
    from accord.promise import service

    given = proof.exported(exported) if exported is not None else []
    with terminal.database() as db, terminal.progress("Verify") as bar:
        checked = service.verify(db, on_progress=bar.more, exported=given)
    found = checked.findings
    if terminal.as_json:
        terminal.give(
            {
                "findings": len(found),
                "keys": checked.keys,
                "promises": checked.promises,
                "audit_entries": checked.entries,
                "checkpoints": checked.checkpoints,
                "unchecked": checked.unchecked or None,
                "items": [{"id": one.key, "what": one.what, "detail": one.detail} for one in found],
                "next": None,
            }
        )
    else:
        terminal.say(f"✘ {len(found)} findings:" if found else f"✔ Nothing was found: {_looked_at(checked)}.")
        for one in found[:100]:
            terminal.say(f"  {one.key}: {one.what}. {one.detail}")
        if len(found) > 100:
            terminal.say(f"  and {len(found) - 100:,} more; --json lists them all.")
    if found:
        terminal.note(f"Looked at {_counts(checked)}.")
    if checked.unchecked:
        terminal.note(f"The checkpoints were NOT checked: {checked.unchecked}.")
    terminal.next("accord doctor" if found else "accord replay --all")
    return ERROR if found else DONE


def _looked_at(checked: Findings) -> str:
    checkpoints = f", and {checked.checkpoints:,} checkpoints fit them" if _fit(checked) else ""
    return (
        f"{checked.keys:,} keys and {checked.promises:,} promises are what their rows say;"
        f" {checked.entries:,} audit entries are unbroken{checkpoints}"
    )


def _counts(checked: Findings) -> str:
    return (
        f"{checked.keys:,} keys, {checked.promises:,} promises, {checked.entries:,} audit entries"
        f" and {checked.checkpoints:,} checkpoints"
    )


def _fit(checked: Findings) -> bool:
    return bool(checked.checkpoints) and not checked.unchecked


@click.command("checkpoint")
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@takes_database
def checkpoint_command(terminal: Terminal, file: Path | None) -> int:
    """Sign the audit as it is now.

    With FILE the checkpoint is also added to that file: keep it where nobody who can change the database can write, and
    check against it with: accord verify --exported FILE
    """
    from accord.db import proof
    from accord.kit.days import instant_iso

    with terminal.database() as db:
        made = proof.sign(db, file)
    if terminal.as_json:
        terminal.give(
            {"id": made.seq, "at": instant_iso(made.at), "mac": made.mac, "file": str(file) if file else None}
        )
    terminal.say(
        f"Checkpoint {made.seq} of {instant_iso(made.at)[:19].replace('T', ' ')} UTC, {made.mac[:16]}…"
    )
    terminal.next("accord verify" + (f" --exported {file}" if file else ""))
    return DONE

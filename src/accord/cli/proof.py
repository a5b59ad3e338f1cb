"""How does one check that what was decided and what is kept is right?"""

from __future__ import annotations

import click

from accord.cli.endings import DONE, ERROR
from accord.cli.terminal import Terminal, takes_database


@click.command("replay")
@click.argument("decision", required=False, metavar="ID")
@click.option("--all", "everything", is_flag=True, help="Every stored decision.")
@takes_database
def replay_command(terminal: Terminal, decision: str | None, everything: bool) -> int:
    """Decide again: the same bytes must come out.

    Stored decisions are decided anew on what was seen then; 1 when any comes out otherwise.
    """
    from accord.promise import service
    from accord.promise.api.wire import replay_out

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
@takes_database
def verify_command(terminal: Terminal) -> int:
    """Recompute the ledger from its rows; 1 on a finding."""
    from accord.promise import service

    with terminal.database() as db, terminal.progress("Verify") as bar:
        checked = service.verify(db, on_progress=bar.more)
    found = checked.findings
    if terminal.as_json:
        terminal.give(
            {
                "findings": len(found),
                "keys": checked.keys,
                "promises": checked.promises,
                "items": [{"id": one.key, "what": one.what, "detail": one.detail} for one in found],
                "next": None,
            }
        )
    elif not found:
        terminal.say(
            f"✔ Nothing was found: {checked.keys:,} keys and {checked.promises:,} promises are what their rows say."
        )
    else:
        terminal.say(f"✘ {len(found)} findings:")
        for one in found[:100]:
            terminal.say(f"  {one.key}: {one.what}. {one.detail}")
    terminal.next("accord doctor" if found else "accord replay --all")
    return ERROR if found else DONE

"""How does one see what waits for approval, and approve or decline it, from the command line?"""

from __future__ import annotations

import click

from accord.cli.terminal import Terminal, takes_database

_approval = click.argument("approval", metavar="ID")
_id = click.option(
    "--id", "key", metavar="KEY", help="Your id of this request: the same id again gives the same answer."
)
_yes = click.option("--yes", "-y", is_flag=True, help="Do it without asking.")


@click.command("approvals")
@click.option("--all", "shows_all", is_flag=True, help="Also what was approved, declined or is over.")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True, help="How many at most.")
@click.option("--after", metavar="NEXT", help="Go on from the `next` of the list before.")
@takes_database
def approvals_command(terminal: Terminal, shows_all: bool, limit: int, after: str | None) -> int:
    """List what waits for approval."""
    from accord.promise import said, service
    from accord.promise.api.approvals import ApprovalPage, approval_out
    from accord.promise.api.catalogue import catalogue

    with terminal.database() as db:
        known = catalogue(db)
        found, following = service.approvals(db, after=after, limit=limit, pending_only=not shows_all)
    if terminal.as_json:
        terminal.give(ApprovalPage(items=[approval_out(one, known.units) for one in found], next=following))
        return 0
    if not found:
        terminal.say("Nothing waits for approval." if not shows_all else "No approval was ever asked.")
    else:
        rows = [
            [
                one.id,
                one.state.value,
                one.role,
                one.actor,
                one.customer or "",
                said.money(one.figures.value_minor, known.units.currency),
                one.sentence,
                "; ".join(one.ruling.because),
            ]
            for one in found
        ]
        terminal.table(
            ["id", "state", "asked of", "by", "customer", "value", "what", "because"], rows, right=["value"]
        )
    terminal.next(f"accord approvals --after {following}" if following else "accord approve ID")
    return 0


@click.command("approve")
@_approval
@click.option("--because", default="", metavar="TEXT", help="Why.")
@_id
@_yes
@takes_database
def approve_command(terminal: Terminal, approval: str, because: str, key: str | None, yes: bool) -> int:
    """Let happen what somebody else asked for.

    It is decided again as of now, on exactly what was asked. Whoever asked cannot approve it.
    """
    if not yes and terminal.may_ask and not terminal.confirm(f"Approve {approval}?"):
        raise click.Abort
    return _settle(terminal, "approve", approval, because, key)


@click.command("decline")
@_approval
@click.option("--because", required=True, metavar="TEXT", help="Why: whoever asked is told.")
@_id
@takes_database
def decline_command(terminal: Terminal, approval: str, because: str, key: str | None) -> int:
    """Say no to what somebody else asked for."""
    return _settle(terminal, "decline", approval, because, key)


def _settle(terminal: Terminal, verb: str, approval: str, because: str, key: str | None) -> int:
    from accord.cli.answer import exit_code, next_step, show
    from accord.cli.promising import actor
    from accord.kit.ids import new_id
    from accord.promise import service
    from accord.promise.api.catalogue import catalogue
    from accord.promise.api.wire import decision_out
    from accord.promise.model import Request, Verb

    request = Request(id=key or new_id("req"), verb=Verb(verb), approval=approval.strip(), note=because)
    with terminal.database() as db:
        known = catalogue(db)
        decision = service.promise_one(db, request, actor=actor())
        if terminal.as_json:
            terminal.give(decision_out(decision, known.units))
        else:
            show(terminal, decision, known, why=False)
            terminal.next(next_step(decision))
    return exit_code(decision, wanted=True)

"""What runs by itself, and what must still be told: how does one look at it, and do it by hand?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from accord.cli.endings import DONE, ERROR
from accord.cli.terminal import Terminal, takes_database

if TYPE_CHECKING:
    from accord.db.leases import State
    from accord.web.server.jobs import Job, Ran


@click.command("jobs")
@click.option("--once", is_flag=True, help="Do all of them now, and end: for cron where no server runs.")
@takes_database
def jobs_command(terminal: Terminal, once: bool) -> int:
    """Show what runs by itself, or do it once.

    A server does these jobs by itself. Of several processes one does each; the others leave it alone meanwhile.
    """
    from accord.web.server import jobs, logs

    with terminal.database() as db:
        if once:
            logs.set_up()
            return _done(terminal, jobs.run_all(db))
        return _listed(terminal, jobs.states(db))


def _done(terminal: Terminal, ran: list[Ran]) -> int:
    failed = [one for one in ran if one.state == "failed"]
    if terminal.as_json:
        items = [{"id": one.name, "state": one.state, "done": one.done, "error": one.error} for one in ran]
        terminal.give({"failed": len(failed), "items": items, "next": None})
    else:
        words = {"done": "✔", "failed": "✘", "elsewhere": "…"}
        rows = [
            [words[one.state], one.name, f"{one.done:,}", one.error or _ELSEWHERE.get(one.state, "")]
            for one in ran
        ]
        terminal.table(["", "job", "done", ""], rows, right=["done"])
    terminal.next("accord jobs" if failed else "accord verify")
    return ERROR if failed else DONE


_ELSEWHERE = {"elsewhere": "another process is just doing it"}


def _listed(terminal: Terminal, known: list[tuple[Job, State | None]]) -> int:
    from accord.kit.days import instant_iso

    def moment(at: int | None) -> str | None:
        return instant_iso(at) if at else None

    if terminal.as_json:
        items = [
            {
                "id": job.name,
                "what": job.what,
                "every_seconds": job.every_seconds,
                "done_at": moment(state.done_at) if state else None,
                "done": state.done if state else 0,
                "due_at": moment(state.due_at) if state else None,
                "leased_until": moment(state.leased_until) if state else None,
                "holder": state.holder if state else "",
                "failures": state.failures if state else 0,
                "error": state.error if state else None,
            }
            for job, state in known
        ]
        terminal.give({"items": items, "next": None})
        return DONE
    rows = [
        [
            job.name,
            job.what,
            f"{job.every_seconds:,} s",
            (moment(state.done_at) or "never")[:19].replace("T", " ") if state else "never",
            "" if state is None or state.error is None else f"failed {state.failures} times: {state.error}",
        ]
        for job, state in known
    ]
    terminal.table(["job", "what it does", "every", "last done (UTC)", ""], rows, right=["every"])
    terminal.next("accord jobs --once")
    return DONE


@click.command("outbox")
@click.option("--parked", is_flag=True, help="Only what could not be sent and waits for a person.")
@click.option("--retry", multiple=True, metavar="ID", help="Send this parked message again; may be repeated.")
@click.option("--sent", multiple=True, metavar="ID", help="Say that this one has arrived; may be repeated.")
@click.option(
    "--limit", type=click.IntRange(1, 1_000), default=50, show_default=True, help="How many at most."
)
@click.option("--after", metavar="NEXT", help="Go on from the `next` of the list before.")
@takes_database
def outbox_command(
    terminal: Terminal,
    parked: bool,
    retry: tuple[str, ...],
    sent: tuple[str, ...],
    limit: int,
    after: str | None,
) -> int:
    """List what others must still be told.

    A message waits until it is sent; one that cannot be sent is parked, and so is what follows it about the same
    promise. With --retry or --sent a person decides about messages; then the list shows how it is now.
    """
    from accord.db import outbox
    from accord.kit.days import instant_iso

    with terminal.database() as db:
        outbox.settle(db, retry=retry, sent=sent)
        found, backlog, following = outbox.waiting(db, after=after, limit=limit, parked_only=parked)
    if terminal.as_json:
        items = [
            {
                "id": one.id,
                "topic": one.topic,
                "subject": one.subject,
                "position": one.position,
                "created_at": instant_iso(one.created_at),
                "due_at": instant_iso(one.due_at),
                "attempts": one.attempts,
                "is_parked": one.parked_at is not None,
                "error": one.error,
            }
            for one in found
        ]
        terminal.give(
            {
                "waiting": backlog.waiting,
                "parked": backlog.parked,
                "oldest_at": None if backlog.oldest_at is None else instant_iso(backlog.oldest_at),
                "items": items,
                "next": following,
            }
        )
        return DONE
    terminal.say(f"{backlog.waiting:,} wait to be sent, {backlog.parked:,} are parked.")
    if found:
        rows = [
            [
                one.id,
                one.topic,
                one.subject,
                instant_iso(one.created_at)[:19].replace("T", " "),
                f"{one.attempts}",
                "parked" if one.parked_at is not None else "",
                one.error or "",
            ]
            for one in found
        ]
        terminal.table(
            ["id", "what", "about", "since (UTC)", "attempts", "", "error"], rows, right=["attempts"]
        )
    terminal.next(f"accord outbox --after {following}" if following else "accord jobs")
    return DONE

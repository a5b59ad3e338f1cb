"""How does one look at promises and exceptions from the command line?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from accord.cli.terminal import Terminal, takes_database

if TYPE_CHECKING:
    from accord.promise.api.catalogue import Catalogue
    from accord.promise.service.reads import Seen

_STATES = ["held", "committed", "fulfilled", "released", "cancelled", "expired"]
_limit = click.option(
    "--limit", type=click.IntRange(1, 200), default=50, show_default=True, help="How many at most."
)
_after = click.option("--after", metavar="NEXT", help="Go on from the `next` of the list before.")


@click.command("promises")
@click.option("--customer", help="Only of this customer: name or id.")
@click.option("--state", type=click.Choice(_STATES), help="Only in this state.")
@click.option("--ref", help="Only of this order or quote number.")
@_limit
@_after
@takes_database
def promises_command(
    terminal: Terminal,
    customer: str | None,
    state: str | None,
    ref: str | None,
    limit: int,
    after: str | None,
) -> int:
    """List promises, the latest first."""
    from accord.promise import service
    from accord.promise.api.catalogue import catalogue
    from accord.promise.api.wire import Page, promise_out
    from accord.promise.named import find

    with terminal.database() as db:
        known = catalogue(db)
        who = find(customer, known.names.customers, "customer").id if customer is not None else None
        found, following = service.promises(db, after=after, limit=limit, customer=who, state=state, ref=ref)
    if terminal.as_json:
        terminal.give(Page(items=[promise_out(one, known.units) for one in found], next=following))
        return 0
    if not found:
        terminal.say("No promises." if not (customer or state or ref) else "No such promises.")
    else:
        _list(terminal, found, known)
    terminal.next(f"accord promises --after {following}" if following else "accord show ID --why")
    return 0


@click.command("show")
@click.argument("promise", metavar="ID")
@click.option("--why", is_flag=True, help="Show what covers it, and what limits it.")
@takes_database
def show_command(terminal: Terminal, promise: str, why: bool) -> int:
    """Show a promise, by id or order number."""
    from accord.cli.answer import show
    from accord.promise import service
    from accord.promise.api.catalogue import catalogue
    from accord.promise.api.wire import decision_out, promise_out

    with terminal.database() as db:
        known = catalogue(db)
        found = service.promise_of(db, promise)
        decision = service.why(db, found.promise.id) if why else None
    if terminal.as_json:
        shown: dict[str, object] = {"promise": promise_out(found, known.units)}
        if decision is not None:
            shown["why"] = decision_out(decision, known.units)
        terminal.give(shown)
        return 0
    _list(terminal, [found], known)
    if decision is not None:
        terminal.say()
        show(terminal, decision, known, why=True)
    terminal.next(
        f"accord show {found.promise.id} --why" if not why else f"accord replay {found.promise.decision}"
    )
    return 0


@click.command("exceptions")
@_limit
@_after
@takes_database
def exceptions_command(terminal: Terminal, limit: int, after: str | None) -> int:
    """List commitments that supply no longer covers."""
    from accord.exceptions import service
    from accord.exceptions.api.wire import exception_out
    from accord.promise.api.catalogue import catalogue
    from accord.promise.api.wire import Page

    with terminal.database() as db:
        known = catalogue(db)
        found, following = service.open_exceptions(db, after=after, limit=limit)
    shown = [exception_out(one, known.names.items) for one in found]
    if terminal.as_json:
        terminal.give(Page(items=list(shown), next=following))
        return 0
    if not shown:
        terminal.say("Every commitment is covered.")
    else:
        rows = [
            [one.id, f"{one.item} at {one.site}", one.short, one.commitment, one.owner, one.opened_at]
            for one in shown
        ]
        terminal.table(["id", "where", "short", "commitment", "owner", "since"], rows, right=["short"])
    terminal.next(f"accord exceptions --after {following}" if following else "accord promises")
    return 0


def _list(terminal: Terminal, found: list[Seen], known: Catalogue) -> None:
    from accord.promise import said

    rows = []
    for seen in found:
        promise = seen.promise
        for number, line in enumerate(promise.lines):
            moved = line.promised_on != line.first_promised_on
            rows.append(
                [
                    promise.id if number == 0 else "",
                    seen.state.value if number == 0 else "",
                    (promise.customer or "") if number == 0 else "",
                    f"{known.units.quantity(line.quantity, line.item)} {line.item}",
                    said.day(line.requested_on, known.names.today),
                    said.day(line.first_promised_on, known.names.today),
                    said.day(line.promised_on, known.names.today) if moved else "the same",
                    promise.ref if number == 0 else "",
                ]
            )
    terminal.table(
        ["id", "state", "customer", "what", "requested", "first promised", "now promised", "ref"], rows
    )

"""How does one look at the rules in force, test others, and state them, from the command line?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from accord.cli.endings import DONE, ERROR
from accord.cli.terminal import Terminal, takes_database

if TYPE_CHECKING:
    from accord.kit.days import Instant
    from accord.policy.model import Edition, Rights
    from accord.policy.service import Tested

_file = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE")


@click.group("policy")
def policy_command() -> None:
    """The rules in force, and who may decide what."""


@policy_command.command("show")
@takes_database
def show_command(terminal: Terminal) -> int:
    """Show the rules and rights in force, tiers and how many customers and prices there are."""
    import msgspec

    from accord.kit.days import instant_iso
    from accord.policy import service

    with terminal.database() as db:
        with db.read() as tx:
            book = service.book(tx)
        editions = service.editions(db)
    rules = msgspec.to_builtins(book.rules)
    waiting = [one for one in editions if one.applied_at is None and one.withdrawn_at is None]
    if terminal.as_json:
        tiers = [
            {"id": name, "rank": rank}
            for name, rank in sorted(book.tiers.items(), key=lambda one: (one[1], one[0]))
        ]
        terminal.give(
            {
                "version": book.version,
                "rules": rules,
                "rights": None if book.rights is None else msgspec.to_builtins(book.rights),
                "tiers": tiers,
                "customers": len(book.customers),
                "prices": len(book.prices),
                "editions": [
                    {
                        "id": one.id,
                        "name": one.name,
                        "effective_at": instant_iso(one.effective_at or one.stated_at),
                        "stated_by": one.stated_by,
                        "is_in_force": book.rights is not None and book.rights.edition == one.id,
                        "is_waiting": one.applied_at is None and one.withdrawn_at is None,
                        "needs": one.second if not one.agreed_by else None,
                        "agreed_by": one.agreed_by or None,
                    }
                    for one in editions
                ],
            }
        )
        return 0
    terminal.say(
        f"Policy version {book.version}: {len(book.customers)} customers, {len(book.tiers)} tiers, {len(book.prices)} prices"
    )
    terminal.table(
        ["rule", "value"],
        [[name, "none" if value is None else str(value)] for name, value in rules.items()],
        right=["value"],
    )
    terminal.say()
    if book.rights is None:
        terminal.say("No rights are stated: everybody may promise what needs no approval by itself.")
    else:
        from accord.policy import said

        terminal.table(
            ["right", "role", "tiers", "verbs", "limits", "then"],
            said.rights(book.rights, book.rules.currency),
        )
        if book.rights.limits:
            terminal.say()
            terminal.table(
                ["limit", "role", "tiers", "at most", "above"], said.limits(book.rights, book.rules.currency)
            )
        if book.rights.actors:
            terminal.say()
            terminal.table(["actor", "roles", "team", "person"], said.actors(book.rights))
        terminal.say(_changed_by(book.rights))
    for one in waiting:
        when = (
            f"From {_said_at(one.effective_at)}"
            if one.effective_at is not None
            else "From when it is agreed to"
        )
        needs = f", once another {one.second} agrees" if one.second and not one.agreed_by else ""
        terminal.say(f"{when}{needs}: {one.name or one.id} ({one.id})")
    terminal.next("accord policy test FILE")
    return 0


@policy_command.command("test")
@_file
@takes_database
def test_command(terminal: Terminal, file: Path) -> int:
    """Run the test cases of a policy file; 1 when one fails.

    They stand in the file itself, or beside it in NAME.cases.toml. Nothing is stated.
    """
    from accord.db.tx import wall_clock
    from accord.policy import service

    with terminal.database() as db:
        edition = _read(db, file)
        doubts = service.doubts(db, edition)
        with db.read() as tx:
            accounts = service.book(tx).accounts
    found = service.tested(edition, wall_clock(), accounts)
    _show_tests(terminal, found, doubts)
    _warn(terminal, doubts)
    terminal.next(f"accord policy diff {file}" if not found.failed else f"accord policy test {file}")
    return ERROR if found.failed else DONE


@policy_command.command("diff")
@_file
@takes_database
def diff_command(terminal: Terminal, file: Path) -> int:
    """Show what a policy file would change of what is in force."""
    from accord.policy import service

    with terminal.database() as db:
        edition = _read(db, file)
        found, doubts = service.difference(db, edition), service.doubts(db, edition)
    if terminal.as_json:
        import msgspec

        terminal.give({"changes": [msgspec.to_builtins(one) for one in found], "warnings": list(doubts)})
    elif not found:
        terminal.say("It changes nothing.")
    else:
        rows = [[one.what, one.kind, one.id, one.field, one.before, one.after] for one in found]
        terminal.table(["", "what", "id", "field", "in force", "then"], rows)
    _warn(terminal, doubts)
    terminal.next(f"accord policy try {file} --on last-quarter")
    return DONE


@policy_command.command("state")
@_file
@click.option(
    "--id",
    "key",
    required=True,
    metavar="KEY",
    help="Your id of this edition: the same id again changes nothing.",
)
@click.option("--anyway", is_flag=True, help="State it although it warns of what is likely not meant.")
@takes_database
def state_command(terminal: Terminal, file: Path, key: str, anyway: bool) -> int:
    """State a policy file: in force at once, or from its effective_at on.

    Its test cases must pass. Where the rights in force ask for a second person, it waits until that one agrees. Of what is
    likely not meant, such as that nobody could commit any more, it warns and does nothing without --anyway.
    """
    from accord.cli.promising import actor
    from accord.policy import service

    if not key.strip() or len(key) > 200:
        raise click.UsageError("--id is 1 to 200 characters.")
    with terminal.database() as db:
        edition = _read(db, file)
        doubts = service.doubts(db, edition)
        if doubts and not anyway:
            _warn(terminal, doubts)
            terminal.note("Nothing was stated. Correct the file, or say --anyway.")
            return ERROR
        made = service.state(db, edition, id=key, actor=actor())
    _show_stated(terminal, made, doubts)
    return DONE


@policy_command.command("agree")
@click.argument("key", metavar="KEY")
@takes_database
def agree_command(terminal: Terminal, key: str) -> int:
    """Agree to what another person stated, where the rights ask for a second one.

    It counts from its effective_at on, or from now where that has passed.
    """
    from accord.cli.promising import actor
    from accord.policy import service

    with terminal.database() as db:
        made = service.agree(db, key, actor=actor())
    _show_stated(terminal, made, ())
    return DONE


@policy_command.command("try")
@_file
@click.option(
    "--on",
    "span",
    required=True,
    metavar="SPAN",
    help="last-week, last-month, last-quarter, last-year, or FROM..TO (2027-01-01..2027-04-01, the last day left out).",
)
@takes_database
def try_command(terminal: Terminal, file: Path, span: str) -> int:
    """Judge again by a policy file what was promised in a time that is over.

    How many would have gone to approval or been denied, and which of the promises that were not kept are among them.
    Nothing is stated or changed.
    """
    from accord.cli.trial import show_trial, span_of
    from accord.promise import service

    with terminal.database() as db:
        edition = _read(db, file)
        with db.read() as tx:
            from_at, until_at = span_of(span, tx.now())
        found = service.try_policy(db, edition, from_at, until_at)
    show_trial(terminal, found, span)
    terminal.next(f"accord policy state {file} --id KEY")
    return DONE


@policy_command.command("withdraw")
@click.argument("key", metavar="KEY")
@click.option("--why", default="", metavar="TEXT", help="For those who read it later.")
@takes_database
def withdraw_command(terminal: Terminal, key: str, why: str) -> int:
    """Take back an edition that is not in force yet.

    Whoever stated it may, who could state others, and who would have to agree to it.
    """
    from accord.cli.promising import actor
    from accord.policy import service

    with terminal.database() as db:
        made = service.withdraw(db, key, actor=actor(), why=why.strip()[:300])
    if terminal.as_json:
        terminal.give({"id": made.id, "name": made.name, "withdrawn_by": made.withdrawn_by})
    terminal.say(f"{made.name or made.id} is withdrawn, and never comes into force.")
    terminal.next("accord policy show")
    return DONE


# --- what they share ---


def _show_stated(terminal: Terminal, made: Edition, doubts: tuple[str, ...]) -> None:
    from accord.kit.days import instant_iso

    needs = made.second if not made.agreed_by else ""
    if terminal.as_json:
        terminal.give(
            {
                "id": made.id,
                "name": made.name,
                "effective_at": None
                if needs and made.effective_at is None
                else instant_iso(made.applied_at or made.effective_at or made.stated_at),
                "is_in_force": made.applied_at is not None,
                "needs": needs or None,
                "rights": len(made.rights.rights),
                "limits": len(made.rights.limits),
                "actors": len(made.rights.actors),
                "warnings": list(doubts),
            }
        )
    _warn(terminal, doubts)
    name = made.name or made.id
    if needs:
        terminal.say(f"{name} is stated, and counts once another person who is {needs} agrees.")
        terminal.next(f"accord policy agree {made.id}, by that person")
        return
    when = "is in force" if made.applied_at is not None else "comes into force"
    at = made.applied_at if made.agreed_by and made.applied_at else made.effective_at or made.stated_at
    terminal.say(f"{name} {when} from {_said_at(at)} on.")
    terminal.next("accord policy show")


def _warn(terminal: Terminal, doubts: tuple[str, ...]) -> None:
    for one in doubts:
        terminal.note(f"Warning: {one}")


def _changed_by(rights: Rights) -> str:
    zone = f"Days, weeks and months of limits begin in {rights.zone}."
    if not rights.change:
        return f"{zone} Whoever may use this command may state other rules."
    second = f", and another person who is {rights.second} must agree" if rights.second else ""
    return f"{zone} Only a {rights.change} may state other rules{second}."


def _said_at(at: Instant) -> str:
    from accord.kit.days import instant_iso

    return f"{instant_iso(at)[:16].replace('T', ' ')} UTC"


def _read(db: object, file: Path) -> Edition:
    import msgspec

    from accord.db.engine import Database
    from accord.kit.errors import Malformed
    from accord.policy import service, words

    assert isinstance(db, Database)
    with db.read() as tx:
        currency = service.book(tx).rules.currency

    def text(path: Path) -> str:
        try:
            return path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise Malformed(f"{path.name} is not UTF-8: byte {error.start} cannot be read.") from None

    edition = words.read(text(file), currency=currency, name=file.stem)
    beside = file.with_name(f"{file.stem}.cases.toml")
    if beside.exists() and beside != file:
        more = words.read_cases(text(beside), edition, currency=currency)
        edition = msgspec.structs.replace(edition, cases=(*edition.cases, *more))
    return edition


def _show_tests(terminal: Terminal, found: Tested, doubts: tuple[str, ...]) -> None:
    if terminal.as_json:
        items = [
            {
                "name": one.case.name,
                "line": one.case.line,
                "passed": one.passed,
                "answer": one.ruling.answer.value,
                "ask": one.ruling.ask or None,
                "by": one.ruling.by,
                "because": list(one.ruling.because),
                "detail": one.words,
            }
            for one in found.outcomes
        ]
        terminal.give(
            {
                "passed": len(items) - len(found.failed),
                "failed": len(found.failed),
                "items": items,
                "warnings": list(doubts),
            }
        )
        return
    if not found.outcomes:
        terminal.say("There is no test case, so nothing was tested.")
        return
    rows = [["✔" if one.passed else "✘", one.case.name, one.words] for one in found.outcomes]
    terminal.table(["", "case", ""], rows)
    terminal.say(f"{len(rows) - len(found.failed)} of {len(rows)} cases pass.")

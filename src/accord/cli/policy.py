"""How does one look at the rules in force, test others, and state them, from the command line?"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from accord.cli.endings import DONE, ERROR
from accord.cli.terminal import Terminal, takes_database

if TYPE_CHECKING:
    from accord.kit.days import Instant
    from accord.policy.model import Edition
    from accord.policy.service import Tested
    from accord.promise.service import Retrial

_file = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE")
_SPAN = re.compile(r"(\d{4}-\d\d-\d\d)\.\.(\d{4}-\d\d-\d\d)")
_SHOWN_MAX = 20


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
    waiting = [one for one in editions if one.applied_at is None]
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
                        "is_waiting": one.applied_at is None,
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
            terminal.table(["actor", "roles", "team"], said.actors(book.rights))
    for one in waiting:
        terminal.say(
            f"From {instant_iso(one.effective_at or 0)[:16].replace('T', ' ')} UTC: {one.name or one.id} ({one.id})"
        )
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
    found = service.tested(edition, wall_clock())
    _show_tests(terminal, found)
    terminal.next(f"accord policy diff {file}" if not found.failed else f"accord policy test {file}")
    return ERROR if found.failed else DONE


@policy_command.command("diff")
@_file
@takes_database
def diff_command(terminal: Terminal, file: Path) -> int:
    """Show what a policy file would change of what is in force."""
    from accord.policy import service

    with terminal.database() as db:
        found = service.difference(db, _read(db, file))
    if terminal.as_json:
        import msgspec

        terminal.give({"changes": [msgspec.to_builtins(one) for one in found]})
    elif not found:
        terminal.say("It changes nothing.")
    else:
        rows = [[one.what, one.kind, one.id, one.field, one.before, one.after] for one in found]
        terminal.table(["", "what", "id", "field", "in force", "then"], rows)
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
@takes_database
def state_command(terminal: Terminal, file: Path, key: str) -> int:
    """State a policy file: in force at once, or from its effective_at on.

    Its test cases must pass. The version in force is kept with each decision.
    """
    from accord.cli.promising import actor
    from accord.kit.days import instant_iso
    from accord.policy import service

    if not key.strip() or len(key) > 200:
        raise click.UsageError("--id is 1 to 200 characters.")
    with terminal.database() as db:
        made = service.state(db, _read(db, file), id=key, actor=actor())
    at = instant_iso(made.effective_at or made.stated_at)
    if terminal.as_json:
        terminal.give(
            {
                "id": made.id,
                "name": made.name,
                "effective_at": at,
                "is_in_force": made.applied_at is not None,
                "rights": len(made.rights.rights),
                "limits": len(made.rights.limits),
                "actors": len(made.rights.actors),
            }
        )
    when = "is in force" if made.applied_at is not None else "comes into force"
    terminal.say(f"{made.name or file.name} {when} from {at[:16].replace('T', ' ')} UTC on.")
    terminal.next("accord policy show")
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
    from accord.promise import service

    with terminal.database() as db:
        edition = _read(db, file)
        with db.read() as tx:
            from_at, until_at = _span(span, tx.now())
        found = service.try_policy(db, edition, from_at, until_at)
    _show_trial(terminal, found, span)
    terminal.next(f"accord policy state {file} --id KEY")
    return DONE


# --- what they share ---


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


def _show_tests(terminal: Terminal, found: Tested) -> None:
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
        terminal.give({"passed": len(items) - len(found.failed), "failed": len(found.failed), "items": items})
        return
    if not found.outcomes:
        terminal.say("There is no test case, so nothing was tested.")
        return
    rows = [["✔" if one.passed else "✘", one.case.name, one.words] for one in found.outcomes]
    terminal.table(["", "case", ""], rows)
    terminal.say(f"{len(rows) - len(found.failed)} of {len(rows)} cases pass.")


def _span(text: str, now: Instant) -> tuple[Instant, Instant]:
    """From and until of a span, calendar days of UTC."""
    from accord.kit.days import day_of, local_day, midnight
    from accord.policy.decide import period_of
    from accord.policy.model import Period

    match = _SPAN.fullmatch(text.strip())
    if match is not None:
        first, last = day_of(match[1], pointer="--on"), day_of(match[2], pointer="--on")
        if last <= first:
            raise click.UsageError(f"--on {text}: the second day comes after the first.")
        return midnight(first, "UTC"), midnight(last, "UTC")
    name = text.strip().removeprefix("last-")
    if not text.strip().startswith("last-") or name not in ("week", "month", "quarter", "year"):
        raise click.UsageError("--on is last-week, last-month, last-quarter, last-year, or FROM..TO.")
    _, this = period_of(Period(name), local_day(now, "UTC"))
    _, before = period_of(Period(name), this - 1)
    return midnight(before, "UTC"), midnight(this, "UTC")


def _show_trial(terminal: Terminal, found: Retrial, span: str) -> None:
    from accord.kit.days import instant_iso
    from accord.policy.model import Answer

    asked, denied = found.count(Answer.ask), found.count(Answer.deny)
    broken_asked, broken_denied = (found.count(one, broken_only=True) for one in (Answer.ask, Answer.deny))
    if terminal.as_json:
        terminal.give(
            {
                "from": instant_iso(found.from_at),
                "until": instant_iso(found.until_at),
                "judged": len(found.rows),
                "allowed": found.count(Answer.allow),
                "asked": asked,
                "denied": denied,
                "asked_before": found.asked_before,
                "broken": found.broken,
                "broken_asked": broken_asked,
                "broken_denied": broken_denied,
                "items": [
                    {
                        "promise": one.tried.past.promise,
                        "decision": one.tried.past.decision or None,
                        "ref": one.tried.past.ref,
                        "at": instant_iso(one.tried.past.at),
                        "actor": one.tried.past.actor,
                        "customer": one.tried.past.customer or None,
                        "verb": one.tried.past.verb.value,
                        "answer": one.tried.ruling.answer.value,
                        "ask": one.tried.ruling.ask or None,
                        "by": one.tried.ruling.by,
                        "because": list(one.tried.ruling.because),
                        "was": one.tried.past.was.value,
                        "broken": one.broken or None,
                    }
                    for one in found.rows
                    if one.tried.ruling.answer is not Answer.allow or one.broken
                ],
            }
        )
        return
    terminal.say(
        f"{len(found.rows):,} decisions of {span} judged again: {found.count(Answer.allow):,} would have been allowed,"
    )
    terminal.say(f"  {asked:,} gone to approval ({found.asked_before:,} did), {denied:,} denied.")
    terminal.say(
        f"{found.broken:,} promises were not kept: {broken_denied:,} of them would have been denied,"
        f" {broken_asked:,} looked at by somebody first."
    )
    rows = [
        [
            one.tried.past.ref or one.tried.past.promise,
            one.tried.past.customer,
            one.tried.past.actor,
            _answered(one.tried.ruling.answer.value, one.tried.ruling.ask),
            one.tried.ruling.because[0] if one.tried.ruling.because else one.tried.ruling.by,
            one.broken,
        ]
        for one in found.rows
        if one.tried.ruling.answer is not Answer.allow
    ]
    if rows:
        terminal.say()
        terminal.table(["promise", "customer", "by", "then", "because", "not kept"], rows[:_SHOWN_MAX])
    if len(rows) > _SHOWN_MAX:
        terminal.note(f"{len(rows) - _SHOWN_MAX:,} more with --json.")


def _answered(answer: str, ask: str) -> str:
    return f"ask {ask}" if ask else answer

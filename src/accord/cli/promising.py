"""How does one ask, hold, commit and change a promise from the command line?

The verbs of a promise. What changes the ledger carries an id, the caller's or one made here: the same id again gives
the same answer.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from accord.cli.terminal import Terminal, takes_database

if TYPE_CHECKING:
    from accord.db.engine import Database
    from accord.promise.api.catalogue import Catalogue
    from accord.promise.model import Decision, Request, Verb

_DURATION = re.compile(r"([0-9]{1,6})\s*(s|m|h|d|w)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
_ID = re.compile(r"prm_\S+")

_words = click.argument(
    "words", nargs=-1, required=True, metavar='"500 X-100 by 12 mar for Northwind at 18.50"'
)
_promise = click.argument("promise", metavar="ID")
_id = click.option(
    "--id", "key", metavar="KEY", help="Your id of this request: the same id again gives the same answer."
)
_yes = click.option("--yes", "-y", is_flag=True, help="Do it without asking.")
_no_input = click.option(
    "--no-input", is_flag=True, help="Never ask; what would have to be asked is an error."
)
_why = click.option("--why", is_flag=True, help="Show what covers it, and what limits it.")
_option = click.option("--option", metavar="N", help="Take this option: its number or its id.")
_digest = click.option(
    "--digest", metavar="HEX", help="Of the answer you looked at: the option must still be there."
)
_ref = click.option("--ref", default="", metavar="NUMBER", help="Your order or quote number.")
_ask = click.option(
    "--ask-approval",
    is_flag=True,
    help="Where somebody else must agree: ask them, and keep the supply meanwhile.",
)
_note = click.option("--note", default="", metavar="TEXT", help="To whoever is asked.")
_for = click.option(
    "--for", "length", metavar="48h", help="How long to hold: 90m, 48h, 7d. Default: the policy's."
)


@click.command("ask")
@_words
@_why
@_ref
@takes_database
def ask_command(terminal: Terminal, words: tuple[str, ...], why: bool, ref: str) -> int:
    """Ask what can be promised; changes nothing."""
    from accord.promise.model import Verb

    with terminal.database() as db:
        known = _catalogue(db)
        request = _new(Verb.ask, words, known, ref=ref)
        return _answer(terminal, _decide(db, request), known, why=why)


@click.command("hold")
@_words
@_for
@_option
@_digest
@_id
@_ref
@_ask
@_note
@_why
@_yes
@_no_input
@takes_database
def hold_command(
    terminal: Terminal,
    words: tuple[str, ...],
    length: str | None,
    option: str | None,
    digest: str | None,
    key: str | None,
    ref: str,
    ask_approval: bool,
    note: str,
    why: bool,
    yes: bool,
    no_input: bool,
) -> int:
    """Keep it for a while.

    With the id of a hold instead of words: keep that one longer.
    """
    from accord.promise.model import Verb

    del yes, no_input  # a hold ends by itself: it is never asked about
    seconds = _seconds(length)
    with terminal.database() as db:
        known = _catalogue(db)
        promise = _promise_in(db, words)
        if promise is not None:
            request = _about(Verb.hold, promise, key, hold_seconds=seconds)
        else:
            request = _new(
                Verb.hold, words, known, key=key, ref=ref, option=option, digest=digest, hold_seconds=seconds
            )
        request = _asking(request, ask_approval, note)
        return _answer(terminal, _decide(db, request), known, why=why)


@click.command("quote")
@_words
@_option
@_digest
@_id
@_ref
@_why
@takes_database
def quote_command(
    terminal: Terminal,
    words: tuple[str, ...],
    option: str | None,
    digest: str | None,
    key: str | None,
    ref: str,
    why: bool,
) -> int:
    """State a price and until when it holds; takes nothing.

    Without --option it quotes the first way that keeps the day in full and needs no approval.
    """
    from accord.promise.model import Verb

    with terminal.database() as db:
        known = _catalogue(db)
        request = _new(Verb.quote, words, known, key=key, ref=ref, option=option, digest=digest)
        return _answer(terminal, _decide(db, request), known, why=why)


@click.command("commit")
@_words
@_option
@_digest
@_id
@_ref
@_ask
@_note
@_why
@_yes
@_no_input
@takes_database
def commit_command(
    terminal: Terminal,
    words: tuple[str, ...],
    option: str | None,
    digest: str | None,
    key: str | None,
    ref: str,
    ask_approval: bool,
    note: str,
    why: bool,
    yes: bool,
    no_input: bool,
) -> int:
    """Promise it, in plain words or a hold by its id.

    Without --option it takes the first way that keeps the day in full and needs no approval; where there is none,
    the ways there are come out, with exit code 3. At a terminal it shows what is taken and asks.
    """
    from accord.promise.model import Verb

    asks = not yes
    if asks and (no_input or not terminal.may_ask):
        raise click.UsageError("A commit is a word given to a customer. Say --yes where nobody can be asked.")
    with terminal.database() as db:
        known = _catalogue(db)
        promise = _promise_in(db, words)
        if promise is not None:
            if asks and not terminal.confirm(f"Commit {words[0]}?"):
                raise click.Abort
            request = _asking(_about(Verb.commit, promise, key), ask_approval, note)
            return _answer(terminal, _decide(db, request), known, why=why)
        request = _new(Verb.commit, words, known, key=key, ref=ref, option=option, digest=digest)
        request = _asking(request, ask_approval, note)
        if asks:
            chosen = _preview(terminal, db, request, known, why=why, words=words)
            if isinstance(chosen, int):
                return chosen
            request = chosen
        return _answer(terminal, _decide(db, request), known, why=why)


@click.command("amend")
@_promise
@_words
@_option
@_digest
@_id
@_ask
@_note
@_why
@_yes
@_no_input
@takes_database
def amend_command(
    terminal: Terminal,
    promise: str,
    words: tuple[str, ...],
    option: str | None,
    digest: str | None,
    key: str | None,
    ask_approval: bool,
    note: str,
    why: bool,
    yes: bool,
    no_input: bool,
) -> int:
    """Change what a promise is about.

    What it takes itself does not compete with it.
    """
    from accord.promise.model import Verb

    with terminal.database() as db:
        known = _catalogue(db)
        about = _id_of(db, promise)
        request = _new(Verb.amend, words, known, key=key, option=option, digest=digest, promise=about)
        request = _asking(request, ask_approval, note)
        _ask_first(terminal, f"Amend {promise}?", yes=yes, no_input=no_input)
        return _answer(terminal, _decide(db, request), known, why=why)


@click.command("release")
@_promise
@_id
@takes_database
def release_command(terminal: Terminal, promise: str, key: str | None) -> int:
    """End a hold."""
    from accord.promise.model import Verb

    with terminal.database() as db:
        request = _about(Verb.release, _id_of(db, promise), key)
        return _answer(terminal, _decide(db, request), _catalogue(db), why=False)


@click.command("cancel")
@_promise
@_id
@_ask
@_note
@_yes
@_no_input
@takes_database
def cancel_command(
    terminal: Terminal,
    promise: str,
    key: str | None,
    ask_approval: bool,
    note: str,
    yes: bool,
    no_input: bool,
) -> int:
    """End a commitment."""
    from accord.promise.model import Verb

    with terminal.database() as db:
        _ask_first(
            terminal, f"Cancel {promise}? The customer was given our word.", yes=yes, no_input=no_input
        )
        request = _asking(_about(Verb.cancel, _id_of(db, promise), key), ask_approval, note)
        return _answer(terminal, _decide(db, request), _catalogue(db), why=False)


# --- from words to a decision ---


def actor() -> str:
    """Who acts: the account that runs the command, whatever the environment says it is."""
    import getpass
    import os

    try:
        import pwd

        return pwd.getpwuid(os.geteuid()).pw_name
    except ImportError:  # no such accounts on this system
        return getpass.getuser()
    except (KeyError, OSError):  # an account without a name
        return "cli"


def _catalogue(db: Database) -> Catalogue:
    from accord.promise.api.catalogue import catalogue

    return catalogue(db)


def _promise_in(db: Database, words: tuple[str, ...]) -> str | None:
    """The promise that the words name by its id or its order number; None when they ask for something."""
    from accord.promise import service

    word = " ".join(words).strip()
    if _ID.fullmatch(word):
        return word
    return service.promise_with(db, word) if len(words) == 1 and " " not in word else None


def _id_of(db: Database, text: str) -> str:
    """The id of the promise that is meant; a word that names none goes on as it is, to be refused as such."""
    return _promise_in(db, (text,)) or text


def _new(
    verb: Verb,
    words: tuple[str, ...],
    known: Catalogue,
    *,
    key: str | None = None,
    ref: str = "",
    option: str | None = None,
    digest: str | None = None,
    hold_seconds: int | None = None,
    promise: str | None = None,
) -> Request:
    from accord.kit.ids import new_id
    from accord.promise.model import Request
    from accord.promise.named import understand

    asked = understand(" ".join(words), known.names)
    return Request(
        id=_key(key) or new_id("req"),
        verb=verb,
        customer=asked.customer,
        lines=asked.lines,
        promise=promise,
        option=option,
        digest=digest,
        hold_seconds=hold_seconds,
        ref=ref,
    )


def _about(verb: Verb, promise: str, key: str | None, *, hold_seconds: int | None = None) -> Request:
    from accord.kit.ids import new_id
    from accord.promise.model import Request

    return Request(
        id=_key(key) or new_id("req"), verb=verb, promise=promise.strip(), hold_seconds=hold_seconds
    )


def _asking(request: Request, asks: bool, note: str) -> Request:
    import msgspec

    return msgspec.structs.replace(request, asks_approval=asks, note=note) if asks else request


def _key(key: str | None) -> str | None:
    if key is not None and (not key.strip() or len(key) > 200):
        raise click.UsageError("--id is 1 to 200 characters.")
    return key


def _seconds(length: str | None) -> int | None:
    if length is None:
        return None
    match = _DURATION.fullmatch(length.strip().lower())
    if match is None or int(match[1]) == 0:
        raise click.UsageError(f"--for {length!r} is no length of time. Write 90m, 48h or 7d.")
    return int(match[1]) * _SECONDS[match[2]]


def _decide(db: Database, request: Request) -> Decision:
    from accord.kit.errors import AccordError
    from accord.promise import service

    (answer,) = service.promise(db, [request], actor=actor())
    if isinstance(answer, AccordError):
        raise answer
    return answer


# --- asking a person ---


def _ask_first(terminal: Terminal, question: str, *, yes: bool, no_input: bool) -> None:
    if yes:
        return
    if no_input or not terminal.may_ask:
        raise click.UsageError("A customer was given our word. Say --yes where nobody can be asked.")
    if not terminal.confirm(question):
        raise click.Abort


def _preview(
    terminal: Terminal,
    db: Database,
    request: Request,
    known: Catalogue,
    *,
    why: bool,
    words: tuple[str, ...],
) -> Request | int:
    """Show what a commit would take and ask; the request as confirmed, or the exit code when there is nothing to take."""
    import msgspec

    from accord.cli.answer import exit_code, show, take
    from accord.promise.model import Verb

    seen = _decide(db, msgspec.structs.replace(request, verb=Verb.ask, option=None, digest=None))
    show(terminal, seen, known, why=why)
    chosen = take(seen, request.option)
    if chosen is None:
        terminal.next(f'accord commit "{" ".join(words)}" --option N' if seen.options else "accord promises")
        return exit_code(seen, wanted=True)
    if not terminal.confirm(f"Commit option {chosen + 1}?"):
        raise click.Abort
    # Looked at and confirmed: exactly this offer, or the fresh options.
    return msgspec.structs.replace(request, option=seen.options[chosen].id, digest=seen.digest)


def _answer(terminal: Terminal, decision: Decision, known: Catalogue, *, why: bool) -> int:
    from accord.cli.answer import exit_code, next_step, show
    from accord.promise.api.wire import decision_out
    from accord.promise.model import Verb

    if terminal.as_json:
        terminal.give(decision_out(decision, known.units))
    else:
        show(terminal, decision, known, why=why)
        terminal.next(next_step(decision))
    return exit_code(decision, wanted=decision.request.verb is not Verb.ask)

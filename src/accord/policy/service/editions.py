"""How does a policy file come into force? Stated under an id, and from its moment on.

What is stated for later waits as a record of its own. Whoever decides first after its moment brings it into force before
he decides, in a transaction of its own, so that no decision is made by rights that are over, and nothing has to be
running at that moment.
"""

from __future__ import annotations

import msgspec

from accord.db import audit
from accord.db.engine import Database
from accord.db.tx import Tx
from accord.kit.days import Instant, instant_iso, local_day
from accord.kit.digest import canonical, digest
from accord.kit.errors import FieldError, InputError, RequestChanged
from accord.ledger.service.news import again
from accord.policy import store
from accord.policy.decide.cases import Outcome, outcomes
from accord.policy.decide.difference import Change, changes
from accord.policy.model import Book, Edition, Rules
from accord.policy.service.records import Record, book, check, put_in


class EditionDue(Exception):
    """Another edition is in force at this moment than the one that was read."""

    def __init__(self, at: Instant) -> None:
        super().__init__(instant_iso(at))
        self.at = at


def still(rules: Book, now: Instant) -> None:
    """Raises: EditionDue where these rules are over at a moment; bring the next ones into force and read again."""
    if rules.next_at is not None and rules.next_at <= now:
        raise EditionDue(now)


class Tested(msgspec.Struct, frozen=True, kw_only=True):
    """What came out of the test cases beside the rights."""

    outcomes: tuple[Outcome, ...]

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """Those that came out otherwise than expected."""
        return tuple(one for one in self.outcomes if not one.passed)


def state(db: Database, edition: Edition, *, id: str, actor: str) -> Edition:
    """State an edition under the caller's id; in force at once, or from its moment on.

    The same id with the same edition changes nothing. Raises: InputError where a test case of its own fails, or its moment
    has passed; RequestChanged when the id came with another edition.
    """
    stated: list[Edition] = []

    def work(tx: Tx) -> None:
        store.hold(tx)
        now = tx.now()
        known = {one.id: one for one in _stored(tx)}
        made = msgspec.structs.replace(edition, id=id, stated_at=now, stated_by=actor)
        if id in known:
            if digest_of(known[id]) != digest_of(made):
                raise RequestChanged(
                    f"The id {id} was used before for another edition of the rules. Use a new id."
                )
            stated[:] = [known[id]]
            return
        check([_merged(book(tx).rules, made)])
        _must_pass(tested(made, now))
        if made.effective_at is not None and made.effective_at < now:
            detail = f"{instant_iso(made.effective_at)} has passed; leave effective_at out to state it from now on."
            raise InputError.at("effective_at", "in_the_past", detail)
        if made.effective_at is None or made.effective_at == now:
            made = msgspec.structs.replace(made, effective_at=now)
            _apply(tx, made, now)
            made = msgspec.structs.replace(made, applied_at=now)
        else:
            put_in(tx, [made], actor=actor, id=id)
        fact = {
            "actor": actor,
            "digest": digest_of(made),
            "effective_at": made.effective_at,
            "id": id,
        }
        audit.append(tx, [audit.Entry(type="EditionStated", body=canonical(fact))], at=now)
        stated[:] = [made]

    again(db, work)
    return stated[0]


def activate(db: Database, at: Instant) -> int:
    """Bring into force every edition whose moment is not after this one, in their order; how many."""

    def work(tx: Tx) -> int:
        store.hold(tx)  # of several who find it due, one does it
        due = [
            one
            for one in _stored(tx)
            if one.applied_at is None and one.effective_at is not None and one.effective_at <= at
        ]
        for one in sorted(due, key=lambda one: (one.effective_at or 0, one.stated_at, one.id)):
            _apply(tx, one, max(at, tx.now()))
        return len(due)

    return again(db, work)


def editions(db: Database) -> list[Edition]:
    """Every edition that was ever stated, the latest first."""
    with db.read() as tx:
        return sorted(
            _stored(tx), key=lambda one: (one.effective_at or 0, one.stated_at, one.id), reverse=True
        )


def tested(edition: Edition, now: Instant) -> Tested:
    """What the test cases of an edition say about it."""
    currency = dict(edition.rules).get("currency", Rules().currency)
    return Tested(
        outcomes=outcomes(
            edition.rights, edition.cases, today=local_day(now, edition.rights.zone), currency=str(currency)
        )
    )


def difference(db: Database, edition: Edition) -> tuple[Change, ...]:
    """What an edition would change of what is in force."""
    with db.read() as tx:
        now = book(tx)
    return changes(now.rules, now.tiers, now.rights, edition)


def digest_of(edition: Edition) -> str:
    """Of what an edition says, not of when and by whom it was stated; nor of the lines its cases stand on."""
    cases = tuple(msgspec.structs.replace(case, line=0) for case in edition.cases)
    plain = msgspec.structs.replace(edition, cases=cases, stated_at=0, stated_by="", applied_at=None)
    if edition.applied_at is not None and edition.effective_at == edition.stated_at:
        plain = msgspec.structs.replace(plain, effective_at=None)
    return digest(canonical(plain))


def _apply(tx: Tx, edition: Edition, now: Instant) -> None:
    rights = msgspec.structs.replace(edition.rights, edition=edition.id)
    records: list[Record] = [
        rights,
        _merged(book(tx).rules, edition),
        *edition.tiers,
        msgspec.structs.replace(edition, applied_at=now),
    ]
    version = put_in(tx, records, actor=edition.stated_by, id=edition.id)
    fact = {"digest": digest_of(edition), "id": edition.id, "version": version}
    audit.append(tx, [audit.Entry(type="EditionInForce", body=canonical(fact))], at=now)


def _merged(rules: Rules, edition: Edition) -> Rules:
    """The rules in force with what the edition changes of them."""
    body = {**msgspec.to_builtins(rules), **dict(edition.rules)}
    return msgspec.convert(body, Rules)


def _must_pass(found: Tested) -> None:
    if not found.failed:
        return
    errors = [
        FieldError(f"line {one.case.line}: [[case]] {one.case.name}", "case_failed", one.words)
        for one in found.failed
    ]
    count = len(errors)
    cases = "test case" if count == 1 else "test cases"
    raise InputError(
        f"{count} {cases} beside the rights fail; nothing was changed. {errors[0].detail}", errors=errors
    )


def _stored(tx: Tx) -> list[Edition]:
    return [
        msgspec.json.decode(body, type=Edition)
        for kind, _id, body in store.records(tx, store.version(tx))
        if kind == "edition"
    ]

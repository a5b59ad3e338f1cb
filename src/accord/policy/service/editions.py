"""How does a policy file come into force? Stated under an id, and from its moment on.

What is stated for later waits as a record of its own. Whoever decides first after its moment brings it into force before
he decides, in a transaction of its own, so that no decision is made by rights that are over, and nothing has to be
running at that moment.

The rights in force say who may state others, and whether another person must agree to exactly what was stated before it
counts. An edition that nobody could change again is not taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from accord.db import audit
from accord.db.engine import Database
from accord.db.tx import Tx
from accord.kit.days import Instant, instant_iso, local_day
from accord.kit.digest import canonical, digest
from accord.kit.errors import Conflict, Denied, FieldError, InputError, NotFound, RequestChanged
from accord.ledger.service.news import again
from accord.policy import store
from accord.policy.decide.act import actor_of, person_of, with_accounts
from accord.policy.decide.cases import Outcome, outcomes
from accord.policy.decide.difference import Change, changes
from accord.policy.decide.lockout import change_is_possible, may_change, warnings
from accord.policy.decide.standing import Standing, standing
from accord.policy.model import Actor, Book, Edition, Rights, Rules, Tier
from accord.policy.service.records import Record, book, book_at, check, put_in


class EditionDue(Exception):
    """Another edition is in force at this moment than the one that was read."""

    def __init__(self, at: Instant) -> None:
        super().__init__(instant_iso(at))
        self.at = at


def still(rules: Book, now: Instant) -> None:
    """Raises: EditionDue where these rules are over at a moment; bring the next ones into force and read again."""
    if rules.next_at is not None and rules.next_at <= now:
        raise EditionDue(now)


class NotYours(Denied):
    """The rights in force let others state or agree to rules."""

    code = "change_not_allowed"
    title = "The rules are not yours to change"


class Tested(msgspec.Struct, frozen=True, kw_only=True):
    """What came out of the test cases beside the rights."""

    outcomes: tuple[Outcome, ...]

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """Those that came out otherwise than expected."""
        return tuple(one for one in self.outcomes if not one.passed)


class ChangedMeanwhile(Conflict):
    """Other rules are in force than those that were looked at."""

    code = "rules_changed"
    title = "The rules were changed meanwhile"


def state(db: Database, edition: Edition, *, id: str, actor: str, over: str | None = None) -> Edition:
    """State an edition under the caller's id; in force at once, or from its moment on.

    Where the rights in force ask for a second person it waits for one. The same id with the same edition changes nothing.
    `over`: the edition that the caller looked at when he began; None = whichever is in force.
    Raises: InputError where a test case of its own fails, its moment has passed, or it could never be changed again; NotYours;
    RequestChanged when the id came with another edition; ChangedMeanwhile where another than `over` is in force.
    """
    stated: list[Edition] = []

    def work(tx: Tx) -> None:
        store.hold(tx)
        now = tx.now()
        known = {one.id: one for one in _stored(tx)}
        person = person_of(book(tx).rights or Rights(), actor)
        made = msgspec.structs.replace(
            edition,
            id=id,
            stated_at=now,
            stated_by=actor,
            stated_for=person if person != actor else "",
            over=in_force(book(tx)),
        )
        if id in known:
            if digest_of(known[id]) != digest_of(made):
                raise RequestChanged(
                    f"The id {id} was used before for another edition of the rules. Use a new id."
                )
            stated[:] = [known[id]]
            return
        before = book(tx)
        if not may_change(before.rights, actor):
            assert before.rights is not None
            raise NotYours(
                f"Only a {before.rights.change} may state rules here, and {actor} is none. Ask one of them."
            )
        if over is not None and over != made.over:
            raise ChangedMeanwhile(_other_rules(made.over, known))
        check([_merged(before.rules, made)])
        _must_stay_open(with_accounts(made.rights, before.accounts))
        _must_count_the_same(before.rights, made.rights)
        for one in known.values():
            if standing(one, made.over, now) in (Standing.needs_agreement, Standing.needs_its_day):
                _must_count_the_same(one.rights, made.rights, where=f" in {one.name or one.id}, which waits")
        _must_pass(tested(made, now, before.accounts))
        if made.effective_at is not None and made.effective_at < now:
            detail = f"{instant_iso(made.effective_at)} has passed; leave effective_at out to state it from now on."
            raise InputError.at("effective_at", "in_the_past", detail)
        if before.rights is not None and before.rights.second:
            made = msgspec.structs.replace(made, second=before.rights.second)
            put_in(tx, [made], actor=actor, id=id)
        elif made.effective_at is None or made.effective_at == now:
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


def agree(db: Database, id: str, *, actor: str) -> Edition:
    """Agree to an edition as the second person: it counts from its moment on, or from now where that has come.

    Agreed to again it changes nothing. Raises: NotFound; NotYours; Conflict where it needs nobody's word; InputError as `state`.
    """
    agreed: list[Edition] = []

    def work(tx: Tx) -> None:
        store.hold(tx)
        now = tx.now()
        made = _of(tx, id)
        if made.agreed_by == actor:
            agreed[:] = [made]
            return
        if made.withdrawn_at is not None:
            raise Conflict(
                f"{made.withdrawn_by} withdrew {made.name or id}. State it anew.", code="withdrawn_before"
            )
        if not made.second or made.agreed_by:
            raise Conflict(f"Nobody needs to agree to {made.name or id} any more.", code="agreed_before")
        before = book(tx)
        if why := why_not_agree(before, made, actor):
            raise NotYours(why)
        stands = standing(made, in_force(before), now)
        if stands is Standing.superseded:
            raise ChangedMeanwhile(_other_rules(in_force(before), {one.id: one for one in _stored(tx)}))
        if stands is Standing.expired:
            raise Conflict(
                "Nobody agreed to it in 30 days, so it is over. State it anew.", code="agreement_expired"
            )
        _must_count_the_same(before.rights, made.rights)
        _must_pass(tested(made, now, before.accounts))
        made = msgspec.structs.replace(made, agreed_by=actor)
        if made.effective_at is None or made.effective_at <= now:
            _apply(tx, made, now)
            made = msgspec.structs.replace(made, applied_at=now)
        else:
            put_in(tx, [made], actor=actor, id=id)
        fact = {"actor": actor, "digest": digest_of(made), "id": id}
        audit.append(tx, [audit.Entry(type="EditionAgreed", body=canonical(fact))], at=now)
        agreed[:] = [made]

    again(db, work)
    return agreed[0]


def why_not_agree(rules: Book, made: Edition, actor: str) -> str:
    """Why somebody is not the other person who must agree to an edition; "" = he is."""
    rights = rules.rights or Rights()
    second = rights.second or made.second
    if second not in actor_of(rights, actor).roles:
        return f"A {second} must agree to it, and {actor} is none. Ask one of them."
    if _is_of(rights, made, actor):
        return f"{made.stated_by} stated it: another person must agree. Ask another {second}."
    return ""


def may_withdraw(rules: Book, made: Edition, actor: str) -> bool:
    """Whether it is for somebody to take an edition back that is not in force yet."""
    rights = rules.rights or Rights()
    is_second = bool(made.second) and made.second in actor_of(rights, actor).roles
    return _is_of(rights, made, actor) or is_second or may_change(rights, actor)


def _is_of(rights: Rights, made: Edition, actor: str) -> bool:
    """Whether the same person stated it, under whatever name."""
    return person_of(rights, actor) in (made.stated_for, person_of(rights, made.stated_by))


def withdraw(db: Database, id: str, *, actor: str, why: str = "") -> Edition:
    """Take back an edition that is not in force yet: it never will be.

    Whoever stated it may, who could state others, and who would have to agree. Again it changes nothing.
    Raises: NotFound; NotYours; Conflict where it came into force or another withdrew it.
    """
    withdrawn: list[Edition] = []

    def work(tx: Tx) -> None:
        store.hold(tx)
        now = tx.now()
        made = _of(tx, id)
        if made.withdrawn_by == actor:
            withdrawn[:] = [made]
            return
        if made.applied_at is not None:
            raise Conflict(f"{made.name or id} came into force. State other rules.", code="in_force_before")
        if made.withdrawn_at is not None:
            raise Conflict(f"{made.withdrawn_by} withdrew it before.", code="withdrawn_before")
        if not may_withdraw(book(tx), made, actor):
            raise NotYours(
                f"{made.stated_by} stated it. Only who may state rules, or must agree, withdraws it."
            )
        made = msgspec.structs.replace(made, withdrawn_at=now, withdrawn_by=actor, withdrawn_why=why)
        put_in(tx, [made], actor=actor, id=id)
        fact = {"actor": actor, "digest": digest_of(made), "id": id}
        audit.append(tx, [audit.Entry(type="EditionWithdrawn", body=canonical(fact))], at=now)
        withdrawn[:] = [made]

    again(db, work)
    return withdrawn[0]


def activate(db: Database, at: Instant) -> int:
    """Bring into force every edition whose moment is not after this one, in their order; how many."""

    def work(tx: Tx) -> int:
        store.hold(tx)  # of several who find it due, one does it
        due = [
            one
            for one in _stored(tx)
            if one.applied_at is None
            and one.withdrawn_at is None
            and (not one.second or one.agreed_by)
            and one.effective_at is not None
            and one.effective_at <= at
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


def tested(edition: Edition, now: Instant, accounts: Sequence[Actor]) -> Tested:
    """What the test cases of an edition say about it; `accounts` are whoever signs in, whom no file need name."""
    currency = dict(edition.rules).get("currency", Rules().currency)
    return Tested(
        outcomes=outcomes(
            with_accounts(edition.rights, accounts),
            edition.cases,
            today=local_day(now, edition.rights.zone),
            currency=str(currency),
        )
    )


def difference(db: Database, edition: Edition) -> tuple[Change, ...]:
    """What an edition would change of what is in force."""
    with db.read() as tx:
        now = book(tx)
    return changes(now.rules, now.tiers, now.stated, edition)


def doubts(db: Database, edition: Edition) -> tuple[str, ...]:
    """What in an edition is likely not meant: who would be locked out, or let in."""
    with db.read() as tx:
        now = book(tx)
    tiers = {**now.tiers, **{tier.id: tier.rank for tier in edition.tiers}}
    return warnings(edition.rights, tiers, accounts=now.accounts)


def between(db: Database, before: str, after: str) -> tuple[Change, ...]:
    """What one edition changed of another, by their ids; "" = what is in force. Raises: NotFound."""
    with db.read() as tx:
        known = {one.id: one for one in _stored(tx)}
        for id in (before, after):
            if id and id not in known:
                raise NotFound(f"No edition was stated under the id {id[:100]!r}. /rights lists them.")
        old, new = _as_it_was(tx, known.get(before)), _as_it_was(tx, known.get(after))
    said: dict[str, int | str | None] = msgspec.to_builtins(new.rules)
    whole = Edition(
        id=after,
        rules=tuple(sorted(said.items())),
        tiers=tuple(Tier(id=id, rank=rank) for id, rank in sorted(new.tiers.items())),
        rights=new.stated or Rights(),
    )
    return changes(old.rules, old.tiers, old.stated, whole)


def _as_it_was(tx: Tx, edition: Edition | None) -> Book:
    """The rules when an edition came into force; of one that is not, as they would be."""
    if edition is None:
        return book(tx)
    if edition.applied_at is not None:
        version = store.stated_in(tx, "edition", edition.id)
        assert version is not None  # it is among those that were read
        return book_at(tx, version)
    now = book(tx)
    return msgspec.structs.replace(
        now,
        rules=_merged(now.rules, edition),
        tiers={**now.tiers, **{tier.id: tier.rank for tier in edition.tiers}},
        stated=edition.rights,
    )


def in_force(rules: Book) -> str:
    """The id of the edition in force; "" where none is."""
    return rules.rights.edition if rules.rights is not None else ""


def _other_rules(now: str, known: Mapping[str, Edition]) -> str:
    found = known.get(now)
    if found is None:
        return "Other rights are in force than those this was made from. Look at the difference and state it anew."
    return (
        f"{found.name or found.id} came into force meanwhile, stated by {found.stated_by}."
        " Look at the difference and state it anew."
    )


def digest_of(edition: Edition) -> str:
    """Of what an edition says, not of when and by whom it was stated; nor of the lines its cases stand on."""
    cases = tuple(msgspec.structs.replace(case, line=0) for case in edition.cases)
    plain = msgspec.structs.replace(
        edition,
        cases=cases,
        stated_at=0,
        stated_by="",
        stated_for="",
        applied_at=None,
        second="",
        agreed_by="",
        over="",
        withdrawn_at=None,
        withdrawn_by="",
        withdrawn_why="",
    )
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


def _must_stay_open(rights: Rights) -> None:
    if not change_is_possible(rights):
        second = f" and another person who is {rights.second}" if rights.second else ""
        detail = f"With these rights nobody could ever change them: it takes somebody who is {rights.change or 'named'}{second}."
        raise InputError.at("change", "locks_everybody_out", f"{detail} Give the roles to actors.")


def _must_count_the_same(before: Rights | None, after: Rights, *, where: str = " now") -> None:
    """What was used of a limit is kept under its id: it must mean the same."""
    now = {limit.id: limit for limit in before.limits} if before is not None else {}
    for limit in after.limits:
        if limit.id in now and now[limit.id].of is not limit.of:
            detail = f"The limit {limit.id} counts {now[limit.id].of.value}{where}, and what was used of it is kept. Give the new one an id of its own."
            raise InputError.at(f"[[limit]] {limit.id}", "counts_something_else", detail)


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


def _of(tx: Tx, id: str) -> Edition:
    made = next((one for one in _stored(tx) if one.id == id), None)
    if made is None:
        raise NotFound(f"No edition was stated under the id {id[:100]!r}. accord policy show lists them.")
    return made


def _stored(tx: Tx) -> list[Edition]:
    return [
        msgspec.json.decode(body, type=Edition)
        for kind, _id, body in store.records(tx, store.version(tx))
        if kind == "edition"
    ]

"""Hold, commit, amend, release, cancel: what each changes in the ledger, and when it is refused."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.promise.decide_world import NOW, TODAY, World, offers

from accord.kit.errors import Fault, InputError
from accord.ledger.model import (
    Commitment,
    Draw,
    Effects,
    Input,
    Item,
    Operation,
    State,
    Supplier,
    Supply,
    SupplyKind,
    Term,
)
from accord.policy.model import Rules
from accord.promise.decide.effects import effects_of, promise_after
from accord.promise.model import Decision, Promise, Refusal, Verdict

A_DAY = 86_400_000_000
MOTOR = Item(id="motor", name="Motor", cost_minor=300)
MASTER = (
    MOTOR,
    Supplier(id="s", name="S"),
    Term(id="t", item="motor", site="halden", supplier="s", lead_days=2, lot_min=50),
    Operation(
        id="o",
        item="X-100",
        site="halden",
        inputs=(Input(item="motor", quantity=1),),
        lead_days=1,
        lot_min=20,
    ),
)


class Held(msgspec.Struct, frozen=True):
    """What a promise has in the ledger."""

    draws: tuple[Draw, ...] = ()
    supplies: tuple[Supply, ...] = ()
    commitments: tuple[Commitment, ...] = ()
    gives: tuple[Draw, ...] = ()
    drops: tuple[Supply, ...] = ()


def world() -> World:
    return World(*MASTER, stock={"X-100": "+6 now"})


def effects(decision: Decision, standing: Held | None = None) -> Effects:
    found = effects_of(decision, world().graph, world().book, standing)
    assert found is not None
    return found


def made(verb: str = "hold") -> tuple[Promise, Held]:
    """A promise of ten, six from stock and four of a lot of twenty, and all that it has in the ledger."""
    decision = world().ask("10 X-100 d9", verb=verb)
    changed = effects(decision)
    promise = promise_after(decision, None, changed, actor="anna")
    assert promise is not None
    draws = changed.draws + tuple(draw for proposal in changed.proposes for draw in proposal.draws)
    supplies = tuple(proposal.supply for proposal in changed.proposes)
    return promise, Held(draws, supplies, changed.commitments, draws, supplies)


# --- effects of something new ---


def test_a_commitment_draws_firmly_and_proposes_whole_lots() -> None:
    changed = effects(world().ask("10 X-100 d9", verb="commit"))

    (commitment,) = changed.commitments
    assert (commitment.quantity, commitment.ship_on - TODAY, commitment.state) == (10, 9, State.committed)
    assert [(d.key, d.owner, d.on - TODAY, d.quantity, d.expires_at) for d in changed.draws] == [
        ("node:X-100@halden", commitment.id, 9, 10, None)
    ]
    motors, pumps = (proposal.supply for proposal in changed.proposes)
    assert [(s.kind, s.quantity, s.on - TODAY, s.expires_at) for s in (motors, pumps)] == [
        (SupplyKind.purchase, 50, 8, None),
        (SupplyKind.production, 20, 9, None),
    ]
    (feed,) = changed.proposes[1].draws
    assert (feed.key, feed.owner, feed.feeds, feed.quantity) == (
        "node:motor@halden",
        pumps.id,
        "node:X-100@halden",
        20,
    )


def test_a_holds_receipts_count_only_for_the_hold() -> None:
    decision = world().ask("10 X-100 d9", verb="hold")
    changed = effects(decision)

    motors, pumps = (proposal.supply for proposal in changed.proposes)
    assert decision.expires_at == NOW + 2 * A_DAY
    assert [(s.quantity, s.on - TODAY, s.lot_quantity, s.lot_on - TODAY) for s in (motors, pumps)] == [
        (20, 8, 50, 8),  # twenty of fifty motors feed the pumps
        (4, 9, 20, 9),  # four of twenty pumps are the hold's
    ]
    every = [*changed.draws, *(d for p in changed.proposes for d in p.draws), motors, pumps]
    assert {row.expires_at for row in every} == {NOW + 2 * A_DAY}
    assert {c.state for c in changed.commitments} == {State.held}


def test_ids_follow_from_the_decision() -> None:
    first, second = (effects(world().ask("10 X-100 d9", verb="commit", id="dec_7")) for _ in range(2))

    assert first == second
    assert [c.id for c in first.commitments] == ["com_7-0"]
    assert [p.supply.id for p in first.proposes] == ["rcp_7-0", "rcp_7-1"]
    ids = [d.id for d in first.draws] + [d.id for p in first.proposes for d in p.draws]
    assert len(set(ids)) == len(ids)


def test_asking_and_being_refused_change_nothing() -> None:
    for decision in (world().ask("10 X-100 d9"), world().ask("1 X-999 d9", verb="commit")):
        assert effects_of(decision, world().graph, world().book) is None
        assert promise_after(decision, None, None, actor="anna") is None


def test_a_promise_keeps_its_three_dates() -> None:
    promise, _ = made("commit")

    (line,) = promise.lines
    assert (line.requested_on, line.first_promised_on, line.promised_on) == (TODAY + 9,) * 3
    assert (promise.state, promise.actor, promise.request, promise.made_at) == (
        State.committed,
        "anna",
        "r1",
        NOW,
    )
    # Six from stock, four of a lot of twenty that takes twenty motors.
    assert line.cost_minor == 6 * 1_000 + 4 * 300
    assert line.commitments == ("com_1-0",)


# --- changing how it stands ---


def test_hardening_makes_draws_firm_and_lots_whole() -> None:
    promise, held = made()

    decision = world().ask(verb="commit", promise=promise.id, before=promise, standing=held, id="dec_2")
    changed = effects(decision, held)
    after = promise_after(decision, promise, changed, actor="ben")

    assert (decision.verdict, decision.sentence) == (Verdict.yes, "prm_1 is committed now.")
    assert set(changed.gives_back) == set(held.draws)
    assert set(changed.drops) == set(held.supplies)
    assert {d.expires_at for d in changed.draws} == {None}
    assert [(p.supply.quantity, p.supply.on - TODAY, p.supply.lot_quantity) for p in changed.proposes] == [
        (50, 8, 0),
        (20, 9, 0),
    ]
    assert [(c.id, c.state) for c in changed.resolves] == [("com_1-0", State.committed)]
    assert after is not None
    assert (after.state, after.version, after.expires_at, after.lines) == (
        State.committed,
        2,
        None,
        promise.lines,
    )


def _late(days: int, promise: Promise, **stock: str) -> tuple[World, Promise]:
    """The world so many days later, and the hold as if it lasted until then."""
    now = NOW + days * A_DAY
    later = World(*MASTER, stock={"X-100": "+6 now", **stock}, now=now)
    return later, msgspec.structs.replace(promise, expires_at=now + A_DAY)


@pytest.mark.parametrize("verb", ["commit", "hold"])
@pytest.mark.parametrize(
    ("days", "refusals", "offered"),
    [
        (6, (), []),  # the day on which the motors must be ordered
        (7, (Refusal.not_by_then,), ["split: 6 d9 + 4 d10", "later: 10 d10"]),
        (9, (Refusal.not_by_then,), ["split: 6 d9 + 4 d12", "later: 10 d12"]),
        (
            10,
            (Refusal.not_by_then,),
            [],
        ),  # the day it was asked for is over, so nothing can be offered for it
    ],
)
def test_a_hold_is_kept_only_while_what_it_needs_can_begin_in_time(
    days: int, refusals: tuple[Refusal, ...], offered: list[str], verb: str
) -> None:
    promise, held = made()
    later, before = _late(days, promise)

    decision = later.ask(verb=verb, promise=before.id, before=before, standing=held, id="dec_2")

    assert (decision.refusals, offers(decision)) == (refusals, offered)
    assert decision.promise == (None if refusals else before.id)


def test_what_somebody_carries_out_already_need_not_begin_any_more() -> None:
    """The motors were ordered in time under an id of the planning system's; the pumps are made on day 8."""
    promise, held = made()
    motors, pumps = held.supplies
    ordered = msgspec.structs.replace(motors, id="PO-7", expires_at=None, starts_on=0)
    standing = msgspec.structs.replace(held, supplies=(ordered, pumps), drops=(pumps,))

    for days, refusals in ((8, ()), (9, (Refusal.not_by_then,))):
        later, before = _late(days, promise, motor="+20 d8 PO-7")
        decision = later.ask(verb="commit", promise=before.id, before=before, standing=standing, id="dec_2")
        assert decision.refusals == refusals


def test_renewing_moves_the_end_only() -> None:
    promise, held = made()

    decision = world().ask(
        verb="hold", promise=promise.id, hold_seconds=600, before=promise, standing=held, id="dec_2"
    )
    changed = effects(decision, held)
    after = promise_after(decision, promise, changed, actor="ben")

    assert decision.expires_at == NOW + 600_000_000
    rows = [
        *changed.draws,
        *(p.supply for p in changed.proposes),
        *(d for p in changed.proposes for d in p.draws),
    ]
    assert {row.expires_at for row in rows} == {NOW + 600_000_000}
    assert [p.supply.quantity for p in changed.proposes] == [20, 4]
    assert changed.resolves == ()
    assert after is not None
    assert (after.renewals, after.state) == (1, State.held)


@pytest.mark.parametrize(
    ("verb", "begins_as", "state"),
    [("release", "hold", State.released), ("cancel", "commit", State.cancelled)],
)
def test_ending_gives_everything_back(verb: str, begins_as: str, state: State) -> None:
    promise, held = made(begins_as)

    decision = world().ask(verb=verb, promise=promise.id, before=promise, standing=held, id="dec_2")
    changed = effects(decision, held)
    after = promise_after(decision, promise, changed, actor="ben")

    assert decision.verdict is Verdict.done
    assert (changed.gives_back, changed.drops, changed.draws, changed.proposes) == (
        held.gives,
        held.drops,
        (),
        (),
    )
    assert [c.state for c in changed.resolves] == [state]
    assert after is not None
    assert after.state is state


def test_amending_supersedes_and_keeps_the_first_promised_day() -> None:
    promise, held = made("commit")

    decision = world().ask(
        "3 X-100 d5", verb="amend", promise=promise.id, before=promise, standing=held, id="dec_2"
    )
    changed = effects(decision, held)
    after = promise_after(decision, promise, changed, actor="ben")

    assert decision.verdict is Verdict.yes
    assert (changed.gives_back, changed.drops) == (held.gives, held.drops)
    assert [(c.id, c.state) for c in changed.resolves] == [("com_1-0", State.superseded)]
    assert [(c.id, c.quantity, c.state) for c in changed.commitments] == [("com_2-0", 3, State.committed)]
    assert after is not None
    (line,) = after.lines
    assert (line.first_promised_on - TODAY, line.promised_on - TODAY, line.requested_on - TODAY) == (9, 5, 5)
    assert (after.version, after.id, after.made_at) == (2, promise.id, promise.made_at)


def test_an_amended_hold_stays_a_hold() -> None:
    promise, held = made()

    decision = world().ask("3 X-100 d5", verb="amend", promise=promise.id, before=promise, standing=held)

    assert decision.expires_at == promise.expires_at


# --- refusals ---


@pytest.mark.parametrize(
    ("verb", "state", "more", "refusals"),
    [
        ("release", State.committed, {}, [Refusal.promise_is_not_a_hold]),
        ("commit", State.committed, {}, [Refusal.promise_is_not_a_hold]),
        ("hold", State.committed, {}, [Refusal.promise_is_not_a_hold]),
        ("cancel", State.held, {}, [Refusal.promise_is_not_a_commitment]),
        ("cancel", State.cancelled, {}, [Refusal.promise_is_not_open]),
        ("release", State.released, {}, [Refusal.promise_is_not_open]),
        ("cancel", State.fulfilled, {}, [Refusal.already_delivered]),
        ("release", State.expired, {}, [Refusal.hold_expired]),
        ("release", State.held, {"expires_at": NOW}, [Refusal.hold_expired]),  # at its end it is over
        ("hold", State.held, {"renewals": 3}, [Refusal.hold_renewed_too_often]),
    ],
)
def test_a_verb_needs_the_state_it_is_for(
    verb: str, state: State, more: dict[str, Any], refusals: list[Refusal]
) -> None:
    promise = msgspec.structs.replace(made()[0], state=state, **more)

    decision = world().ask(verb=verb, promise=promise.id, before=promise, standing=Held(), id="dec_2")

    assert list(decision.refusals) == refusals
    assert (decision.verdict, decision.promise) == (Verdict.cannot_promise, None)
    assert effects_of(decision, world().graph, world().book, Held()) is None


@pytest.mark.parametrize(
    ("lines", "verb"), [(("3 X-100 d5",), "amend"), ((), "commit"), ((), "hold"), ((), "release")]
)
def test_a_promise_that_was_changed_meanwhile_is_not_changed_unseen(
    lines: tuple[str, ...], verb: str
) -> None:
    promise, held = made()
    about = {"verb": verb, "promise": promise.id, "before": promise, "standing": held}

    seen = world().ask(*lines, **about, promise_version=promise.version)  # type: ignore[arg-type]
    other = world().ask(*lines, **about, promise_version=promise.version + 1)  # type: ignore[arg-type]

    assert Refusal.changed_meanwhile not in seen.refusals
    assert (other.refusals, other.promise) == ((Refusal.changed_meanwhile,), None)
    assert other.sentence == "Somebody else changed prm_1 meanwhile."


@pytest.mark.parametrize(("verb", "asks"), [("amend", ("3 X-100 d5",)), ("commit", ()), ("release", ())])
@pytest.mark.parametrize(
    ("whose", "named", "is_meant"),
    [
        ("northwind", "northwind", True),
        ("northwind", None, True),
        ("northwind", "orbit", False),
        (None, "orbit", False),
    ],
)
def test_a_promise_is_not_changed_in_another_customers_name(
    verb: str, asks: tuple[str, ...], whose: str | None, named: str | None, is_meant: bool
) -> None:
    promise, held = made()
    promise = msgspec.structs.replace(promise, customer=whose)
    about = {"verb": verb, "promise": promise.id, "before": promise, "standing": held, "customer": named}

    if is_meant:
        assert world().ask(*asks, **about).refusals == ()  # type: ignore[arg-type]
    else:
        with pytest.raises(InputError, match=r"prm_1 is .*, not orbit's\. Leave the customer out"):
            world().ask(*asks, **about)  # type: ignore[arg-type]


@pytest.mark.parametrize("verb", ["release", "cancel", "commit", "hold"])
def test_an_unknown_promise_is_refused(verb: str) -> None:
    decision = world().ask(verb=verb, promise="prm_9")

    assert (decision.refusals, decision.sentence) == (
        (Refusal.unknown_promise,),
        "There is no promise prm_9.",
    )


@pytest.mark.parametrize(
    ("seconds", "ends"),
    [(None, 2 * A_DAY), (600, 600_000_000), (0, 0)],
)
def test_an_amended_hold_lasts_as_long_as_it_did_or_as_is_said(seconds: int | None, ends: int) -> None:
    promise, held = made()

    decision = world().ask(
        "3 X-100 d5", verb="amend", promise=promise.id, before=promise, standing=held, hold_seconds=seconds
    )

    assert decision.expires_at == NOW + ends


def test_amending_a_commitment_makes_no_hold_of_it() -> None:
    promise, held = made("commit")

    decision = world().ask(
        "3 X-100 d5", verb="amend", promise=promise.id, before=promise, standing=held, hold_seconds=600
    )

    assert decision.expires_at is None


@pytest.mark.parametrize(("seconds", "refusals"), [(14 * 86_400, ()), (14 * 86_400 + 1, ("hold_too_long",))])
def test_no_hold_is_longer_than_the_policy_says(seconds: int, refusals: tuple[str, ...]) -> None:
    decision = world().ask("3 X-100 d5", verb="hold", hold_seconds=seconds)

    assert tuple(one.value for one in decision.refusals) == refusals


@pytest.mark.parametrize(("usual", "longest", "lasts"), [(600, 3_600, 600), (7_200, 3_600, 3_600)])
def test_a_hold_of_which_nobody_says_how_long_is_no_longer_than_any_may_be(
    usual: int, longest: int, lasts: int
) -> None:
    found = world()
    found.book = msgspec.structs.replace(
        found.book, rules=Rules(hold_seconds=usual, hold_seconds_max=longest)
    )

    decision = found.ask("3 X-100 d5", verb="hold")

    assert decision.expires_at == NOW + lasts * 1_000_000


@pytest.mark.parametrize(
    ("quantity", "verb", "begins_as", "refusals"),
    [
        (10, "amend", "hold", ()),
        (11, "amend", "hold", (Refusal.hold_too_large,)),
        (11, "hold", None, (Refusal.hold_too_large,)),
        (11, "amend", "commit", ()),  # it is no hold
    ],
)
def test_a_hold_is_no_larger_by_an_amendment_than_it_may_be_made(
    quantity: int, verb: str, begins_as: str | None, refusals: tuple[Refusal, ...]
) -> None:
    found = world()
    found.book = msgspec.structs.replace(found.book, rules=Rules(hold_quantity_max=10))
    about: dict[str, Any] = {}
    if begins_as is not None:
        promise, standing = made(begins_as)
        about = {"promise": promise.id, "before": promise, "standing": standing}

    assert found.ask(f"{quantity} X-100 d9", verb=verb, **about).refusals == refusals


@pytest.mark.parametrize(
    ("seconds", "renewed", "renewals"),
    [(None, 3, 3), (2 * A_DAY // 1_000_000, 3, 3), (2 * A_DAY // 1_000_000 + 1, 2, 3), (2 * A_DAY // 1_000_000 + 1, 3, None)],
)  # fmt: skip
def test_an_amendment_by_which_a_hold_lasts_longer_renews_it(
    seconds: int | None, renewed: int, renewals: int | None
) -> None:
    promise, held = made()
    promise = msgspec.structs.replace(promise, renewals=renewed)

    decision = world().ask(
        "3 X-100 d5", verb="amend", promise=promise.id, before=promise, standing=held, hold_seconds=seconds
    )
    after = promise_after(decision, promise, effects(decision, held), actor="ben") if renewals else None

    assert decision.refusals == (() if renewals else (Refusal.hold_renewed_too_often,))
    assert (after.renewals if after is not None else None) == renewals


@pytest.mark.parametrize(
    ("verb", "states", "fulfilled", "refusals"),
    [
        ("amend", (State.committed,), 1, ["already_delivered"]),  # a line of it is on its way
        ("amend", (State.committed,), 0, []),
        ("cancel", (State.committed,), 1, []),  # what is left of it
        ("cancel", (State.fulfilled,), 10, ["already_delivered"]),  # nothing is left
        ("cancel", (State.fulfilled, State.committed), 10, []),
        ("cancel", (State.superseded,), 0, []),
        ("cancel", (), 0, []),
    ],
)
def test_what_was_delivered_is_neither_amended_nor_cancelled(
    verb: str, states: tuple[State, ...], fulfilled: int, refusals: list[str]
) -> None:
    promise, held = made("commit")
    rows = tuple(
        msgspec.structs.replace(
            held.commitments[0], id=f"com_{n}", state=state, fulfilled=fulfilled if n == 0 else 0
        )
        for n, state in enumerate(states)
    )
    asks = ("3 X-100 d5",) if verb == "amend" else ()

    decision = world().ask(
        *asks,
        verb=verb,
        promise=promise.id,
        before=promise,
        standing=msgspec.structs.replace(held, commitments=rows),
    )

    assert [one.value for one in decision.refusals] == refusals


# --- what cannot be ---


def test_a_receipt_that_counts_whole_already_is_made_firm_as_it_is() -> None:
    promise, held = made()
    whole = tuple(msgspec.structs.replace(s, lot_quantity=0, lot_on=0) for s in held.supplies)
    standing = msgspec.structs.replace(held, supplies=whole)
    decision = world().ask(verb="commit", promise=promise.id, before=promise, standing=held, id="dec_2")

    changed = effects(decision, standing)

    assert [p.supply for p in changed.proposes] == [
        msgspec.structs.replace(s, expires_at=None) for s in whole
    ]


def test_only_what_is_held_is_made_firm() -> None:
    promise, held = made()
    firm = tuple(msgspec.structs.replace(d, expires_at=None) for d in held.draws)
    done = tuple(msgspec.structs.replace(c, state=State.fulfilled) for c in held.commitments)
    decision = world().ask(verb="commit", promise=promise.id, before=promise, standing=held, id="dec_2")

    changed = effects(decision, Held(firm, (), done, firm, ()))

    assert (changed.draws, changed.gives_back, changed.proposes, changed.resolves) == ((), (), (), ())


@pytest.mark.parametrize(
    ("lost", "words"),
    [
        ({"chosen": None}, "dec_1 promises prm_1 without an option"),
        ({"request": msgspec.structs.replace(World().request(verb="cancel"), promise="prm_1")}, "dec_1 changes prm_1 without knowing what it holds"),
    ],
)  # fmt: skip
def test_a_decision_that_says_too_little_changes_nothing(lost: dict[str, Any], words: str) -> None:
    decision = msgspec.structs.replace(world().ask("3 X-100 d5", verb="commit"), **lost)

    with pytest.raises(Fault, match=words):
        effects_of(decision, world().graph, world().book)


def test_a_promise_that_is_not_there_does_not_change() -> None:
    promise, held = made()
    decision = world().ask(verb="release", promise=promise.id, before=promise, standing=held)

    with pytest.raises(Fault, match="dec_1 changes prm_1, which is not there"):
        promise_after(decision, None, None, actor="anna")

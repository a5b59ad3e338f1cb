"""Who may let happen what somebody else asked for, when, and what happens then: rule by rule."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.promise.decide_world import NOW, World

from accord.ledger.model import LimitRecord, State
from accord.policy.model import (
    Actor,
    Answer,
    Counted,
    CumulativeLimit,
    Figures,
    Period,
    Right,
    Rights,
    Rules,
    Ruling,
    Subject,
)
from accord.policy.model import Verb as Act
from accord.promise.decide.approval import act_of, asked_of, refusals_of_approval, settled, state_of
from accord.promise.decide.asking import approved_until
from accord.promise.decide.case import Case
from accord.promise.decide.effects import effects_of, promise_after
from accord.promise.model import (
    Approval,
    ApprovalState,
    Decision,
    Line,
    Promise,
    Refusal,
    Request,
    Verb,
    Verdict,
)

HOUR = 3_600_000_000
RIGHTS = Rights(
    rights=(
        Right(id="hold", role="seller", verbs=(Act.hold,), then=Answer.allow, quantity_max=80),
        Right(id="small", role="seller", then=Answer.allow, quantity_max=50),
        Right(id="more", role="seller", then=Answer.ask, ask="boss"),
        Right(id="guest", role="guest", verbs=(Act.commit,), then=Answer.ask, ask="boss"),
        Right(id="all", role="boss", then=Answer.allow),
    ),
    actors=(
        Actor(id="sam", roles=("seller",)),
        Actor(id="sue", roles=("seller",)),
        Actor(id="sam at home", roles=("boss",), person="sam"),
        Actor(id="bea", roles=("boss",)),
        Actor(id="gus", roles=("guest",)),
    ),
)
ASKED = Request(
    id="r0", verb=Verb.commit, customer="northwind", lines=(Line(item="X-100", quantity=60, requested_on=1),),
    option="opt_1", digest="seen", asks_approval=True, note="please", hold_seconds=None,
)  # fmt: skip


def promise(**more: Any) -> Promise:
    given = {"id": "prm_1", "state": State.held, "customer": "northwind", "actor": "sam", "ref": "", "request": "r0",
             "decision": "dec_0", "lines": (), "made_at": NOW, "changed_at": NOW, **more}  # fmt: skip
    return Promise(**given)


def approval(**more: Any) -> Approval:
    given = {"id": "apr_1", "state": ApprovalState.pending, "request": ASKED, "customer": "northwind", "actor": "sam",
             "person": "sam", "role": "boss", "ruling": Ruling(answer=Answer.ask, ask="boss"), "figures": Figures(),
             "sentence": "s", "decision": "dec_0", "promise": "prm_1", "promise_version": 1, "asked_at": NOW - HOUR,
             "expires_at": NOW + HOUR, **more}  # fmt: skip
    return Approval(**given)


# --- where it stands ---


@pytest.mark.parametrize(
    ("more", "about", "state"),
    [
        ({}, promise(), "pending"),
        ({"expires_at": NOW + 1}, promise(), "pending"),
        ({"expires_at": NOW}, promise(), "expired"),
        (
            {"expires_at": NOW, "state": ApprovalState.approved},
            promise(),
            "approved",
        ),  # what is decided stays so
        ({"state": ApprovalState.declined}, None, "declined"),
        ({}, None, "void"),
        ({}, promise(version=2), "void"),
        ({}, promise(state=State.released), "void"),
        ({}, promise(state=State.committed), "pending"),
        ({"promise": None, "promise_version": None}, None, "pending"),  # it is about no promise yet
    ],
)
def test_an_approval_ends_with_its_time_and_with_what_it_is_about(
    more: dict[str, Any], about: Promise | None, state: str
) -> None:
    assert state_of(approval(**more), about, NOW).value == state


# --- who may give it ---


@pytest.mark.parametrize(
    ("actor", "verb", "more", "refusal"),
    [
        ("bea", Verb.approve, {}, None),
        ("sue", Verb.approve, {}, "not_allowed"),  # another seller is no boss
        ("sam", Verb.approve, {}, "approver_is_requester"),
        ("sam at home", Verb.approve, {}, "approver_is_requester"),  # the same person
        ("bea", Verb.approve, {"actor": "bea", "person": "bea"}, "approver_is_requester"),
        ("bea", Verb.approve, {"role": "chief"}, "not_allowed"),
        ("bea", Verb.decline, {}, None),
        ("sam", Verb.decline, {}, None),  # whoever asked may take it back
        ("sam at home", Verb.decline, {}, None),
        ("sue", Verb.decline, {}, "not_allowed"),
        ("bea", Verb.approve, {"state": ApprovalState.approved}, "approval_is_not_open"),
        ("bea", Verb.approve, {"state": ApprovalState.declined}, "approval_is_not_open"),
        ("bea", Verb.approve, {"expires_at": NOW}, "approval_expired"),
        ("bea", Verb.approve, {"promise_version": 7}, "changed_since_asked"),
    ],
)
def test_another_person_in_the_role_that_was_asked_gives_it(
    actor: str, verb: Verb, more: dict[str, Any], refusal: str | None
) -> None:
    found = refusals_of_approval(
        Request(id="r1", verb=verb, approval="apr_1"), approval(**more), promise(), RIGHTS, actor, NOW
    )

    assert [one.value for one in found] == ([] if refusal is None else [refusal])


def test_whoever_made_or_amended_the_promise_does_not_approve_a_change_of_it() -> None:
    approve = Request(id="r1", verb=Verb.approve, approval="apr_1")

    for about in (promise(actor="bea"), promise(changed_by=("bea",))):
        assert refusals_of_approval(approve, approval(), about, RIGHTS, "bea", NOW) == [
            Refusal.approver_is_requester
        ]
    free = approval(promise=None, promise_version=None)
    assert refusals_of_approval(approve, free, None, RIGHTS, "bea", NOW) == []


def test_without_rights_nobody_has_the_role_and_an_approval_nobody_knows_is_refused() -> None:
    approve = Request(id="r1", verb=Verb.approve, approval="apr_1")

    assert refusals_of_approval(approve, approval(), promise(), None, "bea", NOW) == [Refusal.not_allowed]
    assert refusals_of_approval(approve, None, None, RIGHTS, "bea", NOW) == [Refusal.unknown_approval]


# --- what it lets happen ---


def test_what_keeps_the_supply_is_committed_or_let_go() -> None:
    kept = approval(keeps=True, request=msgspec.structs.replace(ASKED, hold_seconds=60))

    assert act_of(kept, Request(id="r1", verb=Verb.approve)) == Request(
        id="r1", verb=Verb.commit, promise="prm_1", customer="northwind", hold_seconds=60
    )
    assert act_of(kept, Request(id="r1", verb=Verb.decline)) == Request(
        id="r1", verb=Verb.release, promise="prm_1"
    )


def test_declining_a_change_lets_nothing_go() -> None:
    change = approval(keeps=False)
    assert change.promise == "prm_1"

    assert act_of(change, Request(id="r1", verb=Verb.decline)) == Request(id="r1", verb=Verb.release)


def test_what_nothing_was_kept_for_is_decided_anew_with_the_very_same_option() -> None:
    act = act_of(approval(), Request(id="r1", verb=Verb.approve))

    assert act == Request(id="r1", verb=Verb.commit, customer="northwind", lines=ASKED.lines, option="opt_1")


def decision(verb: Verb, **more: Any) -> Decision:
    given = {"id": "dec_1", "request": Request(id="r1", verb=verb, note="no"), "now": NOW, "today": 1,
             "graph_version": 1, "policy_version": 1, "engine_version": "1", "verdict": Verdict.done, "sentence": "s",
             **more}  # fmt: skip
    return Decision(**given)


@pytest.mark.parametrize(
    ("verb", "made", "state", "about"),
    [
        (Verb.approve, "prm_2", ApprovalState.approved, "prm_2"),
        (Verb.approve, None, ApprovalState.approved, "prm_1"),
        (Verb.decline, None, ApprovalState.declined, "prm_1"),
    ],
)
def test_once_decided_it_says_by_whom_when_and_why(
    verb: Verb, made: str | None, state: ApprovalState, about: str
) -> None:
    after = settled(approval(), decision(verb, promise=made), actor="bea")

    assert (after.state, after.promise, after.decided_by, after.decided_at) == (state, about, "bea", NOW)
    assert (after.note, after.version) == ("no", 2)


@pytest.mark.parametrize(
    ("keeps", "before", "about", "version"),
    [
        (True, None, "prm_9", 1),  # the hold made for it
        (False, promise(version=4), "prm_1", 4),
        (False, None, None, None),
    ],
)
def test_it_is_bound_to_the_promise_that_keeps_the_supply_or_that_it_changes(
    keeps: bool, before: Promise | None, about: str | None, version: int | None
) -> None:
    request = Request(id="r1", verb=Verb.amend, promise="prm_1" if before else None, note="please")
    made = asked_of(
        decision(Verb.amend, request=request, promise="prm_9"),
        Ruling(answer=Answer.ask, ask="boss"),
        Figures(days_late=3),
        before=before,
        keeps=keeps,
        customer="northwind",
        actor="sam",
        person="sam",
        expires_at=NOW + HOUR,
    )

    assert (made.promise, made.promise_version, made.keeps) == (about, version, keeps)
    assert (made.state, made.role, made.request, made.note) == (
        ApprovalState.pending,
        "boss",
        request,
        "please",
    )
    assert (made.asked_at, made.expires_at, made.version) == (NOW, NOW + HOUR, 1)


# --- what asking for it does ---


def asked(
    *asks: str, actor: str = "sam", rules: Rules | None = None, rights: Rights = RIGHTS, **more: Any
) -> Decision:
    world = World(stock={"X-100": "+100 now"}, rules=rules, rights=rights)
    return world.ask(*asks, actor=actor, asks_approval=True, **{"verb": "commit", **more})


KEPT = "It is kept until then."


@pytest.mark.parametrize(
    ("ask", "actor", "more", "kept", "words"),
    [
        ("60 X-100 d4", "sam", {}, True, KEPT),
        ("81 X-100 d4", "sam", {}, False, "It is not kept meanwhile: no right of the one who asks lets it be held."),
        ("60 X-100 d4", "gus", {}, False, "It is not kept meanwhile: no right of the one who asks lets it be held."),
        ("60 X-100 d4", "sam", {"rules": Rules(hold_seconds_max=24 * 3600)}, True, KEPT),
        ("60 X-100 d4", "sam", {"rules": Rules(hold_seconds_max=24 * 3600 - 1)}, False, "It is not kept meanwhile: the policy's holds are shorter."),
        ("60 X-100 d4", "sam", {"rules": Rules(hold_quantity_max=60)}, True, KEPT),
        ("60 X-100 d4", "sam", {"rules": Rules(hold_quantity_max=59)}, False, "It is not kept meanwhile: it is more than may be held."),
        ("60 X-100 d4", "sam", {"verb": "ask"}, False, "What was promised before stands as it is until then."),
    ],
)  # fmt: skip
def test_the_supply_is_kept_meanwhile_where_it_may_be_held(
    ask: str, actor: str, more: dict[str, Any], kept: bool, words: str
) -> None:
    found = asked(ask, actor=actor, **more)

    assert found.verdict is Verdict.needs_approval
    assert found.approval is not None
    assert found.act is not None
    assert found.act.option == found.options[0].id
    assert found.sentence.endswith(f" Asked: boss, until 2027-03-02 09:00 UTC. {words}")
    assert (found.promise, found.chosen) == (("prm_1", 0) if kept else (None, None))
    assert found.expires_at == (NOW + 24 * HOUR if kept else None)
    assert found.refusals == (Refusal.approval_needed,)


def test_keeping_it_counts_against_the_limits_of_whoever_asks() -> None:
    week = CumulativeLimit(
        id="week", of=Counted.quantity, over=Subject.customer, period=Period.week, most=70, then=Answer.deny
    )
    key = "limit:week:customer=northwind:2027-W09"
    world = World(
        LimitRecord(id="week", most=70),
        stock={"X-100": "+100 now"},
        used={key: "-10 d0"},
        rights=msgspec.structs.replace(RIGHTS, limits=(week,)),
    )

    found = world.ask("60 X-100 d4", verb="commit", actor="sam", asks_approval=True)

    assert [(take.key, take.quantity) for take in found.limits] == [(key, 60)]


def test_where_nobody_could_approve_any_option_none_is_asked_for() -> None:
    found = asked("101 X-100 d4")

    assert (found.approval, found.verdict) == (None, Verdict.cannot_promise)


@pytest.mark.parametrize(
    ("before", "ends"),
    [
        (None, 24),
        (promise(expires_at=NOW + 2 * HOUR), 2),
        (promise(expires_at=NOW + 90 * HOUR), 24),
        (promise(), 24),
    ],
)
def test_an_approval_ends_no_later_than_the_hold_it_is_about(before: Promise | None, ends: int) -> None:
    world = World()
    request = world.request("1 X-100 d4")
    case = Case(request, world.trial(request), world.graph, world.book, NOW, before)

    assert approved_until(case, before) == NOW + ends * HOUR


def test_an_approval_is_asked_for_a_change_only_where_somebody_could_give_it() -> None:
    world = World(
        stock={"X-100": "+100 now"},
        rights=Rights(
            rights=(Right(id="no", role="seller", verbs=(Act.cancel,), then=Answer.deny),),
            actors=RIGHTS.actors,
        ),
    )

    found = world.ask(
        verb="cancel", promise="prm_1", before=promise(state=State.committed), actor="sam", asks_approval=True
    )

    assert (found.verdict, found.approval, found.refusals) == (
        Verdict.cannot_promise,
        None,
        (Refusal.not_allowed,),
    )


@pytest.mark.parametrize(("ref", "name"), [("SO 7", "SO 7"), ("", "prm_1")])
def test_what_was_promised_stands_while_somebody_decides_about_its_end(ref: str, name: str) -> None:
    before = promise(state=State.committed, figures=Figures(), ref=ref)
    world = World(
        rights=Rights(
            rights=(Right(id="ends", role="seller", then=Answer.ask, ask="boss"), Right(id="all", role="boss", then=Answer.allow)),
            actors=RIGHTS.actors,
        )
    )  # fmt: skip

    found = world.ask(verb="cancel", promise="prm_1", before=before, actor="sam", asks_approval=True)

    assert (found.verdict, found.promise) == (Verdict.needs_approval, None)
    assert found.approval is not None
    assert found.sentence.endswith(
        f"Asked: boss, until 2027-03-02 09:00 UTC. {name} stands as it is until then."
    )
    # Who only looks what would be answered asks nobody.
    looked = world.ask(verb="cancel", promise="prm_1", before=before, actor="sam", asks_approval=True, id="")
    assert (looked.refusals, looked.approval, looked.act) == ((Refusal.approval_needed,), None, None)


# --- given and declined ---


def test_an_approval_that_nothing_was_kept_for_and_is_declined_changes_nothing() -> None:
    free = approval(promise=None, promise_version=None)
    world = World(stock={"X-100": "+100 now"}, rights=RIGHTS)

    found = world.ask(verb="decline", approval=free, actor="bea")

    assert (found.verdict, found.sentence, found.promise) == (Verdict.done, "It is declined.", None)
    assert (found.approval_version, found.act) == (1, Request(id="r1", verb=Verb.release))
    assert found.refusals == ()


def test_an_approval_that_may_not_be_given_is_refused_with_the_reason() -> None:
    world = World(stock={"X-100": "+100 now"}, rights=RIGHTS)

    found = world.ask(verb="approve", approval=approval(), before=promise(), actor="sue")

    assert (found.verdict, found.refusals, found.act) == (
        Verdict.cannot_promise,
        (Refusal.not_allowed,),
        None,
    )


def test_what_is_approved_is_decided_anew_on_the_authority_of_the_approver() -> None:
    world = World(stock={"X-100": "+100 now"}, rights=RIGHTS)
    option = world.ask("90 X-100 d4", actor="sam").options[0]
    free = approval(
        promise=None,
        promise_version=None,
        request=world.request("90 X-100 d4", verb="commit", option=option.id, asks_approval=True),
    )

    found = world.ask(
        "90 X-100 d4", verb="approve", approval=free, actor="bea"
    )  # the lines only say which keys the trial has

    assert found.verdict is Verdict.yes
    assert (found.promise, found.chosen) == ("prm_1", 0)
    assert found.ruling is not None
    assert (found.ruling.answer, found.ruling.role, found.ruling.by) == (Answer.allow, "boss", "all")

    effects = effects_of(found, world.graph, world.book)
    made = promise_after(found, None, effects, actor="bea", asker="sam")
    assert made is not None
    assert (made.state, made.actor, made.approved_by, made.request) == (State.committed, "sam", "bea", "r1")

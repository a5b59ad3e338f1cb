"""Every way we could think of to get more than the rights give, each tried through the service. All of them fail.

A seller holds up to 60 and commits up to 50 of an item at once, and 70 a day and customer together; a manager approves 90.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from tests.promise.rights_company import MANAGER, RIGHTS, SELLER, Desk, tell

from accord.db.engine import Database
from accord.exceptions.model import MasterStated, OpeningLine
from accord.exceptions.service import supply_changed
from accord.ledger.model import Allocation
from accord.policy import service as policy
from accord.policy.model import Answer, Counted, CumulativeLimit, Edition, Period, Rights, Subject, Tier
from accord.policy.model import Verb as Act
from accord.promise import service
from accord.promise.model import ApprovalState, Decision, Line, Refusal, Request, Verb, Verdict

HOUR, DAY = 3_600, 86_400


@pytest.fixture
def db_url(sqlite_url: str) -> str:
    """Who may do what is the same on either engine; the race below is on PostgreSQL."""
    return sqlite_url


@pytest.fixture
def desk(db: Database, noon: Callable[[int], None]) -> Desk:
    return Desk(db, tell(db))


def limited(**more: object) -> Rights:
    """The rights with another limit instead of theirs."""
    given = {"id": "l", "of": Counted.quantity, "over": Subject.customer, "period": Period.day, "most": 70, "then": Answer.ask,
             "ask": MANAGER, "role": SELLER, **more}  # fmt: skip
    return msgspec.structs.replace(RIGHTS, limits=(CumulativeLimit(**given),))  # type: ignore[arg-type]


def state(desk: Desk, rights: Rights) -> None:
    policy.put(desk.db, [rights], actor="boss", id="other rights")


def said(decision: Decision) -> str:
    """ "done", or the refusals."""
    return " ".join(decision.refusals) or ("done" if decision.promise else "nothing")


def done(decision: Decision) -> str:
    """The id of the promise that was made."""
    assert not decision.refusals, decision.refusals
    assert decision.promise is not None
    return decision.promise


# --- more at once than one may ---


def test_several_requests_come_to_one(desk: Desk) -> None:
    said_of = [said(desk.do("sam", Verb.commit, quantity)) for quantity in (50, 20, 1)]

    assert said_of == ["done", "done", "approval_needed"]


def test_another_seller_counts_for_the_same_customer_and_another_customer_does_not(desk: Desk) -> None:
    done(desk.do("sam", Verb.commit, 50))
    done(desk.do("sue", Verb.commit, 20))

    assert said(desk.do("sue", Verb.commit, 1)) == "approval_needed"
    assert said(desk.do("sam at home", Verb.commit, 1)) == "approval_needed"
    assert said(desk.do("sue", Verb.commit, 20, customer="C2")) == "done"


def test_several_lines_come_to_one(desk: Desk) -> None:
    lines = tuple(Line(item="X-100", quantity=30, requested_on=desk.today + ahead) for ahead in (3, 4))
    request = Request(id="two lines", verb=Verb.commit, customer="C1", lines=lines)

    decision = service.promise_one(desk.db, request, actor="sam")

    assert decision.refusals[0] is Refusal.approval_needed
    assert decision.options[0].ruling is not None
    assert "seller-commit: 60 of one item is 10 above 50" in decision.options[0].ruling.because


def test_a_batch_comes_to_one(desk: Desk) -> None:
    line = Line(item="X-100", quantity=40, requested_on=desk.today + 3)
    wanted = [Request(id=f"b{n}", verb=Verb.commit, customer="C1", lines=(line,)) for n in range(3)]

    answers = service.promise(desk.db, wanted, actor="sam")

    assert [said(answer) for answer in answers if isinstance(answer, Decision)] == [
        "done",
        "approval_needed",
        "approval_needed",
    ]


def test_a_little_more_each_time_comes_to_one(desk: Desk) -> None:
    first, second = done(desk.do("sam", Verb.commit, 40)), done(desk.do("sam", Verb.commit, 20))

    steps = [said(desk.do("sam", Verb.amend, 20 + n, promise=second)) for n in (5, 10, 11)]

    assert steps == ["done", "done", "approval_needed"]
    assert said(desk.do("sam", Verb.amend, 41, promise=first)) == "approval_needed"
    assert said(desk.do("sam", Verb.amend, 51, promise=first)) == "approval_needed"


def test_what_is_held_and_then_committed_counts_once(desk: Desk) -> None:
    hold = done(desk.do("sam", Verb.hold, 45))
    assert said(desk.do("sam", Verb.hold, 26)) == "approval_needed"

    done(desk.do("sam", Verb.commit, promise=hold))

    assert said(desk.do("sam", Verb.commit, 26)) == "approval_needed"
    assert said(desk.do("sam", Verb.commit, 25)) == "done"


def test_what_may_be_held_may_not_be_committed_for_that(desk: Desk) -> None:
    hold = done(desk.do("sam", Verb.hold, 60))

    assert said(desk.do("sam", Verb.commit, promise=hold)) == "approval_needed"
    assert said(desk.do("sam", Verb.amend, 55, promise=hold)) == "approval_needed"


def test_what_was_kept_for_an_approval_is_not_committed_without_it(desk: Desk) -> None:
    asked = desk.do("sam", Verb.commit, 55, asks_approval=True)

    assert said(desk.do("sam", Verb.commit, promise=asked.promise)) == "approval_needed"
    assert said(desk.do("sue", Verb.commit, promise=asked.promise)) == "approval_needed"


def test_what_is_amended_counts_where_a_limit_counts_amendments(desk: Desk) -> None:
    state(desk, limited(verbs=(Act.amend,), most=30, then=Answer.deny, ask=""))
    held = done(desk.do("sam", Verb.hold, 5))
    firm = [done(desk.do("sam", Verb.commit, 5)) for _ in range(2)]

    done(desk.do("sam", Verb.amend, 15, promise=held))
    done(desk.do("sam", Verb.commit, promise=held))  # does not give back what the amendment took
    steps = [said(desk.do("sam", Verb.amend, 15, promise=promise)) for promise in firm]

    assert steps == ["done", "not_allowed"]
    assert service.verify(desk.db).findings == ()
    assert all(one.same for one in service.replay_all(desk.db))


def test_an_amendment_counts_once_in_a_limit_of_all_that_is_done(desk: Desk) -> None:
    state(desk, limited(verbs=(Act.hold, Act.commit, Act.amend), most=40))
    promise = done(desk.do("sam", Verb.commit, 5))

    given = desk.do("sam", Verb.amend, 40, promise=promise)

    assert [take.quantity for take in given.limits] == [40]


def test_a_trial_of_the_same_rights_says_what_was_said(desk: Desk) -> None:
    for quantity in (55, 15, 10):
        asked = desk.do("sam", Verb.commit, quantity, asks_approval=True)
        if asked.approval is not None:
            done(desk.do("mia", Verb.approve, approval=asked.approval))
    with desk.db.read() as tx:
        now = tx.now()

    tried = service.try_policy(desk.db, Edition(id="", rights=RIGHTS), now - DAY * 1_000_000, now + 1)

    assert [one.tried.past.was.value for one in tried.rows] == ["ask", "allow", "ask"]
    assert [one.tried.ruling.answer.value for one in tried.rows] == ["ask", "allow", "ask"]


# --- what gives back ---


def test_what_is_cancelled_released_or_over_gives_back(desk: Desk, noon: Callable[[int], None]) -> None:
    ways = []
    for verb, end in ((Verb.commit, Verb.cancel), (Verb.hold, Verb.release), (Verb.hold, None)):
        promise = done(desk.do("sam", verb, 50, hold_seconds=HOUR if verb is Verb.hold else None))
        before = said(desk.do("sam", Verb.commit, 21))
        if end is None:
            noon(HOUR)
        else:
            done(desk.do("sam", end, promise=promise))
        again = desk.do("sam", Verb.commit, 21)
        ways.append((before, said(again)))
        desk.do("sam", Verb.cancel, promise=again.promise)

    assert ways == [("approval_needed", "done")] * 3


@pytest.mark.parametrize("who", ["sam", "mia"])
def test_what_was_approved_below_the_floor_is_ended_like_anything_else(desk: Desk, who: str) -> None:
    kept, given = (desk.do("sam", Verb.commit, 10, price=1_400, asks_approval=True) for _ in range(2))
    firm = done(desk.do("mia", Verb.approve, approval=given.approval))

    assert said(desk.do(who, Verb.release, promise=kept.promise)) == "done"
    assert said(desk.do(who, Verb.cancel, promise=firm)) == "done"


def test_cancelling_makes_no_more_room_than_was_taken(desk: Desk) -> None:
    for _again in range(3):
        done(desk.do("sam", Verb.cancel, promise=done(desk.do("sam", Verb.commit, 50))))

    assert said(desk.do("sam", Verb.commit, 50)) == "done"
    assert said(desk.do("sam", Verb.commit, 21)) == "approval_needed"


# --- what is approved counts, too ---


def test_what_is_approved_leaves_less_to_do_without_asking(desk: Desk) -> None:
    asked = desk.do("sam", Verb.commit, 55, asks_approval=True)
    done(desk.do("mia", Verb.approve, approval=asked.approval))

    assert said(desk.do("sam", Verb.commit, 16)) == "approval_needed"
    assert said(desk.do("sam", Verb.commit, 15)) == "done"


def test_an_approval_goes_beyond_the_limit_that_asks_for_it_and_leaves_nothing(desk: Desk) -> None:
    done(desk.do("sam", Verb.commit, 50))
    asked = desk.do("sam", Verb.commit, 30, asks_approval=True)
    given = desk.do("mia", Verb.approve, approval=asked.approval)

    assert [take.quantity for take in given.limits] == [20]
    assert said(desk.do("sam", Verb.commit, 1)) == "approval_needed"
    assert all(one.same for one in service.replay_all(desk.db))
    assert service.verify(desk.db).findings == ()


def test_a_limit_that_denies_is_not_approved_away(desk: Desk) -> None:
    state(desk, limited(then=Answer.deny, ask="", most=80))
    asked = [desk.do("sam", Verb.commit, 55, asks_approval=True) for _ in range(2)]

    assert (asked[0].verdict, asked[1].approval) == (Verdict.needs_approval, None)
    assert said(asked[1]) == "not_allowed not_by_then"
    assert said(desk.do("mia", Verb.approve, approval=asked[0].approval)) == "done"
    assert said(desk.do("sam", Verb.commit, 26)) == "not_allowed"


def test_a_limit_of_every_role_may_be_approved_beyond_by_whom_it_asks(desk: Desk) -> None:
    state(desk, limited(role="*", ask="director", most=60))
    done(desk.do("sam", Verb.commit, 50))
    asked = desk.do("sam", Verb.commit, 20, asks_approval=True)

    assert asked.ruling is not None
    assert asked.ruling.ask == "director"
    assert said(desk.do("mia", Verb.approve, approval=asked.approval)) == "not_allowed"
    assert said(desk.do("dan", Verb.approve, approval=asked.approval)) == "done"


def test_who_approves_has_limits_of_his_own_and_beyond_them_the_next_one_is_asked(desk: Desk) -> None:
    state(desk, limited(role=MANAGER, ask="director", most=60))
    first, second = (
        desk.do("sam", Verb.commit, quantity, price=1_400, asks_approval=True) for quantity in (40, 30)
    )
    done(desk.do("mia", Verb.approve, approval=first.approval))
    assert said(desk.do("max", Verb.approve, approval=second.approval)) == "approval_needed"

    third = desk.do("sam", Verb.commit, 21, price=1_400, asks_approval=True)

    assert [one.ruling.ask for one in (first, second, third) if one.ruling is not None] == [
        MANAGER,
        MANAGER,
        "director",
    ]
    assert said(desk.do("dan", Verb.approve, approval=third.approval)) == "done"


# --- the period ---


@pytest.mark.parametrize(("zone", "said_of"), [("Europe/Oslo", "done"), ("UTC", "approval_needed")])
def test_a_day_begins_where_the_rights_say(
    db: Database, noon: Callable[[int], None], zone: str, said_of: str
) -> None:
    desk = Desk(db, tell(db, msgspec.structs.replace(RIGHTS, zone=zone)))
    done(desk.do("sam", Verb.commit, 50))
    noon(9 * HOUR + HOUR // 2)
    assert said(desk.do("sam", Verb.commit, 21)) == "approval_needed"  # 21:30 UTC: still today there
    noon(2 * HOUR)

    assert said(desk.do("sam", Verb.commit, 21)) == said_of  # 23:30 UTC: tomorrow in Oslo


def test_a_hold_counts_in_the_period_in_which_it_is_committed(
    desk: Desk, noon: Callable[[int], None]
) -> None:
    hold = done(desk.do("sam", Verb.hold, 50, hold_seconds=2 * DAY))
    noon(DAY)
    done(desk.do("sam", Verb.commit, 30))

    assert said(desk.do("sam", Verb.commit, promise=hold)) == "approval_needed"


# --- whose word it is ---


def test_who_amended_it_does_not_approve_it_for_whoever_asks(desk: Desk) -> None:
    hold = done(desk.do("sam", Verb.hold, 40))
    done(desk.do("mia", Verb.amend, 80, promise=hold))
    asked = desk.do("sam", Verb.commit, promise=hold, asks_approval=True)

    assert said(desk.do("mia", Verb.approve, approval=asked.approval)) == "approver_is_requester"
    assert said(desk.do("max", Verb.approve, approval=asked.approval)) == "done"


def test_who_made_it_does_not_approve_it_for_whoever_asks(desk: Desk) -> None:
    hold = done(desk.do("mia", Verb.hold, 80))
    asked = desk.do("sam", Verb.commit, promise=hold, asks_approval=True)

    assert said(desk.do("mia", Verb.approve, approval=asked.approval)) == "approver_is_requester"


def test_who_asked_stays_who_he_was_whatever_the_rights_say_by_now(desk: Desk) -> None:
    asked = desk.do("sam at home", Verb.commit, 55, asks_approval=True)
    strangers = tuple(msgspec.structs.replace(one, person="") for one in RIGHTS.actors)
    state(
        desk,
        msgspec.structs.replace(
            RIGHTS, actors=(*strangers[:3], msgspec.structs.replace(strangers[3], id="sam"), *strangers[4:])
        ),
    )

    assert said(desk.do("sam", Verb.approve, approval=asked.approval)) == "approver_is_requester"


def test_what_was_made_by_an_approval_is_its_askers(desk: Desk) -> None:
    state(desk, limited(then=Answer.deny, ask="", verbs=(), most=0, over=Subject.customer, tiers=("none",)))
    asked = desk.do("sam", Verb.commit, 70, asks_approval=True)  # more than may be held meanwhile
    assert asked.promise is None
    given = desk.do("mia", Verb.approve, approval=asked.approval)

    kept = service.promise_of(desk.db, done(given)).promise
    assert (kept.actor, kept.approved_by) == ("sam", "mia")


def test_two_who_approve_at_once_do_it_once(desk: Desk) -> None:
    asked = desk.do("sam", Verb.commit, 70, asks_approval=True)

    given = [desk.do(who, Verb.approve, approval=asked.approval) for who in ("mia", "max")]

    assert [said(one) for one in given] == ["done", "approval_is_not_open"]
    assert service.verify(desk.db).findings == ()


# --- what it is bound to ---


@pytest.mark.parametrize(
    "edit",
    [
        {"quantity": 54},
        {"quantity": 55, "price": 1_900},
        {"quantity": 55, "ahead": 4},
    ],
)
def test_another_quantity_price_or_day_is_not_what_was_asked(desk: Desk, edit: dict[str, int]) -> None:
    hold = done(desk.do("sam", Verb.hold, 55))
    asked = desk.do("sam", Verb.commit, promise=hold, asks_approval=True)
    done(desk.do("mia", Verb.amend, edit.pop("quantity"), promise=hold, **edit))  # type: ignore[arg-type]

    given = desk.do("max", Verb.approve, approval=asked.approval)

    assert said(given) == "changed_since_asked"
    assert service.approval(desk.db, asked.approval or "").state is ApprovalState.void


def test_who_declines_a_change_leaves_what_was_promised_before(desk: Desk) -> None:
    hold = done(desk.do("sam", Verb.hold, 10))
    firm = done(desk.do("sue", Verb.commit, 10))
    asked = [
        desk.do("sam", Verb.amend, 55, price=1_400, promise=hold, asks_approval=True),
        desk.do("sue", Verb.amend, 55, price=1_400, promise=firm, asks_approval=True),
    ]

    given = [desk.do("mia", Verb.decline, approval=one.approval) for one in asked]

    assert [said(one) for one in given] == ["nothing", "nothing"]
    assert [service.approval(desk.db, one.approval or "").state for one in asked] == [
        ApprovalState.declined
    ] * 2
    stand = [service.promise_of(desk.db, id) for id in (hold, firm)]
    assert [(one.state.value, one.promise.version) for one in stand] == [("held", 1), ("committed", 1)]
    assert service.verify(desk.db).findings == ()


def test_after_its_time_nobody_gives_it(desk: Desk, noon: Callable[[int], None]) -> None:
    asked = desk.do("sam", Verb.commit, 55, asks_approval=True)
    noon(DAY)

    assert said(desk.do("mia", Verb.approve, approval=asked.approval)) == "approval_expired"
    assert service.approval(desk.db, asked.approval or "").state is ApprovalState.expired
    assert said(desk.do("sue", Verb.commit, 50)) == "done"  # what was kept is free again


def test_what_is_no_longer_there_is_decided_again(desk: Desk) -> None:
    asked = desk.do("sam", Verb.commit, 70, asks_approval=True)  # not kept: more than a seller may hold
    done(desk.do("dan", Verb.commit, 90))

    given = desk.do("mia", Verb.approve, approval=asked.approval)

    assert Refusal.option_is_gone in given.refusals or given.promise is None
    assert service.verify(desk.db).findings == ()


def test_approved_once_is_not_approved_for_what_comes_of_it(desk: Desk) -> None:
    asked = desk.do("sam", Verb.commit, 55, asks_approval=True)
    promise = done(desk.do("mia", Verb.approve, approval=asked.approval))

    assert said(desk.do("sam", Verb.amend, 56, promise=promise)) == "approval_needed"
    assert said(desk.do("sam", Verb.amend, 55, ahead=4, promise=promise)) == "approval_needed"
    assert said(desk.do("sam", Verb.amend, 50, promise=promise)) == "done"


def test_an_old_promise_is_amended_by_the_rights_of_today(desk: Desk) -> None:
    promise = done(desk.do("sam", Verb.commit, 50))
    small = tuple(
        msgspec.structs.replace(row, quantity_max=10) if row.id == "seller-commit" else row
        for row in RIGHTS.rights
    )
    state(desk, msgspec.structs.replace(RIGHTS, rights=small))

    assert said(desk.do("sam", Verb.amend, 49, promise=promise)) == "approval_needed"
    assert said(desk.do("sam", Verb.amend, 10, promise=promise)) == "done"


def test_a_hold_that_is_approved_needs_no_renewal(db: Database, noon: Callable[[int], None]) -> None:
    desk = Desk(db, tell(db, hold_renewals_max=0))
    asked = desk.do("sam", Verb.hold, 20, price=1_400, asks_approval=True)

    assert said(desk.do("mia", Verb.approve, approval=asked.approval)) == "done"


def test_an_order_promised_elsewhere_is_amended_by_the_rights(desk: Desk) -> None:
    opening = OpeningLine(
        customer="C1",
        item="X-100",
        site="Halden",
        quantity=90,
        requested_on=desk.today + 3,
        promised_on=desk.today + 3,
        ref="SO 1",
    )
    supply_changed(desk.db, [opening], actor="erp", id="openings")
    promise = service.promise_of(desk.db, "SO 1").promise.id

    assert said(desk.do("sam", Verb.amend, 80, promise=promise)) == "approval_needed"
    assert said(desk.do("sam", Verb.amend, 40, promise=promise)) == "done"


# --- a lower tier's share ---


def test_a_lower_tiers_share_is_lent_by_a_second_person_alone(desk: Desk) -> None:
    span = {"item": "X-100", "site": "Halden", "from_on": desk.today, "until_on": desk.today + 30}
    shares = [
        Allocation(id=tier, path=(f"tier:{tier}",), rank=rank, quantity=quantity, **span)  # type: ignore[arg-type]
        for tier, rank, quantity in (("A", 1, 10), ("B", 2, 70))
    ]
    supply_changed(desk.db, [MasterStated(record=one) for one in shares], actor="erp", id="shares")
    policy.put(desk.db, [Tier(id="B", rank=2)], actor="crm", id="tier")

    plain = desk.do("sam", Verb.commit, 40)
    asked = desk.do("sam", Verb.commit, 40, asks_approval=True)
    by_manager = desk.do("mia", Verb.approve, approval=asked.approval)
    own = desk.do("dan", Verb.commit, 40)
    by_director = desk.do("dan", Verb.approve, approval=asked.approval)

    assert [option.kind for option in plain.options if option.in_full_on_time] == ["borrow"]
    assert said(plain).startswith("approval_needed")
    assert asked.ruling is not None
    assert (asked.ruling.ask, asked.promise) == ("director", None)  # what is borrowed is not kept meanwhile
    assert said(by_manager) == "not_allowed"
    assert said(own).startswith("approval_needed")  # the director lends, but not to himself
    assert said(by_director) == "done"
    assert service.verify(desk.db).findings == ()
    assert all(one.same for one in service.replay_all(desk.db))


def test_who_asked_may_have_another_role_by_now(desk: Desk) -> None:
    rights = limited(over=Subject.actor)
    state(desk, rights)
    asked = desk.do("sam", Verb.commit, 70, asks_approval=True)
    trainee = msgspec.structs.replace(rights.actors[0], roles=("trainee",))
    policy.put(
        desk.db,
        [msgspec.structs.replace(rights, actors=(trainee, *rights.actors[1:]))],
        actor="boss",
        id="trainee",
    )

    given = desk.do("mia", Verb.approve, approval=asked.approval)

    assert said(given) == "done"
    assert {take.key.split(":")[2] for take in given.limits} == {"actor=sam"}
    assert all(one.same for one in service.replay_all(desk.db))


@pytest.mark.parametrize(
    ("over", "who", "said_of"),
    [
        (Subject.actor, "sam at home", "approval_needed"),  # another key of the same person
        (Subject.actor, "sue", "done"),
        (Subject.team, "sue", "approval_needed"),
        (Subject.team, "sam at home", "approval_needed"),  # in the team of the person behind it
        (Subject.customer, "sue", "approval_needed"),
    ],
)
def test_another_key_is_the_same_person_and_a_team_is_one(
    desk: Desk, over: Subject, who: str, said_of: str
) -> None:
    state(desk, limited(over=over))
    done(desk.do("sam", Verb.commit, 50))

    assert said(desk.do(who, Verb.commit, 21)) == said_of

"""The life of a promise, through the service, on both databases."""

from __future__ import annotations

import gc
from collections.abc import Callable

import msgspec
import pytest

from accord.db.engine import Database
from accord.db.tx import Tx
from accord.exceptions.model import Counted, MasterStated, ReceiptStated, Shipped
from accord.exceptions.service import open_exceptions, supply_changed
from accord.kit.errors import InputError, RequestChanged
from accord.ledger.model import (
    Input,
    Item,
    Lane,
    Load,
    Operation,
    Resource,
    Site,
    State,
    Step,
    Supplier,
    SupplyKind,
    Term,
    node_key,
)
from accord.ledger.service import reads
from accord.ledger.service.books import Book
from accord.policy import service as policy
from accord.policy.model import Customer, Tier
from accord.promise import service
from accord.promise.model import Decision, Line, Refusal, Request, Verb, Verdict
from accord.promise.service.batch import _Batch

pytestmark = pytest.mark.usefixtures("noon")

RECORDS = (
    Item(id="pump", name="Pump", cost_minor=1000, planner="Petra"),
    Item(id="motor", name="Motor", cost_minor=300),
    Site(id="Halden", name="Halden"),
    Site(id="Lyon", name="Lyon"),
    Resource(id="line", name="Line", site="Halden"),
    Operation(
        id="make", item="pump", site="Halden", inputs=(Input(item="motor", quantity=1),),
        steps=(Step(loads=(Load(resource="line"),), run_seconds=600),), lot_min=10,
    ),
    Lane(id="truck", item="pump", origin="Halden", destination="Lyon", transit_days=2),
    Supplier(id="brenner", name="Brenner"),
    Term(id="buy", item="motor", site="Halden", supplier="brenner", lead_days=5),
)  # fmt: skip


@pytest.fixture
def today(db: Database) -> int:
    """Pumps made of motors at Halden, moved to Lyon; today's day there."""
    supply_changed(db, [MasterStated(record=record) for record in RECORDS], actor="erp", id="masters")
    policy.put(
        db, [Customer(id="nw", name="Northwind", tier="A"), Tier(id="A", rank=1)], actor="crm", id="terms"
    )
    with db.read() as tx:
        return reads.node(tx, "pump", "Halden").today


def stock(db: Database, quantity: int, *, item: str = "pump", as_of: int = 1, site: str = "Halden") -> None:
    news = Counted(item=item, site=site, quantity=quantity, as_of=as_of)
    supply_changed(db, [news], actor="erp", id=f"count {item} {site} {as_of}")


def request(
    id: str, verb: str = "commit", *lines: tuple[int, int], site: str | None = "Halden", **more: object
) -> Request:
    return Request(
        id=id,
        verb=Verb(verb),
        customer=more.pop("customer", "nw"),  # type: ignore[arg-type]
        lines=tuple(Line(item="pump", quantity=q, requested_on=on, site=site) for q, on in lines),
        **more,  # type: ignore[arg-type]
    )


def do(db: Database, *requests: Request) -> list[Decision]:
    answers = service.promise(db, requests, actor="sales")
    for answer in answers:
        if not isinstance(answer, Decision):
            raise answer
    return answers  # type: ignore[return-value]


def atp(db: Database, on: int, item: str = "pump", site: str = "Halden") -> int:
    with db.read() as tx:
        return reads.available(tx, item, site, on)


def state(db: Database, promise: str | None) -> State:
    return service.promise_of(db, promise or "").state


def sound(db: Database) -> None:
    assert service.verify(db).findings == ()
    assert [r for r in service.replay_all(db) if not r.same] == []


def test_asking_changes_nothing(db: Database, today: int) -> None:
    stock(db, 10)

    first, second = do(db, request("", "ask", (8, today)), request("", "ask", (8, today)))

    assert first == msgspec.structs.replace(second, now=first.now)
    assert len(first.snapshot) == 64
    assert first.verdict is Verdict.yes
    assert atp(db, today) == 10
    sound(db)


def test_two_share_what_there_is(db: Database, today: int) -> None:
    stock(db, 10)

    a, b = do(db, request("a", "commit", (7, today)), request("b", "commit", (7, today)))

    assert (a.verdict, a.chosen) == (Verdict.yes, 0)
    assert b.chosen is None
    assert b.promise is None
    assert Refusal.not_by_then in b.refusals
    assert atp(db, today) == 3
    sound(db)


def test_a_retry_gets_the_stored_answer_and_other_terms_are_an_error(db: Database, today: int) -> None:
    stock(db, 10)
    [first] = do(db, request("a", "commit", (7, today)))

    assert do(db, request("a", "commit", (7, today))) == [first]
    with pytest.raises(RequestChanged):
        do(db, request("a", "commit", (6, today)))
    assert atp(db, today) == 3
    again = do(db, request("b", "commit", (1, today)), request("b", "commit", (1, today)))
    assert again[0] == again[1]
    assert atp(db, today) == 2
    sound(db)


def test_a_hold_keeps_and_expires_by_the_stores_clock(
    db: Database, today: int, noon: Callable[[int], None]
) -> None:
    stock(db, 10)
    [held] = do(db, request("h", "hold", (7, today), hold_seconds=3_600))
    assert atp(db, today) == 3
    assert state(db, held.promise) is State.held

    noon(3_601)
    [other] = do(db, request("c", "commit", (9, today)))

    assert other.verdict is Verdict.yes
    assert state(db, held.promise) is State.expired
    [refused] = do(db, request("x", "commit", promise=held.promise))
    assert refused.refusals[0] is Refusal.hold_expired
    assert refused.promise is None
    sound(db)


def test_a_hold_is_hardened_renewed_and_released(db: Database, today: int) -> None:
    stock(db, 10)
    a, b = do(db, request("a", "hold", (4, today)), request("b", "hold", (4, today)))

    [renewed] = do(db, request("r", "hold", promise=a.promise, hold_seconds=7_200))
    [committed] = do(db, request("c", "commit", promise=a.promise))
    [released] = do(db, request("d", "release", promise=b.promise))

    assert renewed.expires_at is not None
    assert committed.verdict is Verdict.yes
    assert released.verdict is Verdict.done
    assert state(db, a.promise) is State.committed
    assert state(db, b.promise) is State.released
    assert atp(db, today) == 6
    sound(db)


def test_an_amended_promise_does_not_compete_with_itself_and_keeps_its_first_date(
    db: Database, today: int
) -> None:
    stock(db, 10)
    [made] = do(db, request("a", "commit", (8, today)))

    [amended] = do(db, request("b", "amend", (10, today + 3), promise=made.promise))

    assert amended.verdict is Verdict.yes
    seen = service.promise_of(db, made.promise or "")
    assert [(c.quantity, c.ship_on) for c in seen.commitments if c.state is State.committed] == [
        (10, today + 3)
    ]
    assert (seen.promise.lines[0].first_promised_on, seen.promise.lines[0].promised_on) == (today, today + 3)
    assert atp(db, today) == 0
    [refused] = do(db, request("c", "amend", (11, today), promise=made.promise))
    assert refused.promise is None
    assert service.promise_of(db, made.promise or "").promise.lines[0].quantity == 10
    sound(db)


def test_what_is_made_draws_components_and_minutes_and_a_cancel_frees_them(db: Database, today: int) -> None:
    stock(db, 30, item="motor")

    [made] = do(db, request("a", "commit", (12, today + 20)))

    assert made.verdict is Verdict.yes
    assert [m.source for m in made.options[0].makes] == ["make:make"]
    assert atp(db, today, "motor") == 18
    assert atp(db, today + 30) == 0
    sound(db)

    do(db, request("b", "cancel", promise=made.promise))

    assert atp(db, today, "motor") == 30
    with db.read() as tx:
        assert reads.node(tx, "pump", "Halden").supplies == ()
    sound(db)


def test_the_surplus_of_a_cancelled_lot_stays_while_somebody_draws_on_it(db: Database, today: int) -> None:
    stock(db, 30, item="motor")
    [made] = do(db, request("a", "commit", (4, today + 20)))  # a lot of ten
    [other] = do(db, request("b", "commit", (6, today + 20)))
    assert other.options[0].makes == ()

    do(db, request("c", "cancel", promise=made.promise))

    assert atp(db, today, "motor") == 20
    sound(db)
    do(db, request("d", "cancel", promise=other.promise))
    while service.tidy(db):
        pass
    assert atp(db, today, "motor") == 30
    sound(db)


def test_a_hold_on_something_made_is_hardened_with_its_whole_lot(db: Database, today: int) -> None:
    stock(db, 30, item="motor")
    [held] = do(db, request("a", "hold", (4, today + 20)))
    assert atp(db, today + 40) == 0

    do(db, request("b", "commit", promise=held.promise))

    assert atp(db, today + 40) == 6
    sound(db)


def test_a_hold_that_broke_is_not_hardened(db: Database, today: int) -> None:
    stock(db, 10)
    [held] = do(db, request("a", "hold", (8, today)))
    stock(db, 5, as_of=2)

    [refused] = do(db, request("b", "commit", promise=held.promise))

    assert refused.refusals[0] is Refusal.supply_short
    assert refused.promise is None
    assert state(db, held.promise) is State.held
    sound(db)


def test_moved_and_bought_several_levels_down(db: Database, today: int) -> None:
    [made] = do(db, request("a", "commit", (12, today + 40), site="Lyon"))

    assert made.verdict is Verdict.yes
    assert [m.source.split(":")[0] for m in made.options[0].makes] == ["buy", "make", "move"]
    sound(db)


def test_a_slip_of_a_component_reaches_the_promise_two_levels_up_and_a_cancel_closes_it(
    db: Database, today: int
) -> None:
    stock(db, 12, item="motor")
    [made] = do(db, request("a", "commit", (12, today + 20), site="Lyon"))
    assert open_exceptions(db)[0] == []

    stock(db, 11, item="motor", as_of=2)

    [exception] = open_exceptions(db)[0]
    assert exception.key == node_key("pump", "Lyon")
    sound(db)
    do(db, request("b", "cancel", promise=made.promise))
    assert open_exceptions(db)[0] == []
    sound(db)


def test_a_shipped_promise_is_fulfilled_and_cannot_be_cancelled(db: Database, today: int) -> None:
    stock(db, 10)
    [made] = do(db, request("a", "commit", (8, today)))
    [commitment] = service.promise_of(db, made.promise or "").commitments
    supply_changed(db, [Shipped(commitment=commitment.id, quantity=8, at=2)], actor="erp", id="ship")

    assert state(db, made.promise) is State.fulfilled
    [refused] = do(db, request("b", "cancel", promise=made.promise))
    assert Refusal.already_delivered in refused.refusals
    sound(db)


def test_a_receipt_that_cites_the_proposed_one_takes_its_place(db: Database, today: int) -> None:
    stock(db, 30, item="motor")
    [made] = do(db, request("a", "commit", (12, today + 20)))
    with db.read() as tx:
        [proposed] = reads.node(tx, "pump", "Halden").supplies
    news = ReceiptStated(
        item="pump",
        site="Halden",
        id="MO7",
        kind=SupplyKind.production,
        quantity=12,
        due_on=proposed.on,
        ref="MO 7",
        cites=proposed.id,
    )

    told = supply_changed(db, [msgspec.structs.replace(news, id="MO8", cites=None)], actor="erp", id="n1")
    assert "looks like the proposed receipt" in told.ignored[0]
    supply_changed(db, [news], actor="erp", id="n2")

    with db.read() as tx:
        [row] = reads.node(tx, "pump", "Halden").supplies
    assert (row.id, row.ref, row.quantity) == ("MO7", "MO 7", 12)
    assert atp(db, today, "motor") == 18
    assert open_exceptions(db)[0] == []
    sound(db)
    do(db, request("b", "cancel", promise=made.promise))
    while service.tidy(db):
        pass
    sound(db)
    # It is under way, whoever wanted it: what it brings is there for others, what it takes is not.
    assert (atp(db, today + 20), atp(db, today, "motor")) == (12, 18)

    again = supply_changed(db, [msgspec.structs.replace(news, quantity=0)], actor="erp", id="stopped")
    assert (again.ignored, atp(db, today + 20), atp(db, today, "motor")) == ((), 0, 30)
    sound(db)


def test_what_cannot_be_meant_is_an_error_and_leaves_its_id_free(db: Database, today: int) -> None:
    with pytest.raises(InputError):
        do(db, request("a", "commit", (0, today)))
    stock(db, 10)

    assert do(db, request("a", "commit", (1, today)))[0].verdict is Verdict.yes


@pytest.mark.parametrize(
    ("line", "refusal"),
    [
        ({"item": "pmup"}, Refusal.unknown_item),
        ({"site": "Hladen"}, Refusal.unknown_site),
        ({"requested_on": -5}, Refusal.day_in_the_past),
        ({"requested_on": 400}, Refusal.beyond_horizon),
    ],
)
def test_a_business_no_is_a_refusal_and_is_stored(
    db: Database, today: int, line: dict[str, object], refusal: Refusal
) -> None:
    whole = {"item": "pump", "quantity": 1, "site": "Halden", "requested_on": 0, **line}
    asked = Line(**{**whole, "requested_on": today + int(str(whole["requested_on"]))})  # type: ignore[arg-type]

    [decision] = do(db, Request(id="a", verb=Verb.commit, customer="nw", lines=(asked,)))

    assert decision.refusals[0] is refusal
    assert decision.promise is None
    assert do(db, Request(id="a", verb=Verb.commit, customer="nw", lines=(asked,))) == [decision]
    sound(db)


def test_a_promise_that_is_not_there_is_refused(db: Database, today: int) -> None:
    [decision] = do(db, Request(id="a", verb=Verb.cancel, promise="prm_none"))

    assert decision.refusals == (Refusal.unknown_promise,)


def test_one_spoiled_request_does_not_spoil_its_neighbours(
    db: Database, today: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from accord.kit.errors import Fault
    from accord.promise.service import deciding

    stock(db, 10)
    real = deciding.decide

    def poisoned(request: Request, *args: object, **more: object) -> Decision:
        if request.id == "b":
            raise Fault("poison")
        return real(request, *args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(deciding, "decide", poisoned)

    a, b, c = service.promise(db, [request(id, "commit", (3, today)) for id in "abc"], actor="sales")

    assert isinstance(a, Decision)
    assert isinstance(b, Fault)
    assert isinstance(c, Decision)
    assert atp(db, today) == 4
    monkeypatch.undo()
    assert do(db, request("b", "commit", (3, today)))[0].verdict is Verdict.yes  # nothing was stored for it
    sound(db)


def test_the_desk_answers_from_stock_and_by_making_in_its_two_lanes(db: Database, today: int) -> None:
    stock(db, 10)
    stock(db, 50, item="motor")
    desk = service.desk(db)

    futures = [desk.submit([request(f"r{n}", "commit", (5, today + 20))], "sales") for n in range(6)]
    answers = [future.result(timeout=30)[0] for future in futures]

    kinds = sorted(a.options[0].kind for a in answers if isinstance(a, Decision))
    assert kinds == ["full", "full", "full", "full", "make", "make"]
    quick, slow = desk.counters()
    assert quick.jobs == 6
    assert slow.jobs >= 2
    desk.close()
    sound(db)


def test_a_batch_ends_at_its_decide_time_budget_and_the_rest_keeps_its_place(
    db: Database, today: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from accord.promise.service import batch

    stock(db, 10)
    monkeypatch.setattr(batch, "BUDGET_SECONDS", 0.0)

    answers = do(db, *(request(f"r{n}", "commit", (4, today)) for n in range(4)))

    assert [a.chosen for a in answers] == [0, 0, None, None]
    sound(db)


@pytest.mark.parametrize(("patience", "transactions"), [(1, 8), (10**9, 1)])
def test_a_transaction_decides_as_long_as_its_caller_is_patient(
    db: Database, today: int, monkeypatch: pytest.MonkeyPatch, patience: int, transactions: int
) -> None:
    from accord.promise.service import batch

    stock(db, 10)
    monkeypatch.setattr(batch, "BUDGET_SECONDS", 1e-7)
    real, done = batch._transacted, []
    monkeypatch.setattr(batch, "_transacted", lambda *args: done.append(len(args[1])) or real(*args))

    wanted = [request(f"r{n}", "commit", (1, today)) for n in range(8)]
    answers = service.promise(db, wanted, actor="sales", patience=patience)

    assert [a.chosen for a in answers if isinstance(a, Decision)] == [0] * 8
    assert len(done) == transactions
    sound(db)


def test_what_a_promise_makes_too_much_relieves_what_was_short_before_it(db: Database, today: int) -> None:
    """A transfer under way lacks three pumps at its origin; the surplus of a new promise's lot covers it."""
    from accord.exceptions.model import Component

    stock(db, 4)
    stock(db, 50, item="motor")
    under_way = ReceiptStated(
        item="pump", site="Lyon", id="TO1", kind=SupplyKind.transfer, quantity=7, due_on=today + 32,
        components=(Component(key=node_key("pump", "Halden"), on=today + 30, quantity=7),),
    )  # fmt: skip
    supply_changed(db, [under_way], actor="erp", id="to")
    assert atp(db, today + 40, site="Lyon") == 0  # doubtful

    do(db, request("a", "commit", (2, today + 30)))  # a lot of ten for what is short

    assert atp(db, today + 40, site="Lyon") == 7
    sound(db)


def test_what_takes_a_condition_is_committed_only_by_name(db: Database, today: int) -> None:
    """The customer takes substitutes, but somebody has to say which way it goes."""
    from accord.ledger.model import Substitute

    other = [Item(id="pump-b", name="Pump B"), Substitute(id="s", item="pump", other="pump-b")]
    supply_changed(db, [MasterStated(record=r) for r in other], actor="erp", id="more")
    stock(db, 5)
    stock(db, 20, item="pump-b")
    asked = request("a", "commit", (8, today + 1), may_substitute=True)

    [open_choice] = do(db, asked)

    assert (open_choice.verdict, open_choice.chosen) == (Verdict.yes_but, None)
    assert open_choice.refusals == (Refusal.choice_needed,)
    substitute = next(o for o in open_choice.options if o.kind == "substitute")
    [taken] = do(db, msgspec.structs.replace(asked, id="b", option=substitute.id, digest=open_choice.digest))
    assert taken.promise is not None
    assert atp(db, today + 1, "pump-b") == 12
    sound(db)


def test_a_replay_notices_a_changed_row_although_the_answer_would_be_the_same(
    db: Database, today: int
) -> None:
    stock(db, 10)
    do(db, request("a", "commit", (2, today)), request("b", "commit", (2, today)))
    assert all(r.same for r in service.replay_all(db))

    with db.write() as tx:
        # One draw that the second decision saw, still leaving more than enough for it.
        tx.execute("UPDATE ledger_draw SET quantity = 3 WHERE id = (SELECT min(id) FROM ledger_draw)")

    assert not all(r.same for r in service.replay_all(db))


def test_a_batch_leaves_nothing_that_waits_for_the_collector(db: Database, today: int) -> None:
    # A server looks for garbage after a hundred thousand new objects: a batch must go by itself when it ends.
    gc.collect()
    gc.disable()
    try:
        service.promise(db, [request(f"r{n}", "commit", (1, today + 20)) for n in range(8)], actor="sales")
        left = [type(one).__name__ for one in gc.get_objects() if type(one) in (Book, Tx, _Batch)]
    finally:
        gc.enable()

    assert left == []

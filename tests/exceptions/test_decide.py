"""What a piece of news does to the rows it touches, and what is said where it is not applied; in words where it can be."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
from msgspec import structs

from accord.exceptions.decide import Opening, apply_news, check, reach_of, unknown_names
from accord.exceptions.model import (
    Component,
    Counted,
    DayRolled,
    MasterStated,
    News,
    OpeningLine,
    ReceiptArrived,
    ReceiptStated,
    Shipped,
)
from accord.kit.calendars import weekdays
from accord.kit.errors import InputError
from accord.ledger.decide.graph import Graph
from accord.ledger.decide.sheet import Sheet
from accord.ledger.model import (
    Allocation,
    CalendarRecord,
    Commitment,
    Draw,
    Item,
    Movement,
    Profile,
    Resource,
    Site,
    State,
    Supplier,
    Supply,
    SupplyKind,
    Why,
    node_key,
)

DAY, NOW = 1_000, 5_000
A_DAY = 86_400_000_000
PUMP, MOTOR = node_key("pump", "Halden"), node_key("motor", "Halden")
THERE = node_key("pump", "Lyon")
LINE = "resource:line"
GRAPH = Graph(
    1,
    [
        Item(id="pump", name="Pump"),
        Item(id="motor", name="Motor"),
        Site(id="Halden", name="Halden"),
        CalendarRecord(id="week", calendar=weekdays(480)),
        Resource(id="line", name="Line", site="Halden", calendar="week"),
        Resource(id="crew", name="Crew", site="Halden"),
        Supplier(id="acme", name="Acme", calendar="week"),
        Supplier(id="bolt", name="Bolt"),
    ],
)


def counted(quantity: int = 10, **more: object) -> Counted:
    return Counted(**{"item": "pump", "site": "Halden", "quantity": quantity, "as_of": NOW, **more})  # type: ignore[arg-type]


def receipt(quantity: int = 10, **more: object) -> ReceiptStated:
    given = {"item": "pump", "site": "Halden", "id": "PO1", "kind": SupplyKind.purchase, "quantity": quantity,
             "due_on": DAY + 5, "ref": "PO 1", **more}  # fmt: skip
    return ReceiptStated(**given)  # type: ignore[arg-type]


def arrived(quantity: int = 10, **more: object) -> ReceiptArrived:
    given = {"item": "pump", "site": "Halden", "id": "PO1", "quantity": quantity, "at": NOW, **more}
    return ReceiptArrived(**given)  # type: ignore[arg-type]


def opening(quantity: int = 10, **more: object) -> OpeningLine:
    given = {"customer": "C", "item": "pump", "site": "Halden", "quantity": quantity, "requested_on": DAY + 3,
             "promised_on": DAY + 4, "ref": "SO1", **more}  # fmt: skip
    return OpeningLine(**given)  # type: ignore[arg-type]


def shipped(quantity: int = 10, **more: object) -> Shipped:
    return Shipped(**{"commitment": "com_1", "quantity": quantity, "at": NOW, **more})  # type: ignore[arg-type]


def supply(id: str, quantity: int, *, key: str = PUMP, on: int = DAY + 5, **more: object) -> Supply:
    return Supply(
        **{"key": key, "id": id, "kind": SupplyKind.purchase, "quantity": quantity, "on": on, **more}
    )  # type: ignore[arg-type]


def on_hand(quantity: int, *, key: str = PUMP, lot: str | None = None, **more: object) -> Supply:
    return supply(
        f"on_hand:available:{lot or ''}", quantity, key=key, on=0, kind=SupplyKind.on_hand, lot=lot, **more
    )


def commitment(quantity: int = 10, **more: object) -> Commitment:
    given = {"key": PUMP, "id": "com_1", "promise": "prm_1", "line": 0, "item": "pump", "site": "Halden",
             "quantity": quantity, "ship_on": DAY, "deliver_on": DAY, "state": State.committed, **more}  # fmt: skip
    return Commitment(**given)  # type: ignore[arg-type]


def draw(id: str, quantity: int, *, key: str = PUMP, **more: object) -> Draw:
    return Draw(
        **{"key": key, "id": id, "owner": id, "promise": None, "on": DAY, "quantity": quantity, **more}
    )  # type: ignore[arg-type]


class Ledger:
    """The sheets of a small company, and what was said."""

    def __init__(self, *rows: Supply | Draw | Commitment) -> None:
        self.sheets = {
            key: Sheet(
                Profile(key=key),
                [r for r in rows if isinstance(r, Supply) and r.key == key],
                [r for r in rows if isinstance(r, Draw) and r.key == key],
                [r for r in rows if isinstance(r, Commitment) and r.key == key],
            )
            for key in (LINE, MOTOR, PUMP, THERE)
        }
        self.ignored: list[str] = []

    def tell(self, *news: News, movements: tuple[Movement, ...] = ()) -> list[Opening]:
        return apply_news(
            news, self.sheets, lambda _key: DAY, {PUMP: movements}, self.ignored, now=NOW, cause="cau_1"
        )

    def supplies(self, key: str = PUMP) -> dict[str, int]:
        return {row.id: row.quantity for row in self.sheets[key].supplies.values()}

    def draws(self, key: str = PUMP) -> dict[str, int]:
        return {row.id: row.quantity for row in self.sheets[key].draws.values()}

    def moved(self, key: str = PUMP) -> list[tuple[str, int]]:
        return [(row.id, row.quantity) for row in self.sheets[key].movements]


# --- what cannot be meant ---


@pytest.mark.parametrize(
    ("one", "errors"),
    [
        (counted(0), []),
        (counted(10**12), []),
        (counted(-1), [("/0/quantity", "out_of_range", "quantity is from 0 to 1000000000000 base units, not -1; state what is meant.")]),
        (counted(10**12 + 1), [("/0/quantity", "out_of_range", "quantity is from 0 to 1000000000000 base units, not 1000000000001; state what is meant.")]),
        (receipt(0), []),  # it ends the receipt
        (shipped(1), []),
        (shipped(0), [("/0/quantity", "zero", "Nothing moved: state the quantity, more than 0.")]),
        (arrived(0), [("/0/quantity", "zero", "Nothing moved: state the quantity, more than 0.")]),
        (opening(0), [("/0/quantity", "zero", "Nothing moved: state the quantity, more than 0.")]),
        (receipt(components=(Component(key=LINE, on=DAY, quantity=1), Component(key=LINE, on=DAY, quantity=10**12))), []),
        (receipt(components=(Component(key=LINE, on=DAY, quantity=1), Component(key=LINE, on=DAY, quantity=0))),
         [("/0/components/1/quantity", "out_of_range", "A component's quantity is more than 0; leave it out otherwise.")]),
        (receipt(components=(Component(key=LINE, on=DAY, quantity=10**12 + 1),)),
         [("/0/components/0/quantity", "out_of_range", "A component's quantity is more than 0; leave it out otherwise.")]),
        (DayRolled(site="Halden"), []),
    ],
)  # fmt: skip
def test_a_quantity_that_cannot_be_meant_is_named(one: News, errors: list[tuple[str, str, str]]) -> None:
    with pytest.raises(InputError) if errors else nullcontext() as error:
        check([one])

    found = error.value.errors if error else ()
    assert [(wrong.pointer, wrong.code, wrong.detail) for wrong in found] == errors


def test_every_piece_of_news_that_cannot_be_meant_is_named() -> None:
    with pytest.raises(InputError) as error:
        check([counted(-1), counted(1), shipped(0)])

    assert [one.pointer for one in error.value.errors] == ["/0/quantity", "/2/quantity"]
    assert str(error.value) == error.value.errors[0].detail


def test_an_item_or_site_that_master_data_does_not_have_is_named() -> None:
    found = unknown_names([counted(), counted(item="pipe"), receipt(site="Oslo"), shipped()], GRAPH)

    assert [(one.pointer, one.code, one.detail) for one in found] == [
        ("/1/item", "unknown_item", "There is no item pipe; state it as master data first."),
        ("/2/site", "unknown_site", "There is no site Oslo; state it as master data first."),
    ]


# --- what it touches ---


@pytest.mark.parametrize(
    ("one", "keys"),
    [
        (counted(), [PUMP]),
        (receipt(), [PUMP, "node:of PO1"]),
        (receipt(cites="rcp_1"), [PUMP, "node:of PO1", "node:of rcp_1"]),
        (receipt(id="PO2", components=(Component(key=LINE, on=DAY, quantity=1),)), [PUMP, LINE]),
        (arrived(), [PUMP, "node:of PO1"]),
        (arrived(id="PO2"), [PUMP]),
        (opening(), [PUMP]),
        (shipped(), [MOTOR]),
        (DayRolled(site="Halden"), []),
        (MasterStated(record=Item(id="pump", name="Pump")), []),
        (MasterStated(record=Resource(id="line", name="Line", site="Halden")), [LINE, "overtime:line"]),
        (MasterStated(record=Supplier(id="acme", name="Acme")), ["supplier:acme"]),
        (MasterStated(record=Allocation(id="a", item="pump", site="Halden", path=(), rank=0, quantity=1, from_on=1, until_on=2, release_on=2)), ["allocation:a"]),
        (MasterStated(record=CalendarRecord(id="week", calendar=weekdays(1))), ["overtime:line", LINE, "supplier:acme"]),
        (MasterStated(ends=("resource", "line")), [LINE, "overtime:line"]),
        (MasterStated(ends=("supplier", "acme")), ["supplier:acme"]),
        (MasterStated(ends=("allocation", "a")), ["allocation:a"]),
        (MasterStated(ends=("item", "pump")), []),
        (MasterStated(), []),
    ],
)  # fmt: skip
def test_news_touches_the_keys_it_speaks_of(one: News, keys: list[str]) -> None:
    now = {"PO1": ("node:of PO1",), "rcp_1": ("node:of rcp_1",)}

    found = reach_of([one], GRAPH, {"com_1": MOTOR}, now)

    assert found.keys == tuple(sorted(keys))
    assert found.counts == (((PUMP, NOW),) if isinstance(one, Counted) else ())


def test_a_shipment_for_a_commitment_that_is_not_there_is_an_error() -> None:
    with pytest.raises(InputError, match="There is no commitment com_1; check its id") as error:
        reach_of([shipped()], GRAPH, {}, {})

    assert [(one.pointer, one.code) for one in error.value.errors] == [("/commitment", "unknown_commitment")]


@pytest.mark.parametrize(
    ("key", "known"),
    [
        (MOTOR, True), (LINE, True), ("overtime:line", True), ("supplier:acme", True),
        ("nonsense", False), ("node:motor", False), ("node:motor@Lyon", False), ("node:ghost@Halden", False), ("node:a@b@c", False),
        ("resource:ghost", False), ("supplier:ghost", False), ("allocation:a", False), ("limit:a:b:c", False),
    ],
)  # fmt: skip
def test_a_receipt_takes_only_of_what_master_data_has(key: str, known: bool) -> None:
    errors = unknown_names([receipt(components=(Component(key=key, on=DAY, quantity=1),))], GRAPH)

    assert [(e.pointer, e.code) for e in errors] == [] if known else [("/0/components/0/key", "unknown_key")]


def test_what_is_ended_is_touched_also_where_something_is_stated_with_it() -> None:
    both = MasterStated(record=Supplier(id="bolt", name="Bolt"), ends=("resource", "line"))

    assert reach_of([both], GRAPH, {}, {}).keys == ("overtime:line", "resource:line", "supplier:bolt")


# --- counts ---


@pytest.mark.parametrize(
    ("after", "left"),
    [
        ([], 10),
        ([(NOW + 1, -3, None)], 7),  # it left after the count
        ([(NOW, -3, None)], 10),  # it is inside the count
        ([(NOW + 1, -3, "L1")], 10),  # of another lot
        ([(NOW + 1, -30, None)], 0),  # no less than nothing
    ],
)
def test_a_count_is_brought_up_to_date_by_what_moved_after_it(
    after: list[tuple[int, int, str | None]], left: int
) -> None:
    ledger = Ledger()

    ledger.tell(
        counted(),
        movements=tuple(Movement(key=PUMP, id="m", at=at, quantity=q, lot=lot) for at, q, lot in after),
    )

    assert ledger.supplies() == {"on_hand:available:": left}


def test_what_is_told_with_a_count_is_inside_or_outside_it_by_its_moment_alone() -> None:
    inside, outside = Ledger(commitment(), draw("com_1", 10)), Ledger(commitment(), draw("com_1", 10))

    inside.tell(counted(20, as_of=NOW - 1), shipped(4, at=NOW - 1))
    outside.tell(counted(20, as_of=NOW - 1), shipped(4, at=NOW))

    assert inside.supplies() == {"on_hand:available:": 20}
    assert outside.supplies() == {"on_hand:available:": 16}


@pytest.mark.parametrize(("said", "left"), [((5, 5), 20), ((5, 6), 16), ((7, 5), 20), ((-1, 7), 16)])
def test_what_is_said_to_be_of_a_moment_to_come_is_of_now_in_the_order_of_what_was_said(
    said: tuple[int, int], left: int
) -> None:
    ledger = Ledger(commitment(), draw("com_1", 10))
    counted_at, left_at = said

    ledger.tell(counted(20, as_of=NOW + counted_at), shipped(4, at=NOW + left_at))

    assert ledger.supplies() == {"on_hand:available:": left}
    assert max(row.as_of for row in ledger.sheets[PUMP].supplies.values()) <= NOW
    assert max(row.at for row in ledger.sheets[PUMP].movements) <= NOW


@pytest.mark.parametrize(
    "one", [counted(as_of=NOW + A_DAY + 1), shipped(at=NOW + A_DAY + 1), arrived(at=NOW + A_DAY + 1)]
)
def test_nothing_happened_more_than_a_day_from_now(one: News) -> None:
    ledger = Ledger(commitment(), draw("com_1", 10), supply("PO1", 10))

    with pytest.raises(InputError) as error:
        ledger.tell(counted(), one)

    assert [(e.pointer, e.code) for e in error.value.errors] == [("/1", "in_the_future")]


LOTS = (
    on_hand(20, lot="old", expires_on=DAY + 6, as_of=NOW - 9),
    on_hand(20, lot="new", expires_on=DAY + 25, as_of=NOW - 9),
)


def test_a_count_of_a_lot_that_comes_late_loses_what_left_of_the_lot_without_naming_it() -> None:
    ledger = Ledger(*LOTS, commitment(30), draw("com_1", 30))

    ledger.tell(shipped(25, at=NOW - 1))
    assert ledger.supplies() == {"on_hand:available:old": 0, "on_hand:available:new": 15}
    assert [(m.id, m.lot, m.quantity) for m in ledger.sheets[PUMP].movements] == [
        ("cau_1:0", "old", -20), ("cau_1:0/1", "new", -5)
    ]  # fmt: skip

    ledger.tell(counted(20, as_of=NOW - 5, lot="old", expires_on=DAY + 6))
    ledger.tell(counted(22, as_of=NOW - 5, lot="new", expires_on=DAY + 25))
    assert ledger.supplies() == {"on_hand:available:old": 0, "on_hand:available:new": 17}


@pytest.mark.parametrize(
    ("rows", "left", "said"),
    [
        ((on_hand(20, as_of=NOW - 9),), {"on_hand:available:": 16}, False),  # it was counted without its lot
        ((on_hand(20, as_of=NOW),), {"on_hand:available:": 20}, False),  # … after it had left
        (LOTS, {"on_hand:available:old": 20, "on_hand:available:new": 20}, True),  # nobody counted it
    ],
)
def test_what_left_of_a_lot_that_nobody_counted_by_itself_is_not_there_any_more(
    rows: tuple[Supply, ...], left: dict[str, int], said: bool
) -> None:
    ledger = Ledger(*rows, commitment(), draw("com_1", 10))

    ledger.tell(shipped(4, at=NOW - 1, lot="L7"))

    assert (ledger.supplies(), bool(ledger.ignored)) == (left, said)


def test_an_older_count_is_not_applied_and_it_is_said() -> None:
    ledger = Ledger(on_hand(7, as_of=NOW, sequence=2))

    ledger.tell(counted(9, sequence=1), counted(8, as_of=NOW - 1, sequence=3))

    assert ledger.supplies() == {"on_hand:available:": 7}
    assert (
        ledger.ignored
        == [f"A later count of {PUMP} is already known; this one, of an earlier moment, was not applied."] * 2
    )


# --- receipts ---


def test_a_receipt_is_expected_as_it_was_stated() -> None:
    ledger = Ledger()

    ledger.tell(receipt(released=False, lot="L1", expires_on=DAY + 90))

    assert ledger.sheets[PUMP].supplies["PO1"] == supply(
        "PO1", 10, due_on=DAY + 5, released=False, ref="PO 1", lot="L1", expires_on=DAY + 90
    )


def test_a_receipt_of_nothing_ends_it_and_what_it_drew() -> None:
    ledger = Ledger(supply("PO1", 10), draw("PO1:0", 30, key=LINE, owner="PO1", feeds=PUMP))

    ledger.tell(receipt(0))

    assert (ledger.supplies(), ledger.draws(LINE), ledger.ignored) == ({}, {}, [])


def test_a_receipt_draws_what_it_is_said_to_need_and_no_longer_what_it_was() -> None:
    ledger = Ledger(supply("PO1", 10), draw("PO1:0", 30, key=LINE, owner="PO1", feeds=PUMP))

    ledger.tell(
        receipt(
            components=(
                Component(key=LINE, on=DAY + 1, quantity=25),
                Component(key=MOTOR, on=DAY + 2, quantity=2),
            )
        )
    )

    assert ledger.sheets[LINE].draws == {
        "PO1:0": draw("PO1:0", 25, key=LINE, owner="PO1", on=DAY + 1, feeds=PUMP)
    }
    assert ledger.sheets[MOTOR].draws == {
        "PO1:1": draw("PO1:1", 2, key=MOTOR, owner="PO1", on=DAY + 2, feeds=PUMP)
    }


PROPOSED = (
    supply("rcp_1", 10, due_on=DAY + 5, proposed_by="prm_1"),
    draw("rcp_1:0", 30, key=LINE, owner="rcp_1", feeds=PUMP),
)


def test_a_receipt_that_cites_a_proposed_one_takes_its_place_and_what_it_draws() -> None:
    ledger = Ledger(*PROPOSED)

    ledger.tell(receipt(12, cites="rcp_1"))

    assert ledger.supplies() == {"PO1": 12}
    assert ledger.sheets[PUMP].supplies["PO1"].proposed_by == "prm_1"
    assert ledger.sheets[LINE].draws == {"rcp_1:0": draw("rcp_1:0", 30, key=LINE, owner="PO1", feeds=PUMP)}


def test_told_again_it_still_draws_what_it_took_over() -> None:
    ledger = Ledger(*PROPOSED)

    ledger.tell(receipt(12, cites="rcp_1"))
    ledger.tell(receipt(12, cites="rcp_1", due_on=DAY + 6))

    assert ledger.supplies() == {"PO1": 12}
    assert ledger.draws(LINE) == {"rcp_1:0": 30}
    assert ledger.ignored == []


def test_told_again_without_the_citation_it_still_draws_what_it_took_over() -> None:
    ledger = Ledger(*PROPOSED)

    ledger.tell(receipt(12, cites="rcp_1"))
    ledger.tell(receipt(12, due_on=DAY + 6))

    assert ledger.supplies() == {"PO1": 12}
    assert ledger.sheets[PUMP].supplies["PO1"].proposed_by == "prm_1"
    assert ledger.draws(LINE) == {"rcp_1:0": 30}


def test_one_that_was_told_of_before_it_cites_takes_the_proposed_ones_place_all_the_same() -> None:
    ledger = Ledger(*PROPOSED, draw("PO1:0", 7, key=MOTOR, owner="PO1", feeds=PUMP))

    ledger.tell(receipt(30))
    ledger.tell(receipt(30, cites="rcp_1"))

    assert ledger.supplies() == {"PO1": 30}
    assert ledger.sheets[PUMP].supplies["PO1"].proposed_by == "prm_1"
    assert (ledger.draws(LINE), ledger.draws(MOTOR)) == ({"rcp_1:0": 30}, {})


def test_a_receipt_that_goes_to_another_site_from_now_on_is_expected_there_alone() -> None:
    ledger = Ledger(*PROPOSED)
    ledger.tell(receipt(12, cites="rcp_1"))

    ledger.tell(receipt(12, site="Lyon"))
    assert (ledger.supplies(), ledger.supplies(THERE)) == ({}, {"PO1": 12})
    assert ledger.sheets[THERE].supplies["PO1"].proposed_by == "prm_1"
    assert ledger.sheets[LINE].draws == {"rcp_1:0": draw("rcp_1:0", 30, key=LINE, owner="PO1", feeds=THERE)}

    ledger.tell(receipt(9), receipt(8, site="Lyon"), receipt(7))
    assert (ledger.supplies(), ledger.supplies(THERE)) == ({"PO1": 7}, {})


def test_one_that_is_like_one_that_is_carried_out_already_is_another() -> None:
    ledger = Ledger(*PROPOSED)

    ledger.tell(receipt(10, cites="rcp_1"), receipt(10, id="PO2"))

    assert (ledger.supplies(), ledger.ignored) == ({"PO1": 10, "PO2": 10}, [])


def test_another_item_of_the_same_order_number_is_another_receipt() -> None:
    ledger = Ledger()

    ledger.tell(receipt(5), receipt(6, item="motor"), receipt(7))

    assert (ledger.supplies(), ledger.supplies(MOTOR)) == ({"PO1": 7}, {"PO1": 6})


def test_components_of_its_own_replace_what_the_proposed_receipt_drew() -> None:
    ledger = Ledger(*PROPOSED)

    ledger.tell(receipt(cites="rcp_1", components=(Component(key=LINE, on=DAY, quantity=7),)))

    assert ledger.draws(LINE) == {"PO1:0": 7}


def test_a_proposed_receipt_that_is_cited_for_nothing_goes_with_what_it_draws() -> None:
    ledger = Ledger(*PROPOSED)

    ledger.tell(receipt(0, cites="rcp_1"))

    assert (ledger.supplies(), ledger.draws(LINE)) == ({}, {})


def test_a_receipt_that_cites_what_is_not_expected_is_not_applied() -> None:
    ledger = Ledger()

    ledger.tell(receipt(cites="rcp_1"), receipt(cites="rcp_2", ref=""))

    assert ledger.supplies() == {}
    assert ledger.ignored == [
        "Receipt PO 1 cites rcp_1, which is not expected at pump in Halden; check the id.",
        "Receipt PO1 cites rcp_2, which is not expected at pump in Halden; check the id.",
    ]


@pytest.mark.parametrize(
    ("stated", "taken"),
    [
        (receipt(), False),
        (receipt(due_on=DAY + 12), False),
        (receipt(due_on=DAY + 13), True),  # more than a week off
        (receipt(due_on=DAY - 2), False),
        (receipt(due_on=DAY - 3), True),
        (receipt(11), True),
        (receipt(kind=SupplyKind.production), True),
        (receipt(cites=""), True),  # it is said to be another one
    ],
)
def test_a_receipt_that_looks_like_a_proposed_one_must_cite_it_or_say_that_it_is_another(
    stated: ReceiptStated, taken: bool
) -> None:
    ledger = Ledger(supply("rcp_0", 10, proposed_by=None), *PROPOSED)

    ledger.tell(stated)

    assert ("PO1" in ledger.supplies()) is taken
    assert ledger.ignored == (
        []
        if taken
        else [
            "Receipt PO 1 looks like the proposed receipt rcp_1 but does not cite it; send it again with"
            " cites rcp_1, or with an empty cites if it is another one."
        ]
    )


def test_the_day_a_proposed_receipt_was_due_first_counts_not_the_one_it_was_moved_to() -> None:
    ledger = Ledger(supply("rcp_1", 10, on=DAY + 30, due_on=DAY + 5, proposed_by="prm_1"))

    ledger.tell(receipt())

    assert "PO1" not in ledger.supplies()


def test_a_receipt_that_is_known_is_changed_although_a_proposed_one_looks_like_it() -> None:
    ledger = Ledger(supply("PO1", 4), *PROPOSED)

    ledger.tell(receipt())

    assert ledger.supplies() == {"rcp_1": 10, "PO1": 10}


# --- what arrives ---


@pytest.mark.parametrize(
    ("expected", "came", "closes", "left"),
    [
        (10, 10, True, {}),
        (10, 4, True, {}),
        (10, 4, False, {"PO1": 6}),
        (10, 10, False, {}),
        (10, 12, False, {}),
    ],
)
def test_what_arrives_is_on_hand_and_the_rest_expected_unless_that_was_all(
    expected: int, came: int, closes: bool, left: dict[str, int]
) -> None:
    ledger = Ledger(supply("PO1", expected))

    ledger.tell(arrived(came, closes=closes))

    assert ledger.supplies() == {**left, "on_hand:available:": came}
    assert ledger.moved() == [("cau_1:0", came)]


@pytest.mark.parametrize(
    ("said", "lot", "expires_on"),
    [
        ({}, "L1", DAY + 9),
        ({"lot": "L2", "expires_on": DAY + 8}, "L2", DAY + 8),
        ({"lot": ""}, "", DAY + 9),
    ],
)
def test_lot_and_expiry_are_those_of_the_arrival_or_else_of_the_receipt(
    said: dict[str, object], lot: str, expires_on: int
) -> None:
    ledger = Ledger(supply("PO1", 10, lot="L1", expires_on=DAY + 9))

    ledger.tell(arrived(**said))

    (row,) = ledger.sheets[PUMP].supplies.values()
    assert (row.lot, row.expires_on, row.counts) == (lot, expires_on, Why.counted)


def test_what_a_receipt_took_is_used_up_when_all_of_it_has_come() -> None:
    rows = (
        supply("PO1", 10),
        on_hand(7, key=MOTOR),
        draw("PO1:0", 5, key=MOTOR, owner="PO1", feeds=PUMP),
        draw("PO1:1", 60, key=LINE, owner="PO1", feeds=PUMP),
        draw("PO2:0", 2, key=MOTOR, owner="PO2", feeds=PUMP),
    )
    part, whole = Ledger(*rows), Ledger(*rows)

    part.tell(arrived(4, closes=False))
    whole.tell(arrived(10))

    assert (part.supplies(MOTOR), part.draws(MOTOR)) == ({"on_hand:available:": 7}, {"PO1:0": 5, "PO2:0": 2})
    assert (whole.supplies(MOTOR), whole.draws(MOTOR)) == ({"on_hand:available:": 2}, {"PO2:0": 2})
    assert (whole.draws(LINE), whole.moved(LINE)) == ({}, [])
    assert whole.moved(MOTOR) == [("cau_1:0:0", -5)]
    assert whole.ignored == []


def test_where_less_of_a_component_is_on_hand_than_was_used_it_is_said() -> None:
    ledger = Ledger(
        supply("PO1", 10), on_hand(3, key=MOTOR), draw("PO1:0", 5, key=MOTOR, owner="PO1", feeds=PUMP)
    )

    ledger.tell(arrived(10))

    assert ledger.supplies(MOTOR) == {"on_hand:available:": 0}
    assert ledger.ignored == [f"2 more left {MOTOR} than was on hand there; count it."]


def test_what_arrives_without_being_expected_is_not_applied() -> None:
    ledger = Ledger()

    ledger.tell(arrived())

    assert (ledger.supplies(), ledger.moved()) == ({}, [])
    assert ledger.ignored == [
        "Receipt PO1 is not expected at pump in Halden; state it first, or count the stock."
    ]


# --- what leaves ---


@pytest.mark.parametrize(
    ("quantity", "state", "fulfilled", "drawn"),
    [
        (4, State.committed, 4, {"com_1": 6}),
        (10, State.fulfilled, 10, {}),
    ],
)
def test_a_shipment_fulfils_its_commitment_and_lowers_what_is_on_hand(
    quantity: int, state: State, fulfilled: int, drawn: dict[str, int]
) -> None:
    ledger = Ledger(on_hand(20), commitment(), draw("com_1", 10))

    ledger.tell(shipped(quantity))

    row = ledger.sheets[PUMP].commitments["com_1"]
    assert (row.state, row.fulfilled, ledger.draws()) == (state, fulfilled, drawn)
    assert ledger.supplies() == {"on_hand:available:": 20 - quantity}
    (movement,) = ledger.sheets[PUMP].movements
    assert movement == Movement(key=PUMP, id="cau_1:0", at=NOW, quantity=-quantity, commitment="com_1")
    assert ledger.ignored == []


def test_a_shipment_of_a_lot_takes_that_lot() -> None:
    ledger = Ledger(on_hand(20, lot="L1"), on_hand(20, lot="L2"), commitment(), draw("com_1", 10))

    ledger.tell(shipped(lot="L2"))

    assert ledger.supplies() == {"on_hand:available:L1": 20, "on_hand:available:L2": 10}


@pytest.mark.parametrize(
    ("row", "one", "words"),
    [
        (commitment(state=State.held), shipped(), "com_1 is held; a shipment fulfils only a commitment. Nothing was booked."),
        (commitment(state=State.cancelled), shipped(), "com_1 is cancelled; a shipment fulfils only a commitment. Nothing was booked."),
        (commitment(fulfilled=3), shipped(8), "com_1 has only 7 left to ship, not 8; nothing was booked."),
    ],
)  # fmt: skip
def test_a_shipment_that_its_commitment_does_not_bear_is_not_booked(
    row: Commitment, one: Shipped, words: str
) -> None:
    ledger = Ledger(on_hand(20), row)

    ledger.tell(one)

    assert ledger.ignored == [words]
    assert (ledger.supplies(), ledger.moved()) == ({"on_hand:available:": 20}, [])


def test_what_is_left_to_ship_may_be_shipped_to_the_last_unit() -> None:
    ledger = Ledger(on_hand(20), commitment(fulfilled=3), draw("com_1", 7))

    ledger.tell(shipped(7))

    assert ledger.sheets[PUMP].commitments["com_1"].state is State.fulfilled


def test_a_shipment_of_more_than_was_on_hand_is_booked_and_said() -> None:
    ledger = Ledger(on_hand(8), commitment(), draw("com_1", 10))

    ledger.tell(shipped())

    assert ledger.supplies() == {"on_hand:available:": 0}
    assert ledger.ignored == [f"2 more left {PUMP} than was on hand there; count it."]


# --- orders promised elsewhere ---


def test_an_order_promised_elsewhere_is_a_commitment_that_draws_on_its_day() -> None:
    ledger = Ledger()

    first, second = ledger.tell(opening(), opening(3, ref="SO2"))

    made = first.commitment
    assert made == commitment(
        id=made.id, promise=made.promise, ship_on=DAY + 4, deliver_on=DAY + 4, opening=True, made_at=NOW
    )
    assert (made.id[:4], made.promise[:4]) == ("com_", "prm_")
    assert len({made.id, second.commitment.id, made.promise, second.commitment.promise}) == 4
    assert ledger.sheets[PUMP].draws[made.id] == draw(
        made.id, 10, promise=made.promise, on=DAY + 4, sequence=NOW * 1_000
    )
    assert ledger.sheets[PUMP].draws[second.commitment.id].sequence == NOW * 1_000 + 1  # made after the first
    assert (first.line, ledger.sheets[PUMP].commitments[made.id]) == (opening(), made)


def test_one_that_was_delivered_is_history_and_takes_nothing() -> None:
    ledger = Ledger(on_hand(30, as_of=NOW - 2))

    (made,) = ledger.tell(opening(delivered_at=NOW - 1))

    assert (made.commitment.state, made.commitment.fulfilled, ledger.draws()) == (State.fulfilled, 10, {})
    assert ledger.supplies() == {"on_hand:available:": 20}
    assert ledger.sheets[PUMP].movements == [
        Movement(key=PUMP, id="cau_1:0", at=NOW - 1, quantity=-10, commitment=made.commitment.id)
    ]


def test_one_that_is_said_to_be_delivered_at_a_moment_to_come_is_an_error() -> None:
    Ledger().tell(opening(delivered_at=NOW))
    with pytest.raises(
        InputError, match="SO1 is said to be delivered at a moment that is still to come"
    ) as error:
        Ledger().tell(opening(delivered_at=NOW + 1))

    assert [(one.pointer, one.code) for one in error.value.errors] == [("/delivered_at", "in_the_future")]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], []),  # nothing was counted yet, so nothing is missing
        ([supply("PO1", 1)], []),  # nor by what is only expected
        ([on_hand(4, as_of=1)], [f"6 more left {PUMP} than was on hand there; count it."]),
    ],
)
def test_where_history_took_more_than_was_counted_it_is_said(rows: list[Supply], said: list[str]) -> None:
    ledger = Ledger(*rows)

    ledger.tell(opening(delivered_at=NOW))

    assert ledger.ignored == said


# --- all of it ---


def test_master_data_and_days_change_no_row_by_themselves_and_each_piece_of_news_counts_once() -> None:
    ledger, steps = Ledger(on_hand(4)), []
    before = structs.asdict(ledger.sheets[PUMP].supplies["on_hand:available:"])

    apply_news(
        [DayRolled(site="Halden"), MasterStated(), counted(3, item="motor")],
        ledger.sheets,
        lambda _key: DAY,
        {},
        ledger.ignored,
        now=NOW,
        cause="cau_1",
        on_progress=steps.append,
    )

    assert structs.asdict(ledger.sheets[PUMP].supplies["on_hand:available:"]) == before
    assert ledger.supplies(MOTOR) == {"on_hand:available:": 3}
    assert steps == [1, 1, 1]

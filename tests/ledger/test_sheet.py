"""What the rows of a key say after goods moved, a day passed, a hold ended or a promise went. Days count from today."""

from __future__ import annotations

import msgspec
import pytest

from accord.kit.errors import Fault
from accord.ledger.decide.giveback import given_back
from accord.ledger.decide.graph import Graph
from accord.ledger.decide.judge import judge
from accord.ledger.decide.sheet import Sheet, count, expire, move, needs_roll, orphans, roll, ship, treated
from accord.ledger.model import (
    Commitment,
    Draw,
    Item,
    Movement,
    Profile,
    Resource,
    Site,
    State,
    Supply,
    SupplyKind,
    Why,
    node_key,
)

DAY, NOW = 1_000, 5_000
KEY, MOTOR = node_key("pump", "Halden"), node_key("motor", "Halden")
LIMIT = "limit:week:customer=C:2027-W10"
GRAPH = Graph(
    1,
    [
        Item(id="pump", name="Pump"),
        Item(id="motor", name="Motor"),
        Site(id="Halden", name="Halden"),
        Resource(id="line", name="Line", site="Halden"),
    ],
)


def on_hand(quantity: int, *, lot: str | None = None, expires: int | None = None, **more: object) -> Supply:
    given = {"key": KEY, "id": f"on_hand:available:{lot or ''}", "kind": SupplyKind.on_hand, "on": 0, "lot": lot,
             "quantity": quantity, "expires_on": None if expires is None else DAY + expires, **more}  # fmt: skip
    return Supply(**given)  # type: ignore[arg-type]


def receipt(quantity: int, on: int, *, id: str = "r", **more: object) -> Supply:
    given = {"key": KEY, "id": id, "kind": SupplyKind.purchase, "quantity": quantity, "on": DAY + on, **more}
    return Supply(**given)  # type: ignore[arg-type]


def draw(quantity: int, on: int = 0, *, id: str = "com_1", **more: object) -> Draw:
    given = {
        "key": KEY,
        "id": id,
        "owner": id,
        "promise": "prm_1",
        "on": DAY + on,
        "quantity": quantity,
        **more,
    }
    return Draw(**given)  # type: ignore[arg-type]


def commitment(quantity: int = 10, **more: object) -> Commitment:
    given = {"key": KEY, "id": "com_1", "promise": "prm_1", "line": 0, "item": "pump", "site": "Halden",
             "quantity": quantity, "ship_on": DAY, "deliver_on": DAY, "state": State.committed, **more}  # fmt: skip
    return Commitment(**given)  # type: ignore[arg-type]


def sheet(*rows: Supply | Draw | Commitment, key: str = KEY) -> Sheet:
    return Sheet(
        Profile(key=key),
        [row for row in rows if isinstance(row, Supply)],
        [row for row in rows if isinstance(row, Draw)],
        [row for row in rows if isinstance(row, Commitment)],
    )


def quantities(of: Sheet) -> dict[str, int]:
    return {row.lot or row.id: row.quantity for row in of.supplies.values()}


def _today(_key: str) -> int:
    return DAY


def treat(row: Supply, today: int) -> Supply:
    return treated(row, today, late_receipt_days=7, fence_days=0)


@pytest.mark.parametrize("row", [on_hand(5), draw(5), commitment(5)])
def test_a_sheet_is_changed_when_a_row_differs_from_what_was_read(row: Supply | Draw | Commitment) -> None:
    of = sheet(row)
    rows = {
        "on_hand:available:": of.supplies,
        "com_1": of.draws if isinstance(row, Draw) else of.commitments,
    }[row.id]

    assert not of.is_changed()
    rows[row.id] = msgspec.structs.replace(row, quantity=6)  # type: ignore[index]
    assert of.is_changed()
    rows[row.id] = row  # type: ignore[index]
    assert not of.is_changed()
    del rows[row.id]
    assert of.is_changed()


# --- counts ---


def counted(of: Sheet, quantity: int = 10, **more: object) -> Supply:
    given = {"as_of": NOW, "sequence": 0, "lot": None, "expires_on": None, "status": "available", "today": DAY,
             "moved_since": 0, **more}  # fmt: skip
    assert count(of, quantity=quantity, **given) is None  # type: ignore[arg-type]
    (row,) = of.supplies.values()
    return row


@pytest.mark.parametrize(
    ("said", "counts"),
    [
        ({}, Why.counted),
        ({"status": "quarantine"}, Why.blocked),
        ({"expires_on": DAY}, Why.counted),  # its last day
        ({"expires_on": DAY - 1}, Why.expired),
        ({"expires_on": DAY - 1, "status": "quarantine"}, Why.expired),
    ],
)
def test_what_is_counted_counts_unless_it_is_blocked_or_expired(said: dict[str, object], counts: Why) -> None:
    assert counted(sheet(), **said).counts is counts


def test_what_moved_since_changes_only_what_is_available() -> None:
    assert counted(sheet(), moved_since=-3).quantity == 7
    assert counted(sheet(), moved_since=-3, status="quarantine").quantity == 10


@pytest.mark.parametrize(
    ("as_of", "sequence", "is_taken"),
    [(NOW, 5, True), (NOW, 6, True), (NOW, 4, False), (NOW + 1, 1, True), (NOW - 1, 9, False)],
)
def test_a_later_count_is_not_replaced_by_an_earlier_one(as_of: int, sequence: int, is_taken: bool) -> None:
    known = sheet(on_hand(7, as_of=NOW, sequence=5))

    said = count(
        known, quantity=9, as_of=as_of, sequence=sequence, lot=None, expires_on=None, status="available",
        today=DAY, moved_since=0,
    )  # fmt: skip

    assert (said is None, quantities(known)) == (is_taken, {"on_hand:available:": 9 if is_taken else 7})


# --- goods that come and leave ---


@pytest.mark.parametrize(
    ("before", "at", "after"),
    [
        ([], NOW, {"on_hand:available:": 5}),
        ([on_hand(7, as_of=NOW - 1)], NOW, {"on_hand:available:": 12}),
        ([on_hand(7, as_of=NOW)], NOW, {"on_hand:available:": 7}),  # the count contains it
        ([on_hand(7, lot="L1")], NOW, {"L1": 7, "on_hand:available:": 5}),
    ],
)
def test_goods_that_came_are_on_hand_once(before: list[Supply], at: int, after: dict[str, int]) -> None:
    of = sheet(*before)

    assert move(of, Movement(key=KEY, id="m", at=at, quantity=5), today=DAY) is None
    assert quantities(of) == after
    assert [row.id for row in of.movements] == ["m"]


@pytest.mark.parametrize(("expires", "counts"), [(None, Why.counted), (0, Why.counted), (-1, Why.expired)])
def test_goods_that_came_expired_do_not_count(expires: int | None, counts: Why) -> None:
    of = sheet()

    move(
        of,
        Movement(key=KEY, id="m", at=NOW, quantity=5, lot="L1"),
        expires_on=None if expires is None else DAY + expires,
        today=DAY,
    )

    (row,) = of.supplies.values()
    assert (row.id, row.lot, row.counts) == ("on_hand:available:L1", "L1", counts)


@pytest.mark.parametrize(
    ("rows", "left", "lot", "after", "said"),
    [
        ([on_hand(7)], 5, None, {"on_hand:available:": 2}, None),
        ([on_hand(7)], 7, None, {"on_hand:available:": 0}, None),
        ([on_hand(7)], 8, None, {"on_hand:available:": 0}, "1 more left"),
        ([], 8, None, {}, "8 more left"),
        ([on_hand(7, as_of=NOW)], 5, None, {"on_hand:available:": 7}, None),  # the count contains it
        ([on_hand(4, lot="A", expires=9), on_hand(4, lot="B", expires=5), on_hand(4, lot="C")], 6, None, {"A": 2, "B": 0, "C": 4}, None),
        ([on_hand(4, lot="B"), on_hand(4, lot="A")], 6, None, {"B": 2, "A": 0}, None),  # of equals by name
        ([on_hand(4, lot="A", expires=5), on_hand(4, lot="B", expires=9)], 3, "B", {"A": 4, "B": 1}, None),
        ([on_hand(4, lot="A", as_of=NOW), on_hand(4, lot="B")], 6, None, {"A": 4, "B": 0}, "2 more left"),
        ([on_hand(4, lot="A"), receipt(9, 0)], 6, None, {"A": 0, "r": 9}, "2 more left"),
        ([on_hand(4, status="quarantine")], 1, None, {"on_hand:available:": 4}, "1 more left"),
    ],
)  # fmt: skip
def test_goods_that_left_take_the_earliest_expiry_first(
    rows: list[Supply], left: int, lot: str | None, after: dict[str, int], said: str | None
) -> None:
    of = sheet(*rows)

    words = move(of, Movement(key=KEY, id="m", at=NOW, quantity=-left, lot=lot), today=DAY)

    assert quantities(of) == after
    assert words == (None if said is None else f"{said} {KEY} than was on hand there; count it.")


# --- a day passes ---


@pytest.mark.parametrize(
    ("row", "fence", "counts", "on"),
    [
        (on_hand(5), 0, Why.counted, -DAY),
        (on_hand(5, expires=0), 0, Why.counted, -DAY),
        (on_hand(5, expires=-1), 0, Why.expired, -DAY),
        (on_hand(5, expires=-1, counts=Why.blocked), 0, Why.blocked, -DAY),
        (receipt(5, 0), 0, Why.counted, 0),  # today is not late
        (receipt(5, -1, expires_at=NOW), 0, Why.counted, -1),  # a hold's own: it goes with the hold
        (receipt(5, 3, counts=Why.doubtful), 0, Why.counted, 3),  # what it needs is there again
        (receipt(5, 3, counts=Why.late), 0, Why.counted, 3),
        (receipt(5, 3, counts=Why.inside_fence), 0, Why.counted, 3),
        (receipt(5, 3, counts=Why.blocked), 9, Why.blocked, 3),
        (receipt(5, 3, counts=Why.blocked, doubts=("x",)), 0, Why.blocked, 3),
        (receipt(5, 3, released=False), 3, Why.counted, 3),
        (receipt(5, 3, released=False), 4, Why.inside_fence, 3),
        (receipt(5, 3, released=False, proposed_by="prm_1"), 4, Why.counted, 3),
        (receipt(5, 3, released=False, doubts=("x",)), 4, Why.inside_fence, 3),
        (receipt(5, -1, released=False), 7, Why.counted, 7),
        (receipt(5, -1, released=False), 8, Why.inside_fence, 7),
    ],
)
def test_each_row_counts_by_the_policy_of_the_day(row: Supply, fence: int, counts: Why, on: int) -> None:
    found = treated(row, DAY, late_receipt_days=7, fence_days=fence)

    assert (found.counts, found.on - DAY) == (counts, on)


def test_the_day_a_receipt_was_due_first_is_kept_however_often_it_is_moved() -> None:
    once = treated(receipt(5, -1), DAY, late_receipt_days=7, fence_days=0)
    twice = treated(once, DAY + 9, late_receipt_days=7, fence_days=0)

    assert (once.due_on, once.on) == (DAY - 1, DAY + 7)
    assert (twice.due_on, twice.on) == (DAY - 1, DAY + 16)


@pytest.mark.parametrize(
    ("row", "needed"),
    [
        ({}, False),
        ({"rolled_to": DAY}, False),
        ({"rolled_to": DAY, "supply": ((DAY - 1, 5, "r", "", 0),)}, False),  # judged already
        ({"rolled_to": DAY - 1, "supply": ((DAY - 1, 5, "r", "", 0),)}, True),
        ({"supply": ((DAY, 5, "r", "", 0),)}, False),
        ({"supply": ((0, 5, "r", "", 0),)}, False),  # on hand
        ({"supply": ((0, 5, "r", "", DAY - 1),)}, True),
        ({"supply": ((0, 5, "r", "", DAY),)}, False),
        ({"planned_on": DAY + 3}, True),
        ({"planned_on": DAY + 4}, False),
        ({"rolled_to": DAY - 1, "draws": ((DAY - 1, 0, 5),)}, True),
        # Overdue since nine days, and needs seven more of a lot: the lot's last day for it is the day before today.
        ({"rolled_to": DAY - 1, "draws": ((DAY - 9, 7, 5),), "supply": ((0, 5, "r", "", DAY + 6),)}, True),
        ({"rolled_to": DAY - 1, "draws": ((DAY - 9, 7, 5),), "supply": ((0, 5, "r", "", DAY + 7),)}, False),
        ({"rolled_to": DAY - 1, "draws": ((DAY - 9, 7, 5),), "supply": ((0, 5, "r", "", DAY + 5),)}, False),
        ({"rolled_to": DAY - 1, "draws": ((DAY + 1, 7, 5),), "supply": ((0, 5, "r", "", DAY + 6),)}, False),
        ({"rolled_to": DAY - 1, "draws": ((DAY - 9, 7, 5),), "supply": ((0, 5, "r", "", 0),)}, False),
        ({"rolled_to": DAY - 1, "draws": ((DAY - 9, 0, 5),), "supply": ((0, 5, "r", "", DAY + 6),)}, False),
        ({"rolled_to": DAY - 1, "draws": ((DAY, 0, 5),)}, False),
        ({"rolled_to": DAY - 1, "draws": ((DAY - 2, 0, 5),)}, False),  # overdue before, and judged then
    ],
)
def test_a_key_is_rolled_when_something_of_it_came_due(row: dict[str, object], needed: bool) -> None:
    assert needs_roll(Profile(key=KEY, **row), DAY, 4) is needed  # type: ignore[arg-type]


def test_rolling_judges_every_row_and_notes_the_day() -> None:
    of = sheet(receipt(5, -1), on_hand(4, expires=-1))

    roll(of, DAY, late_receipt_days=None, fence_days=0)

    assert {row.counts for row in of.supplies.values()} == {Why.late, Why.expired}
    assert of.rolled_to == DAY


# --- holds that end ---


def test_what_an_expired_hold_took_comes_back_and_what_it_proposed_goes() -> None:
    of = sheet(
        receipt(5, 1, id="a", expires_at=NOW),
        receipt(5, 1, id="b", expires_at=NOW + 1),
        draw(5, id="com_1", expires_at=NOW),
        draw(5, id="com_2", expires_at=NOW + 1),
        draw(5, id="com_3"),
        commitment(id="com_1", state=State.held),
        commitment(id="com_2", state=State.held),
        commitment(id="com_3"),
    )

    ended = expire(of, NOW)

    assert [row.id for row in ended] == ["com_1"]
    assert (set(of.supplies), set(of.draws)) == ({"b"}, {"com_2", "com_3"})
    assert {row.id: row.state for row in of.commitments.values()} == {
        "com_1": State.expired, "com_2": State.held, "com_3": State.committed,
    }  # fmt: skip


def test_a_commitment_that_is_held_no_more_does_not_expire() -> None:
    of = sheet(draw(5, expires_at=NOW), commitment(state=State.cancelled))

    assert expire(of, NOW) == []
    assert of.commitments["com_1"].state is State.cancelled


# --- shipments ---


@pytest.mark.parametrize(
    ("quantity", "state", "drawn"),
    [
        (3, State.committed, {"a": 1, "b": 6}),
        (4, State.committed, {"b": 6}),
        (7, State.committed, {"b": 3}),
        (10, State.fulfilled, {}),
        (12, State.fulfilled, {}),
    ],
)
def test_a_shipment_shrinks_the_draws_of_its_commitment_one_after_the_other(
    quantity: int, state: State, drawn: dict[str, int]
) -> None:
    of = sheet(
        commitment(),
        draw(6, id="b", owner="com_1"),
        draw(4, id="a", owner="com_1"),
        draw(9, id="z", owner="com_2"),
    )

    row = ship(of, of.commitments["com_1"], quantity)

    assert (row.fulfilled, row.state, of.commitments["com_1"]) == (quantity, state, row)
    assert {draw.id: draw.quantity for draw in of.draws.values()} == {**drawn, "z": 9}


# --- what goes with a promise ---


@pytest.mark.parametrize(
    ("rows", "gone"),
    [
        ([receipt(5, 1, id="rcp_r", proposed_by="prm_1")], ["rcp_r"]),
        ([receipt(5, 1, id="rcp_r", proposed_by="prm_2")], []),
        ([receipt(5, 1, id="WO7", proposed_by="prm_1")], []),  # somebody carries it out
        ([receipt(5, 1)], []),
        ([receipt(5, 1, id="rcp_r", proposed_by="prm_1"), draw(1, 1)], []),  # its node cannot do without it
        ([receipt(5, 1, id="rcp_r", proposed_by="prm_1"), on_hand(1), draw(1, 1)], ["rcp_r"]),
        ([receipt(5, 1, id="rcp_r", proposed_by="prm_1"), on_hand(4), draw(4, 0), draw(1, 3, id="x")], []),
        ([receipt(5, 1, id="rcp_r", proposed_by="prm_1"), draw(5, 0)], []),
        ([receipt(5, 1, id="rcp_r", proposed_by="prm_1", counts=Why.doubtful), draw(1, 1)], ["rcp_r"]),  # nobody may rely on it
        ([receipt(5, 1, id="rcp_r", proposed_by="prm_1", expires_at=NOW), draw(1, 1)], ["rcp_r"]),  # it goes with its hold
        ([receipt(5, 1, id="rcp_a", proposed_by="prm_1"), receipt(5, 1, id="rcp_b", proposed_by="prm_1"), draw(5, 1)], ["rcp_a"]),
        ([receipt(5, 1, id="rcp_a", proposed_by="prm_1"), receipt(5, 1, id="rcp_b", proposed_by="prm_1")], ["rcp_a", "rcp_b"]),
    ],
)  # fmt: skip
def test_a_proposed_receipt_goes_when_its_node_does_without_it(
    rows: list[Supply | Draw], gone: list[str]
) -> None:
    assert [row.id for row in orphans({KEY: sheet(*rows)}, frozenset({"prm_1"}), _today)] == gone


PROPOSED = receipt(5, 1, id="rcp_r", proposed_by="prm_1")


@pytest.mark.parametrize(
    ("rows", "gone"),
    [
        ([on_hand(5, lot="L", expires=2), draw(5, 3)], []),  # there is enough, but it does not last
        ([on_hand(5, lot="L", expires=3), draw(5, 3)], ["rcp_r"]),  # its last day
        ([on_hand(5, lot="L", expires=9), draw(5, 3, life_days=6)], ["rcp_r"]),
        ([on_hand(5, lot="L", expires=8), draw(5, 3, life_days=6)], []),
        ([on_hand(5, lot="L", expires=2), on_hand(5), draw(5, 3)], ["rcp_r"]),
        ([on_hand(4, lot="L", expires=2), on_hand(4), draw(5, 3)], []),  # one of five would be missed
        ([on_hand(5, lot="L", expires=0), draw(5, 0)], ["rcp_r"]),  # what leaves before it comes is nothing to it
        # What leaves today takes the lot that lasts; what comes tomorrow does not last for the other one.
        ([on_hand(5, lot="L", expires=9), receipt(5, 1, expires_on=DAY + 5), draw(5, 0), draw(5, 3, id="x", life_days=4)], []),
    ],
)  # fmt: skip
def test_a_proposed_receipt_stays_where_what_is_there_instead_does_not_last(
    rows: list[Supply | Draw], gone: list[str]
) -> None:
    assert [row.id for row in orphans({KEY: sheet(PROPOSED, *rows)}, frozenset({"prm_1"}), _today)] == gone


def test_what_was_missed_with_a_proposed_receipt_keeps_it_no_longer() -> None:
    """It expires as early as the lot that is there: what needs a longer life is not covered either way."""
    short = msgspec.structs.replace(PROPOSED, expires_on=DAY + 2)
    of = sheet(short, on_hand(5, lot="L", expires=2), draw(5, 3))

    assert [row.id for row in orphans({KEY: of}, frozenset({"prm_1"}), _today)] == ["rcp_r"]


def test_a_cancelled_promise_gives_back_its_draws_and_all_that_was_made_for_it() -> None:
    sheets = {
        KEY: sheet(receipt(5, 1, id="rcp_1", proposed_by="prm_1"), draw(5, 1), draw(2, 1, id="com_2", promise="prm_2"), on_hand(2)),
        MOTOR: sheet(
            receipt(5, 0, id="rcp_2", key=MOTOR, proposed_by="prm_1"),
            draw(5, 0, id="rcp_1:0", key=MOTOR, owner="rcp_1", promise=None, feeds=KEY),
            key=MOTOR,
        ),
        "resource:line": sheet(
            draw(60, 0, id="rcp_2:0", key="resource:line", owner="rcp_2", promise=None, feeds=MOTOR),
            key="resource:line",
        ),
    }  # fmt: skip

    gives, drops = given_back(sheets, frozenset({"prm_1"}), _today)

    assert [(row.key, row.id) for row in gives] == [
        (MOTOR, "rcp_1:0"), (KEY, "com_1"), ("resource:line", "rcp_2:0"),
    ]  # fmt: skip
    assert [(row.key, row.id) for row in drops] == [(MOTOR, "rcp_2"), (KEY, "rcp_1")]
    assert [set(of.draws) for of in sheets.values()] == [{"com_2"}, set(), set()]


def test_what_a_receipt_of_the_promise_draws_stays_while_the_receipt_stays() -> None:
    sheets = {
        KEY: sheet(receipt(5, 1, id="rcp_1", proposed_by="prm_1"), draw(2, 1, id="com_2", promise="prm_2")),
        MOTOR: sheet(
            draw(5, 0, id="rcp_1:0", key=MOTOR, owner="rcp_1", promise="prm_1", feeds=KEY), key=MOTOR
        ),
    }

    assert given_back(sheets, frozenset({"prm_1"}), _today) == ((), ())


@pytest.mark.parametrize(("fulfilled", "gives"), [(0, ["com_1", "com_1"]), (3, ["com_1"])])
def test_what_was_delivered_in_part_stays_counted_in_cumulative_limits(
    fulfilled: int, gives: list[str]
) -> None:
    sheets = {
        KEY: sheet(draw(7), commitment(fulfilled=fulfilled)),
        LIMIT: sheet(draw(700, key=LIMIT), key=LIMIT),
    }

    found, _ = given_back(sheets, frozenset({"prm_1"}), _today)

    assert [row.id for row in found] == gives
    assert KEY in {row.key for row in found}


# --- doubt ---


def test_what_a_receipt_rests_on_is_judged_only_with_the_receipt_at_hand() -> None:
    sheets = {MOTOR: sheet(draw(5, key=MOTOR, owner="mo", feeds=KEY), key=MOTOR)}

    with pytest.raises(Fault, match=f"{KEY} must be locked with {MOTOR}"):
        judge(sheets, GRAPH, lambda _key: DAY, treat)


def test_a_receipt_that_is_gone_is_in_no_doubt() -> None:
    sheets = {MOTOR: sheet(draw(5, key=MOTOR, owner="mo", feeds=KEY), key=MOTOR), KEY: sheet()}

    assert judge(sheets, GRAPH, lambda _key: DAY, treat) == {KEY: {}, MOTOR: {}}


def test_a_second_doubt_changes_nothing_that_counts() -> None:
    line = "resource:line"
    sheets = {
        MOTOR: sheet(draw(5, 1, key=MOTOR, id="mo:0", owner="mo", promise=None, feeds=KEY), key=MOTOR),
        line: sheet(draw(2_000, 1, key=line, id="mo:1", owner="mo", promise=None, feeds=KEY), key=line),
        KEY: sheet(receipt(5, 9, id="mo"), draw(5, 9), commitment(5)),
    }

    short = judge(sheets, GRAPH, lambda _key: DAY, treat)

    assert short[KEY] == {"com_1": 5}
    assert sheets[KEY].supplies["mo"].doubts == (MOTOR, line)
    assert sheets[KEY].supplies["mo"].counts is Why.doubtful


def test_the_draws_of_a_hold_cast_no_doubt() -> None:
    sheets = {
        MOTOR: sheet(draw(5, key=MOTOR, owner="mo", feeds=KEY, expires_at=NOW), key=MOTOR),
        KEY: sheet(receipt(5, 9, id="mo")),
    }

    judge(sheets, GRAPH, lambda _key: DAY, treat)

    assert sheets[KEY].supplies["mo"].counts is Why.counted


def test_shares_and_limits_shrink_and_commitments_stay() -> None:
    sheets = {LIMIT: sheet(draw(700, key=LIMIT), key=LIMIT), KEY: sheet(on_hand(10), draw(10), commitment())}

    assert judge(sheets, GRAPH, lambda _key: DAY, treat) == {KEY: {}}

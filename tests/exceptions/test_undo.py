"""What is set back when news is taken back, and which later facts keep it from that."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs
from tests.exceptions.test_decide import LINE, PUMP, commitment, draw, on_hand, supply

from accord.exceptions.decide.undo import KeyChange, Rows, UndoRefused, refuse, take_back
from accord.ledger.decide.sheet import Sheet
from accord.ledger.model import Commitment, Draw, Profile, State, Supply, Why

Row = Supply | Draw | Commitment


def rows(*given: Row) -> Rows:
    def of(kind: type[Row]) -> dict[str, Any]:
        return {row.id: row for row in given if isinstance(row, kind)}

    return Rows(supplies=of(Supply), draws=of(Draw), commitments=of(Commitment))


def undone(
    before: list[Row],
    after: list[Row],
    now: list[Row] | None = None,
    *,
    key: str = PUMP,
    beside: KeyChange | None = None,
) -> tuple[Sheet, list[str], list[Commitment]]:
    """The sheet set back, what kept it from that, and the orders that ended."""
    there = rows(*(after if now is None else now))
    sheet = Sheet(Profile(key=key), there.supplies.values(), there.draws.values(), there.commitments.values())
    change = KeyChange(key=key, before=rows(*before), after=rows(*after))
    why_not: list[str] = []
    sheets = {key: sheet}
    if beside is not None:
        sheets[beside.key] = Sheet(Profile(key=beside.key), beside.after.supplies.values())
    ended = take_back([change, *([beside] if beside is not None else [])], sheets, why_not)
    return sheet, why_not, ended


PO = supply("PO1", 10, due_on=1_005, ref="PO 1")


@pytest.mark.parametrize(
    ("before", "after", "now", "left"),
    [
        ([], [PO], None, {}),  # it was new
        ([PO], [], None, {"PO1": 10}),  # it had ended
        ([PO], [structs.replace(PO, quantity=4)], None, {"PO1": 10}),
        ([PO], [structs.replace(PO, due_on=1_009)], None, {"PO1": 10}),
        ([on_hand(7, as_of=1)], [on_hand(9, as_of=2)], None, {"on_hand:available:": 7}),
        (
            [],
            [PO],
            [structs.replace(PO, on=1_020, counts=Why.doubtful, doubts=("x",))],
            {},
        ),  # the day and doubts are no fact
        (
            [PO],
            [structs.replace(PO, on=1_020)],
            [structs.replace(PO, on=1_020, quantity=3)],
            {"PO1": 3},
        ),  # it changed nothing stated
        ([supply("rcp", 5, expires_at=9)], [], None, {}),  # a hold that expired beside it
    ],
)
def test_every_supply_becomes_what_it_was(
    before: list[Row], after: list[Row], now: list[Row] | None, left: dict[str, int]
) -> None:
    sheet, why_not, ended = undone(before, after, now)

    assert {id: row.quantity for id, row in sheet.supplies.items()} == left
    assert (why_not, ended) == ([], [])


COUNT = on_hand(9, as_of=2)


@pytest.mark.parametrize(
    ("before", "after", "now", "why"),
    [
        ([], [PO], [], "receipt PO 1 of pump at Halden arrived or ended since"),
        ([], [structs.replace(PO, ref="")], [], "receipt PO1 of pump at Halden arrived or ended since"),
        ([PO], [structs.replace(PO, quantity=4)], [structs.replace(PO, quantity=3)], "receipt PO 1 of pump at Halden was stated anew since"),
        ([PO], [], [PO], "receipt PO 1 of pump at Halden was stated anew since"),
        ([], [COUNT], [structs.replace(COUNT, quantity=8)], "the stock of pump at Halden was counted or moved since"),
        ([], [COUNT], [structs.replace(COUNT, as_of=3)], "the stock of pump at Halden was counted or moved since"),
        ([], [COUNT], [structs.replace(COUNT, sequence=1)], "the stock of pump at Halden was counted or moved since"),
    ],
)  # fmt: skip
def test_a_later_fact_keeps_it_from_that(
    before: list[Row], after: list[Row], now: list[Row], why: str
) -> None:
    sheet, why_not, _ = undone(before, after, now)

    assert why_not == [why]
    assert set(sheet.supplies) == {row.id for row in now}


@pytest.mark.parametrize(
    "other",
    [
        {"released": False}, {"ref": "PO 2"}, {"lot": "L"}, {"expires_on": 1_090}, {"status": "blocked"}, {"due_on": 1_006},
        {"quantity": 11}, {"as_of": 5}, {"sequence": 5},
    ],
)  # fmt: skip
def test_whatever_is_said_of_a_receipt_is_a_fact(other: dict[str, Any]) -> None:
    _, why_not, _ = undone([], [PO], [structs.replace(PO, **other)])

    assert len(why_not) == 1


def test_what_a_stated_receipt_draws_goes_and_comes_with_it_on_whatever_key() -> None:
    stated = KeyChange(key=PUMP, before=rows(), after=rows(PO))
    own, others = draw("PO1:0", 30, key=LINE, owner="PO1"), draw("x", 5, key=LINE, owner="com_9")

    gone, _, _ = undone([others], [others, own], key=LINE, beside=stated)
    back, _, _ = undone([others, own], [others], key=LINE, beside=stated)
    kept, _, _ = undone([own, others], [own, others], key=LINE, beside=stated)

    assert set(gone.draws) == {"x"}
    assert set(back.draws) == {"x", "PO1:0"}
    assert set(kept.draws) == {"x", "PO1:0"}


def test_what_was_promised_beside_it_stays() -> None:
    new = draw("com_9", 5)

    sheet, why_not, ended = undone([], [PO, new, commitment(id="com_9")])

    assert (set(sheet.draws), set(sheet.commitments), why_not, ended) == ({"com_9"}, {"com_9"}, [], [])


ORDER = commitment(opening=True)


def test_an_order_that_it_stated_is_no_longer_promised() -> None:
    sheet, why_not, ended = undone([], [ORDER, draw("com_1", 10)])

    assert [(row.id, row.state) for row in ended] == [("com_1", State.cancelled)]
    assert sheet.commitments["com_1"].state is State.cancelled
    assert (sheet.draws, why_not) == ({}, [])


def test_an_order_that_was_there_before_stays() -> None:
    sheet, why_not, ended = undone([ORDER], [ORDER])

    assert (sheet.commitments, why_not, ended) == ({"com_1": ORDER}, [], [])


@pytest.mark.parametrize(
    "now",
    [[], [structs.replace(ORDER, state=State.cancelled)], [structs.replace(ORDER, fulfilled=1)]],
    ids=["gone", "cancelled", "shipped in part"],
)
def test_an_order_that_was_changed_since_keeps_it_from_that(now: list[Row]) -> None:
    sheet, why_not, ended = undone([], [ORDER], now)

    assert (why_not, ended) == (["order com_1 of pump was changed or delivered since"], [])
    assert list(sheet.commitments.values()) == now


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (1, "Nothing was undone: fact 0. Import what is right now instead."),
        (2, "Nothing was undone: fact 0 and 1 more. Import what is right now instead."),
        (1_201, "Nothing was undone: fact 0 and 1,200 more. Import what is right now instead."),
    ],
)
def test_it_says_how_many_facts_keep_it_from_that_and_names_the_first(count: int, words: str) -> None:
    facts = [f"fact {n}" for n in range(count)]

    with pytest.raises(UndoRefused) as error:
        refuse(facts)

    assert str(error.value) == words
    assert error.value.extra == {"facts": facts[:20], "count": count}


def test_where_nothing_keeps_it_from_that_nothing_is_said() -> None:
    refuse([])

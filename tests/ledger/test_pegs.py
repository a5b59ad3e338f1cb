"""What covers what: by the same rule by which coverage is judged, and never more than there is."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.ledger.decide.coverage import Peg, pegs_at_node, short_at_node
from accord.ledger.model import Draw, Supply, SupplyKind, Why

TODAY = 1_000
NODE = "node:X@N"


def supply(id: str, quantity: int, on: int = 0, **more: object) -> Supply:
    kind = SupplyKind.purchase if on else SupplyKind.on_hand
    return Supply(key=NODE, id=id, kind=kind, quantity=quantity, on=on and TODAY + on, **more)  # type: ignore[arg-type]


def draw(id: str, quantity: int, on: int, **more: object) -> Draw:
    return Draw(key=NODE, id=id, owner=id, on=TODAY + on, quantity=quantity, **{"promise": None, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rule", "supplies", "draws", "pegs", "short"),
    [
        ("what is there first", [supply("po", 5, 2), supply("stock", 5)], [draw("a", 7, 3)], ["a stock 5", "a po 2"], {}),
        ("the earlier day first", [supply("stock", 5), supply("po", 5, 2)], [draw("b", 4, 3), draw("a", 4, 2)],
            ["a stock 4", "b stock 1", "b po 3"], {}),
        ("the earlier made first", [supply("stock", 5)], [draw("b", 5, 2, sequence=2), draw("a", 5, 2, sequence=1)],
            ["a stock 5"], {"b": 5}),
        ("what is not covered takes nothing", [supply("stock", 5)], [draw("a", 6, 2), draw("b", 5, 3)], ["b stock 5"], {"a": 1}),
        ("nothing too late", [supply("po", 5, 3)], [draw("a", 5, 2), draw("b", 5, 3)], ["b po 5"], {"a": 5}),
        ("what is overdue is due today", [supply("late", 5, -2)], [draw("a", 5, -1)], ["a late 5"], {}),
        ("the lot that expires first, of those that last", [supply("new", 5, expires_on=TODAY + 90), supply("old", 5, expires_on=TODAY + 9)],
            [draw("a", 3, 2), draw("b", 4, 2, life_days=30)], ["a old 3", "b new 4"], {}),
        ("no hold is judged or relied on", [supply("stock", 5), supply("rcp", 5, 1, expires_at=9, proposed_by="p")],
            [draw("a", 6, 2), draw("held", 5, 1, expires_at=9)], [], {"a": 1}),
        ("what does not count covers nothing", [supply("stock", 5, counts=Why.blocked)], [draw("a", 1, 1)], [], {"a": 1}),
        ("what a promise that would be short proposed serves it first", [supply("stock", 4), supply("rcp", 2, 1, proposed_by="p")],
            [draw("a", 6, 1, sequence=1), draw("n", 2, 1, sequence=2, promise="p")], ["n rcp 2"], {"a": 2}),
        ("what it does not need is for others", [supply("rcp", 5, 1, proposed_by="p")],
            [draw("a", 4, 1, sequence=1), draw("n", 2, 1, sequence=2, promise="p")], ["n rcp 2"], {"a": 1}),
    ],
)  # fmt: skip
def test_supply_serves_by_ship_day_then_by_making(
    rule: str, supplies: list[Supply], draws: list[Draw], pegs: list[str], short: dict[str, int]
) -> None:
    found, uncovered = pegs_at_node(supplies, draws, TODAY)

    assert [f"{peg.draw} {peg.supply} {peg.quantity}" for peg in found] == pegs, rule
    assert uncovered == short, rule


days = st.integers(-2, 8)
supplies = st.lists(
    st.tuples(st.integers(1, 9), days, st.sampled_from([None, 3, 12]), st.sampled_from([None, "p", "q"])),
    max_size=6,
)
draws = st.lists(
    st.tuples(st.integers(1, 9), days, st.integers(0, 5), st.sampled_from([None, "p", "q"]), st.booleans()),
    max_size=8,
)


@given(given=supplies, wanted=draws)
def test_who_is_covered_has_all_of_it_from_supply_that_is_there_in_time(
    given: list[tuple[int, int, int | None, str | None]], wanted: list[tuple[int, int, int, str | None, bool]]
) -> None:
    there = [
        supply(f"s{n}", quantity, on, expires_on=expires and TODAY + expires, proposed_by=proposer)
        for n, (quantity, on, expires, proposer) in enumerate(given)
    ]
    taken = [
        draw(
            f"d{n}",
            quantity,
            on,
            life_days=life,
            promise=promise,
            sequence=n,
            expires_at=9 if is_held else None,
        )
        for n, (quantity, on, life, promise, is_held) in enumerate(wanted)
    ]

    pegs, short = pegs_at_node(there, taken, TODAY)

    assert short == short_at_node(there, taken, TODAY)
    got, given_out = Counter[str](), Counter[str]()
    for peg in pegs:
        assert peg.quantity > 0
        got[peg.draw] += peg.quantity
        given_out[peg.supply] += peg.quantity
    assert all(given_out[one.id] <= one.quantity for one in there)
    by_id = {one.id: one for one in (*there, *taken)}
    for peg in pegs:
        assert _in_time(by_id[peg.supply], by_id[peg.draw])  # type: ignore[arg-type]
    for one in taken:
        if one.expires_at is None and one.id not in short:
            assert got[one.id] == one.quantity
        if one.expires_at is not None:
            assert got[one.id] == 0


def _in_time(supply: Supply, draw: Draw) -> bool:
    return max(supply.on, TODAY) <= max(draw.on, TODAY)


def test_a_peg_is_what_it_says() -> None:
    assert pegs_at_node([supply("s", 3)], [draw("d", 2, 1)], TODAY) == ((Peg("d", "s", 2),), {})

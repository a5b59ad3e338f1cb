"""Orders of several lines: one trial, lines in order, each by itself or all on one day."""

from __future__ import annotations

import pytest
from tests.promise.decide_world import LYON, NOW, TODAY, World, offers
from tests.promise.test_decide_life import Held as Nothing

from accord.ledger.model import (
    Allocation,
    Input,
    Item,
    Load,
    Operation,
    Resource,
    State,
    Step,
    Supplier,
    Term,
)
from accord.policy.model import Customer, Rules
from accord.promise.model import Promise, Refusal, Verdict

OTHER = Item(id="X-110", name="Pump X-110", cost_minor=1_100)
MOTOR = Item(id="motor", name="Motor", cost_minor=300)


def test_lines_that_are_all_in_stock_are_one_full_option() -> None:
    decision = World(OTHER, stock={"X-100": "+9 now", "X-110": "+9 now"}).ask("5 X-100 d2", "6 X-110 d3")

    assert (decision.verdict, offers(decision)) == (Verdict.yes, ["full: 5 d2 + 6 X-110 d3"])
    assert decision.sentence == "All 2 lines can be ready by Thu 4 Mar 2027, the first on Wed 3 Mar 2027."
    assert [line.verdict for line in decision.lines] == [Verdict.yes, Verdict.yes]


def test_a_later_line_gets_what_the_earlier_ones_left() -> None:
    decision = World(stock={"X-100": "+9 now, +9 d7"}).ask(
        "5 X-100 d2", "5 X-100 d2", accept="best", verb="commit"
    )

    assert offers(decision) == ["by_line: 5 d2 + 4 d2 + 1 d7", "ship_complete: 5 d7 + 5 d7"]
    assert [line.verdict for line in decision.lines] == [Verdict.yes, Verdict.not_by_then]
    assert [line.quantity_on_time for line in decision.lines] == [5, 4]
    assert decision.chosen == 0
    assert sum(take.quantity for take in decision.options[0].takes) == 10


def test_the_sentence_counts_the_lines_that_keep_their_day() -> None:
    decision = World(OTHER, stock={"X-100": "+9 now", "X-110": "+4 now, +9 d7"}).ask(
        "5 X-100 d2", "6 X-110 d3"
    )

    assert (
        decision.sentence == "1 of 2 lines can be there on the day asked for, all of them by Mon 8 Mar 2027."
    )
    assert decision.verdict is Verdict.not_by_then


def test_who_wants_one_delivery_gets_one() -> None:
    customer = Customer(id="c", name="C", ship_complete=True)
    stock = {"X-100": "+9 now", "X-110": "+4 now, +9 d7"}

    decision = World(OTHER, stock=stock, customer=customer).ask("5 X-100 d2", "6 X-110 d3")

    assert offers(decision) == ["ship_complete: 5 d7 + 6 X-110 d7"]


def test_one_delivery_may_be_asked_for_the_order_alone() -> None:
    stock = {"X-100": "+9 now", "X-110": "+9 now"}

    decision = World(OTHER, stock=stock).ask("5 X-100 d2", "6 X-110 d3", ship_complete=True)

    # The first line would come a day late to come with the second.
    assert offers(decision) == ["ship_complete: 5 d3 + 6 X-110 d3"]
    assert (decision.verdict, decision.options[0].days_late) == (Verdict.not_by_then, 1)


def test_what_is_taken_early_may_come_together_on_the_first_day() -> None:
    customer = Customer(id="c", name="C", ship_complete=True, early_days_max=2)
    stock = {"X-100": "+9 now", "X-110": "+9 now"}

    decision = World(OTHER, stock=stock, customer=customer).ask("5 X-100 d2", "6 X-110 d3")

    assert offers(decision) == ["ship_complete: 5 d2 + 6 X-110 d2"]
    assert decision.verdict is Verdict.yes


def line() -> tuple[Resource, Operation, Operation]:
    """Two pumps that share one line of eight hours a day; each piece takes an hour."""
    step = Step(loads=(Load(resource="line"),), run_seconds=3_600)
    return (
        Resource(id="line", name="Line", site="halden", calendar="week"),
        Operation(id="o1", item="X-100", site="halden", steps=(step,)),
        Operation(id="o2", item="X-110", site="halden", steps=(step,)),
    )


def test_together_may_be_later_than_the_latest_of_the_separate_days() -> None:
    world = World(OTHER, *line())

    alone = [world.ask(f"8 {item} d0").lines[0].on for item in ("X-100", "X-110")]
    together = world.ask("8 X-100 d0", "8 X-110 d0", ship_complete=True)

    assert alone == [TODAY + 1, TODAY + 1]
    assert offers(together) == ["ship_complete: 8 d2 + 8 X-110 d2"]


def test_by_line_the_second_line_works_on_what_the_first_left() -> None:
    decision = World(OTHER, *line()).ask("8 X-100 d0", "8 X-110 d0")

    assert offers(decision) == ["by_line: 8 d1 + 8 X-110 d2", "ship_complete: 8 d2 + 8 X-110 d2"]
    used: dict[int, int] = {}
    for receipt in decision.options[0].makes:
        for take in receipt.takes:
            used[take.on - TODAY] = used.get(take.on - TODAY, 0) + take.quantity
    assert used == {0: 480, 1: 480}


def test_an_order_with_a_line_that_cannot_be_had_is_refused_as_a_whole() -> None:
    decision = World(OTHER, stock={"X-100": "+9 now"}).ask(
        "5 X-100 d2", "6 X-110 d3", verb="commit", accept="best"
    )

    assert (decision.verdict, decision.options, decision.chosen) == (Verdict.cannot_promise, (), None)
    assert [verdict.verdict for verdict in decision.lines] == [Verdict.yes, Verdict.cannot_promise]
    assert decision.refusals == (Refusal.no_source,)
    assert (
        decision.sentence
        == "6 X-110 cannot be promised. X-110 is not in stock and cannot be made, moved or bought."
    )


def test_an_unknown_item_on_one_line_refuses_the_order() -> None:
    decision = World(stock={"X-100": "+9 now"}).ask("5 X-100 d2", "6 X-999 d3")

    assert (decision.refusals, decision.sentence) == ((Refusal.unknown_item,), "There is no item X-999.")


def test_lines_may_leave_from_different_sites() -> None:
    decision = World(OTHER, LYON, stock={"X-100@lyon": "+9 now", "X-110": "+9 now"}).ask(
        "5 X-100 d2", "6 X-110 d2", ship_complete=True
    )

    assert offers(decision) == ["ship_complete: 5 d2 lyon + 6 X-110 d2"]


def test_late_is_counted_for_the_line_that_is_late() -> None:
    stock = {"X-100": "+9 now", "X-110": "+9 d7"}
    decision = World(OTHER, stock=stock, rules=Rules(weigh_delivery=0)).ask("5 X-100 d2", "6 X-110 d3")

    # By line: four days late on one of two lines. Together: five and four days late.
    assert [(option.kind, option.score) for option in decision.options] == [
        ("by_line", 200),
        ("ship_complete", 450),
    ]


def test_the_receipts_of_one_line_serve_the_next() -> None:
    bought = Term(id="t", item="motor", site="halden", supplier="s", lead_days=2, lot_min=10)
    made = [
        Operation(
            id=f"o{n}", item=item, site="halden", inputs=(Input(item="motor", quantity=1),), lead_days=1
        )
        for n, item in enumerate(("X-100", "X-110"))
    ]

    decision = World(OTHER, MOTOR, Supplier(id="s", name="S"), bought, *made).ask("4 X-100 d5", "5 X-110 d5")

    (option,) = decision.options
    assert offers(decision) == ["by_line: 4 d5 + 5 X-110 d5"]
    # One lot of ten motors; nine of them are needed.
    assert [(receipt.source, receipt.quantity, receipt.needed) for receipt in option.makes] == [
        ("buy:t", 10, 9),
        ("make:o0", 4, 4),
        ("make:o1", 5, 5),
    ]


def test_a_condition_on_one_line_is_one_on_the_order() -> None:
    decision = World(OTHER, LYON, stock={"X-100": "+4 now", "X-100@lyon": "+4 now", "X-110": "+9 now"}).ask(
        "6 X-100 d2", "6 X-110 d2"
    )

    assert offers(decision) == ["by_line: 4 d2 + 2 d2 lyon + 6 X-110 d2"]
    assert (decision.verdict, decision.lines[0].verdict) == (Verdict.yes_but, Verdict.yes_but)


@pytest.mark.parametrize("count", [2, 40])
def test_many_lines_are_no_other_thing(count: int) -> None:
    world = World(stock={"X-100": f"+{count} now"})

    assert world.ask(*["1 X-100 d1"] * count).verdict is Verdict.yes
    assert world.ask(*["1 X-100 d1"] * (count + 1)).verdict is Verdict.cannot_promise


def test_the_lines_of_an_order_together_leave_what_is_set_aside_for_others() -> None:
    """What is drawn after the period of the own share does not lessen it: the owner's others still come before the lower share."""
    shares = (
        Allocation(id="a", item="X-100", site="halden", path=("tier:A",), rank=1, from_on=TODAY, until_on=TODAY + 10, quantity=20),
        Allocation(id="b", item="X-100", site="halden", path=("tier:B",), rank=2, from_on=TODAY, until_on=TODAY + 20, quantity=10),
    )  # fmt: skip
    world = World(*shares, stock={"X-100": "+50 now"}, customer=Customer(id="northwind", name="N", tier="A"))

    taken = world.ask("20 X-100 d12", "4 X-100 d5", verb="commit", accept="best")
    too_much = world.ask("21 X-100 d12", "4 X-100 d5", verb="commit", accept="best")

    assert (taken.promise, offers(taken)) == ("prm_1", ["full: 20 d12 + 4 d5"])
    assert too_much.promise is None
    assert [(one.kind, one.needs) for one in too_much.options] == [("by_line", (Refusal.approval_needed,))]


@pytest.mark.parametrize("verb", ["ask", "commit", "hold", "amend"])
def test_what_several_lines_make_together_can_be_held_where_shares_are_set_aside(verb: str) -> None:
    """A later line draws on the lot of an earlier one: the hold keeps what all of them need of it, not the first alone."""
    made = Operation(id="o", item="X-100", site="halden", lead_days=3, lot_min=50)
    span = {"item": "X-100", "site": "halden", "from_on": TODAY}
    shares = (
        Allocation(id="A", path=("tier:A",), rank=1, quantity=16, until_on=TODAY + 18, **span),  # type: ignore[arg-type]
        Allocation(id="B", path=("tier:B",), rank=2, quantity=2, until_on=TODAY + 11, **span),  # type: ignore[arg-type]
    )
    world = World(made, *shares, stock={"X-100": "+26 now"})
    held = Promise(
        id="prm_1", state=State.held, customer="northwind", actor="anna", ref="", request="r", decision="d", lines=(),
        made_at=NOW, changed_at=NOW, expires_at=NOW + 1,
    )  # fmt: skip
    about = {"promise": held.id, "before": held, "standing": Nothing()} if verb == "amend" else {}

    decision = world.ask("19 X-100 d3", "17 X-100 d2", verb=verb, accept="best", **about)  # type: ignore[arg-type]

    assert offers(decision) == ["by_line: 19 d3 + 17 d3"]

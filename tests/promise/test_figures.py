"""What an option or a promise comes to as rights measure it: value, lateness, price, cost, what is paid to have it sooner."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.promise.decide_world import LYON, NORTHWIND, NOW, TODAY, World, leg

from accord.ledger.decide.graph import Graph
from accord.ledger.model import Item, Lane, Operation, Resource, Site, State, Supplier, Term
from accord.policy.model import Actor, Amount, Answer, Figures, Price, Right, Rights, Rules, Ruling
from accord.policy.model import Verb as Act
from accord.promise.decide.case import Case
from accord.promise.decide.rights import (
    expedite_of,
    figures_now,
    figures_of_option,
    known_of,
    prices_in_the_way,
)
from accord.promise.model import (
    CostPart,
    Line,
    Make,
    Option,
    Piece,
    Promise,
    PromiseLine,
    Refusal,
    Request,
    Take,
    Verb,
)

OIL = Item(id="oil", name="Oil", cost_minor=400, scale=10)
GRAPH = Graph(
    1,
    [
        Item(id="X", name="X", cost_minor=1_000),
        OIL,
        Site(id="S", name="S"),
        Supplier(id="s", name="S"),
        Term(id="t", item="X", site="S", supplier="s", lead_days=0, cost_minor=1_250),
        Term(id="cheap", item="X", site="S", supplier="s", lead_days=0, cost_minor=900),
        Term(id="same", item="X", site="S", supplier="s", lead_days=0),
        Term(id="oil", item="oil", site="S", supplier="s", lead_days=0, cost_minor=450),
        Lane(id="l", item="X", origin="S", destination="S", transit_days=0, cost_minor=30),
        Lane(id="lo", item="oil", origin="S", destination="S", transit_days=0, cost_minor=30),
        Operation(id="o", item="X", site="S", cost_minor=70, expedite=True),
        Operation(id="oo", item="oil", site="S", cost_minor=70, expedite=True),
        Operation(id="usual", item="X", site="S", cost_minor=70),
        Resource(id="line", name="Line", site="S", overtime_cost_minor=5),
        leg("fast", "S", 1, cost_minor=8, expedite=True),
        leg("slow", "S", 1, cost_minor=8),
    ],
)


def made(source: str, quantity: int = 10, *takes: Take, expedite: bool = True) -> Make:
    return Make(
        key="node:X@S", source=source, quantity=quantity, starts_on=1, on=2, needed=quantity, needed_on=2, takes=takes,
        cost_minor=0, expedite=expedite,
    )  # fmt: skip


def piece(item: str = "X", quantity: int = 10, **more: Any) -> Piece:
    return Piece(
        **{"line": 0, "item": item, "site": "S", "quantity": quantity, "ship_on": 1, "deliver_on": 1, "delivery": "",
           "from_stock": quantity, **more}
    )  # fmt: skip


OVERTIME, REGULAR = Take(key="overtime:line", on=1, quantity=60), Take(key="resource:line", on=1, quantity=60)


@pytest.mark.parametrize(
    ("what", "minor"),
    [
        (made("buy:t"), 10 * 250),  # what it costs above the item
        (made("buy:t", expedite=False), 0),
        (made("buy:cheap"), 0),  # never less than nothing
        (made("buy:same"), 0),
        (made("buy:ended since"), 0),
        (made("buy:oil"), 50),  # ten tenths
        (made("move:l"), 300),
        (made("move:lo"), 30),
        (made("move:ended since"), 0),
        (made("make:o"), 700),
        (made("make:oo"), 70),
        (made("make:usual"), 0),
        (made("make:usual", 10, OVERTIME, REGULAR), 300),
        (made("make:o", 10, OVERTIME), 700 + 300),
        (made("make:ended since", 10, OVERTIME), 300),
        (made("make:usual", 10, Take(key="overtime:ended since", on=1, quantity=60)), 0),
        (made("make:usual", 10, OVERTIME, expedite=False), 0),
        (piece(), 0),
        (piece(delivery="slow"), 0),
        (piece(delivery="fast"), 80),
        (piece("oil", delivery="fast"), 8),
    ],
)
def test_what_is_paid_to_have_it_sooner(what: Make | Piece, minor: int) -> None:
    makes, pieces = ((what,), ()) if isinstance(what, Make) else ((), (what,))

    assert expedite_of(GRAPH, pieces, makes) == minor
    assert (
        expedite_of(GRAPH, (*pieces, piece(delivery="fast")), (*makes, made("buy:t"))) == minor + 80 + 2_500
    )


def option(**more: Any) -> Option:
    given = {"id": "o", "kind": "full", "in_full_on_time": True, "pieces": (), "takes": (), "makes": (), "days_late": 0,
             "price_minor": None, "cost_minor": 0, "margin_minor": None, "score": 0, "difference": "", **more}  # fmt: skip
    return Option(**given)


REQUEST = Request(
    id="r",
    verb=Verb.commit,
    lines=(Line(item="X", quantity=10, requested_on=1), Line(item="oil", quantity=25, requested_on=1)),
)


def test_an_option_that_was_measured_stays_as_it_was_measured() -> None:
    known = Figures(days_late=7)

    assert figures_of_option(GRAPH, REQUEST, option(figures=known)) is known


def test_an_option_that_was_not_is_measured_by_what_it_says() -> None:
    offered = option(
        pieces=(
            piece(cost_minor=600, delivery="fast"),
            piece("oil", 25, line=1, cost_minor=200),
            piece(cost_minor=0),
        ),
        price_minor=1_000,
        cost_minor=800,
        days_late=2,
        kind="borrow",
        needs=(Refusal.below_margin_floor,),
    )

    found = figures_of_option(GRAPH, REQUEST, offered)

    assert found == Figures(
        amounts=(
            Amount(
                item="X", quantity=10, value_minor=750, expedite_minor=80
            ),  # the price is shared as the costs are
            Amount(item="oil", quantity=3, value_minor=250),  # 2.5 rounded up
        ),
        days_late=2,
        price_minor=1_000,
        cost_minor=800,
        borrow=True,
        below_floor=True,
    )


@pytest.mark.parametrize(
    ("price", "costs", "values"),
    [
        (None, (600, 200), [600, 200]),  # what it costs us, where that is more
        (400, (600, 200), [600, 200]),
        (1_000, (0, 0), [0, 0]),
        (1_000, (600, 0), [1_000, 0]),
    ],
)
def test_a_line_is_worth_what_is_paid_for_it_or_what_it_costs_where_that_is_more(
    price: int | None, costs: tuple[int, int], values: list[int]
) -> None:
    pieces = (piece(cost_minor=costs[0]), piece("gone", 25, line=1, cost_minor=costs[1]))
    request = msgspec.structs.replace(
        REQUEST, lines=(REQUEST.lines[0], Line(item="gone", quantity=25, requested_on=1))
    )

    found = figures_of_option(GRAPH, request, option(pieces=pieces, price_minor=price))

    assert [one.value_minor for one in found.amounts] == values
    assert found.amounts[1].quantity == 25  # of an item that is no longer known, base units
    assert (found.borrow, found.below_floor) == (False, False)


# --- of a promise ---


def line(place: int = 0, item: str = "X", quantity: int = 10, **more: Any) -> PromiseLine:
    given = {"line": place, "item": item, "quantity": quantity, "requested_on": 5, "first_promised_on": 5,
             "promised_on": 5, **more}  # fmt: skip
    return PromiseLine(**given)


def promise(*lines: PromiseLine, **more: Any) -> Promise:
    given = {"id": "prm_1", "state": State.held, "customer": "northwind", "actor": "sam", "ref": "", "request": "r0",
             "decision": "dec_0", "lines": lines, "made_at": NOW, "changed_at": NOW, **more}  # fmt: skip
    return Promise(**given)


@pytest.mark.parametrize(
    ("before", "figures"),
    [
        (promise(line(), figures=Figures(days_late=3)), Figures(days_late=3)),
        (promise(), Figures(price_minor=0)),
        (
            promise(line(price_minor=120, cost_minor=800), line(1, "oil", 25, price_minor=500, cost_minor=1_500, promised_on=8)),
            Figures(
                amounts=(Amount(item="X", quantity=10, value_minor=1_200), Amount(item="oil", quantity=3, value_minor=1_500)),
                days_late=3, price_minor=1_200 + 1_250, cost_minor=2_300,
            ),
        ),
        (
            promise(line(price_minor=None, cost_minor=800), line(1, price_minor=120)),
            Figures(
                amounts=(Amount(item="X", quantity=10, value_minor=800), Amount(item="X", quantity=10, value_minor=1_200)),
                price_minor=None, cost_minor=800,
            ),
        ),
        (
            promise(line(item="gone", price_minor=3)),
            Figures(amounts=(Amount(item="gone", quantity=10, value_minor=30),), price_minor=30),
        ),
    ],
)  # fmt: skip
def test_a_promise_comes_to_what_it_was_decided_on_or_what_its_lines_say(
    before: Promise, figures: Figures
) -> None:
    assert known_of(GRAPH, before) == figures


def case(verb: str, before: Promise, *, floor: int = 0, margin: int | None = None, **more: Any) -> Case:
    world = World(
        Item(id="X", name="X", cost_minor=1_000),
        prices=(Price(id="X", item="X", floor_minor=floor),) if floor else (),
        rules=Rules(margin_bp_min=margin),
    )
    request = Request(id="r", verb=Verb(verb), promise="prm_1", **more)
    return Case(request, world.trial(request), world.graph, world.book, NOW, before)


ROSE = (CostPart(item="X", quantity=10, unit_minor=900),)  # from 9.00 to 10.00


@pytest.mark.parametrize(
    ("price", "floor", "margin", "parts", "is_below"),
    [
        (1_500, 0, None, (), False),
        (1_500, 1_500, None, (), False),
        (1_499, 1_500, None, (), True),
        (1_125, 0, 2_000, (), False),  # 9,000 of 11,250 leave 20 %
        (1_125, 0, 2_000, ROSE, True),  # what it rests on costs 1,000 more by now
        (1_250, 0, 2_000, ROSE, False),
        (None, 1_500, None, (), False),  # where no price is known none is below
    ],
)
def test_a_hold_is_measured_by_todays_floor_and_cost(
    price: int | None, floor: int, margin: int | None, parts: tuple[CostPart, ...], is_below: bool
) -> None:
    before = promise(line(price_minor=price, cost_minor=9_000), parts=parts)

    found = figures_now(case("commit", before, floor=floor, margin=margin), before)

    assert found.below_floor is is_below
    assert found.cost_minor == (10_000 if parts else 9_000)


def test_one_line_below_its_floor_is_enough_and_an_item_that_is_gone_has_none() -> None:
    before = promise(
        line(item="gone", price_minor=1), line(1, price_minor=1_499), line(2, price_minor=1_600), parts=ROSE
    )

    assert figures_now(case("commit", before, floor=1_500), before).below_floor


def test_each_line_is_measured_by_what_it_rests_on_itself() -> None:
    first = line(price_minor=1_125, cost_minor=9_000)
    second = line(1, price_minor=1_250, cost_minor=9_000)
    rose = tuple(msgspec.structs.replace(part, line=1) for part in ROSE)
    before = promise(first, second, parts=rose)

    assert not figures_now(case("commit", before, margin=2_000), before).below_floor


def test_a_promise_that_ends_is_not_measured_anew() -> None:
    before = promise(line(price_minor=1, cost_minor=9_000), parts=ROSE)

    found = figures_now(case("release", before, floor=1_500), before)

    assert (found.below_floor, found.cost_minor) == (False, 9_000)


@pytest.mark.parametrize(
    ("verb", "more", "parts", "below", "found"),
    [
        ("commit", {"price_until": NOW}, ROSE, False, ["price_expired"]),
        ("commit", {"price_until": NOW + 1}, ROSE, False, []),
        ("commit", {"price_until": NOW}, (), False, []),  # it did not move
        ("commit", {"price_until": None}, ROSE, False, []),
        ("hold", {"price_until": NOW}, ROSE, False, []),  # only a commitment takes the price
        ("commit", {"price_until": NOW}, ROSE, True, ["below_margin_floor", "price_expired"]),
        ("release", {"price_until": NOW}, ROSE, True, []),
    ],
)
def test_a_hold_is_not_made_firm_at_a_price_that_no_longer_holds(
    verb: str, more: dict[str, Any], parts: tuple[CostPart, ...], below: bool, found: list[str]
) -> None:
    before = promise(line(price_minor=1_500), parts=parts, **more)

    why = prices_in_the_way(case(verb, before), before, Figures(below_floor=below), None)

    assert [one.value for one in why] == found


@pytest.mark.parametrize(
    ("approves", "ruling", "found"),
    [
        (None, Ruling(answer=Answer.allow), ["price_expired"]),
        ("boss", Ruling(answer=Answer.allow), []),  # whoever approves decides about the price as well
        ("boss", None, ["price_expired"]),  # where no rights are stated nobody has the right to
    ],
)
def test_whoever_approves_decides_about_the_price(
    approves: str | None, ruling: Ruling | None, found: list[str]
) -> None:
    before = promise(line(price_minor=1_500), parts=ROSE, price_until=NOW)
    of = case("commit", before)
    of.approves = approves

    assert [one.value for one in prices_in_the_way(of, before, Figures(), ruling)] == found


# --- what the rights say to it ---


def rights(*rows: Right) -> Rights:
    return Rights(rights=rows, actors=(Actor(id="sam", roles=("seller",)), Actor(id="bea", roles=("boss",))))


AMEND = Right(id="amend", role="seller", verbs=(Act.amend,), then=Answer.allow)
COMMIT = Right(id="commit", role="seller", verbs=(Act.commit,), then=Answer.allow, quantity_max=50)
HOLD = Right(id="hold", role="seller", verbs=(Act.hold,), then=Answer.allow, quantity_max=20)


@pytest.mark.parametrize(
    ("rows", "state", "quantity", "said"),
    [
        ((AMEND, COMMIT), State.committed, 50, "allow by commit"),
        ((AMEND, COMMIT), State.committed, 51, "deny by "),
        ((COMMIT,), State.committed, 50, "deny by "),  # amending itself must be allowed
        ((AMEND, COMMIT, HOLD), State.held, 20, "allow by hold"),
        ((AMEND, COMMIT, HOLD), State.held, 21, "deny by "),
    ],
)
def test_what_an_amendment_makes_must_be_allowed_as_if_it_were_made_anew(
    rows: tuple[Right, ...], state: State, quantity: int, said: str
) -> None:
    world = World(stock={"X-100": "+100 now"}, rights=rights(*rows))
    before = promise(line(item="X-100"), state=state, expires_at=NOW + 1 if state is State.held else None)

    found = world.ask(f"{quantity} X-100 d4", verb="amend", promise="prm_1", before=before, actor="sam")

    ruling = found.options[0].ruling
    assert ruling is not None
    assert f"{ruling.answer.value} by {ruling.by}" == said


def test_without_a_price_nothing_is_known_to_be_paid() -> None:
    world = World(
        stock={"X-100": "+100 now"},
        rights=rights(Right(id="a", then=Answer.allow)),
        prices=(Price(id="X-100", item="X-100", list_minor=1_500),),
    )

    priced, bare = (
        world.ask("2 X-100 d4"),
        World(stock={"X-100": "+100 now"}, rights=world.book.rights).ask("2 X-100 d4"),
    )

    assert [one.price_minor for one in (_figures(priced.options[0]), _figures(bare.options[0]))] == [
        3_000,
        None,
    ]
    assert _figures(bare.options[0]).amounts == (Amount(item="X-100", quantity=2, value_minor=2_000),)


def test_an_order_without_a_price_on_one_line_has_none_as_a_whole() -> None:
    world = World(
        Item(id="Y", name="Y", cost_minor=100),
        stock={"X-100": "+100 now", "Y": "+9 now"},
        rights=rights(Right(id="a", then=Answer.allow)),
    )

    found = _figures(world.ask("2 X-100 d4", "3 Y d6 at 200").options[0])

    assert found.price_minor is None
    assert [one.value_minor for one in found.amounts] == [2_000, 600]
    assert found.days_ahead == 6


def test_an_option_is_measured_by_its_last_delivery_and_by_whether_it_borrows() -> None:
    world = World(LYON, leg("a", "halden", 0), leg("b", "lyon", 2), stock={"X-100": "+10 now, +90 d7"}, rights=rights(Right(id="a", then=Answer.allow)))  # fmt: skip

    later = next(one for one in world.ask("20 X-100 d4").options if one.kind == "later")

    found = _figures(later)
    assert (found.days_late, found.days_ahead, found.borrow, found.hold_seconds) == (3, 7, False, 0)


def test_a_hold_is_measured_by_how_long_it_lasts() -> None:
    world = World(stock={"X-100": "+10 now"}, rights=rights(Right(id="a", then=Answer.allow)))

    usual, asked = world.ask("1 X-100 d4", verb="hold"), world.ask("1 X-100 d4", verb="hold", hold_seconds=60)

    assert [_figures(one.options[0]).hold_seconds for one in (usual, asked)] == [48 * 3_600, 60]


def _figures(of: Option) -> Figures:
    assert of.figures is not None
    return of.figures


def test_the_customers_tier_says_which_row_counts() -> None:
    gold = msgspec.structs.replace(NORTHWIND, tier="gold")
    rows = rights(Right(id="gold", tiers=("gold",), then=Answer.allow))

    yes = World(stock={"X-100": "+10 now"}, customer=gold, rights=rows).ask("1 X-100 d4", verb="commit")
    no = World(stock={"X-100": "+10 now"}, rights=rows).ask("1 X-100 d4", verb="commit")

    assert (yes.promise, no.promise, no.refusals) == ("prm_1", None, (Refusal.not_allowed,))
    assert no.options[0].difference.endswith(", not allowed") or "; not allowed" in no.options[0].difference
    assert yes.options[0].pieces[0].deliver_on == TODAY + 4

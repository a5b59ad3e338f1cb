"""What a price rests on, how long it holds, and that no cost moves under a promise unseen."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests import company
from tests.promise import rights_company
from tests.promise.rights_company import Desk

from accord.db.engine import Database
from accord.exceptions.model import MasterStated
from accord.exceptions.service import supply_changed
from accord.kit.days import Day, midnight
from accord.ledger.decide.graph import Graph
from accord.ledger.model import Item, Site, Supplier, Term
from accord.policy import service as policy
from accord.policy.model import Price, Rules
from accord.promise import service
from accord.promise.decide.price import cost_at, holds_seconds, is_thin, moved_minor, parts_of
from accord.promise.model import CostPart, Make, Piece, Refusal, Take, Verb, Verdict

TODAY: Day = 740_000
NOW = midnight(TODAY, "UTC") + 3_600_000_000
DAY = 86_400
ITEM = Item(id="X", name="X", cost_minor=1_000)


def _graph(*steps: tuple[int, int], item: Item = ITEM) -> Graph:
    """A graph whose item cost so much from so many days ago on."""
    costs = {"X": tuple((midnight(TODAY - ago, "UTC"), minor) for ago, minor in steps)}
    return Graph(1, [item, Site(id="S", name="S")], costs)


# --- for how long a price holds: pure ---


@pytest.mark.parametrize(
    ("steps", "seconds"),
    [
        ((), 30 * DAY),  # never moved: as long as the policy allows
        (((200, 900), (100, 1_000)), 30 * DAY),  # moved before the window
        (((200, 1_000), (10, 1_100)), 9 * DAY),  # 1,000 bp in 90 days: 100 bp in 9 days
        (
            ((200, 1_000), (50, 1_100), (10, 990)),
            4 * DAY + DAY // 2,
        ),  # up and down count alike: 1,000 + 1,000
        (((200, 1_000), (10, 3_000)), 90 * DAY * 100 // 20_000),  # 20,000 bp: half a day
        (((200, 1), (10, 1_000)), 3_600),  # beyond all measure: the least there is
        (((200, 0), (10, 1_000)), 30 * DAY),  # from nothing there is no share to tell
    ],
)
def test_a_price_holds_as_long_as_its_cost_usually_takes_to_move(
    steps: tuple[tuple[int, int], ...], seconds: int
) -> None:
    parts = [CostPart(item="X", quantity=5, unit_minor=1_000)]

    assert holds_seconds(_graph(*steps), Rules(), parts, NOW) == seconds


def test_several_items_are_weighted_by_what_they_add_to_the_cost() -> None:
    calm = Item(id="Y", name="Y", cost_minor=3_000)
    costs = {"X": ((midnight(TODAY - 200, "UTC"), 1_000), (midnight(TODAY - 10, "UTC"), 1_100))}
    graph = Graph(1, [ITEM, calm], costs)
    parts = [
        CostPart(item="X", quantity=1, unit_minor=1_000),
        CostPart(item="Y", quantity=1, unit_minor=3_000),
    ]

    assert holds_seconds(graph, Rules(price_seconds_max=99 * DAY), parts, NOW) == 36 * DAY


def test_what_is_made_or_bought_for_a_line_is_part_of_that_line() -> None:
    motor = Item(id="motor", name="Motor", cost_minor=300)
    term = Term(id="t", supplier="s", item="Y", site="S", lead_days=2, cost_minor=90)
    copper = Item(id="copper", name="Copper", cost_minor=7)
    known = [ITEM, Item(id="Y", name="Y", cost_minor=50), motor, copper, Site(id="S", name="S")]
    graph = Graph(1, [*known, Supplier(id="s", name="S"), term])
    pieces = tuple(
        Piece(line=line, item=item, site="S", quantity=2, ship_on=9, deliver_on=9, delivery="", from_stock=0)
        for line, item in enumerate((ITEM.id, "Y"))
    )
    made = {"starts_on": 1, "on": 8, "needed_on": 9, "cost_minor": 0}
    makes = (
        Make(key="node:motor@S", source="make:m", quantity=2, needed=2,
             takes=(Take(key="node:copper@S", on=1, quantity=4),), **made),
        Make(key=f"node:{ITEM.id}@S", source="make:x", quantity=2, needed=2,
             takes=(Take(key="node:motor@S", on=1, quantity=2),), **made),
        Make(key="node:Y@S", source="buy:t", quantity=2, needed=2, takes=(), **made),
    )  # fmt: skip

    parts = parts_of(graph, pieces, makes)

    assert [(part.item, part.line, part.quantity, part.unit_minor) for part in parts] == [
        ("copper", 0, 4, 7),
        ("Y", 1, 2, 90),
    ]


def test_the_age_is_that_of_the_oldest_cost_that_is_dated() -> None:
    items = [ITEM, Item(id="Y", name="Y", cost_at=7), Item(id="Z", name="Z", cost_at=5)]
    graph = Graph(1, items)

    assert cost_at(graph, [CostPart(item=id, quantity=1, unit_minor=1) for id in "XYZ"]) == 5
    assert cost_at(graph, [CostPart(item="X", quantity=1, unit_minor=1)]) is None


@pytest.mark.parametrize(
    ("was", "quantity", "scale", "moved"),
    [(1_000, 5, 1, 0), (900, 5, 1, 500), (1_100, 5, 1, -500), (900, 15, 10, 150)],
)
def test_what_the_same_costs_now(was: int, quantity: int, scale: int, moved: int) -> None:
    graph = Graph(1, [Item(id="X", name="X", cost_minor=1_000, scale=scale)])

    assert moved_minor(graph, [CostPart(item="X", quantity=quantity, unit_minor=was)]) == moved


@pytest.mark.parametrize(
    ("part", "moved"),
    [
        (CostPart(item="X", quantity=5, unit_minor=900, term="t"), 5 * 350),  # at the term's cost
        (CostPart(item="X", quantity=5, unit_minor=900, term="at the item's"), 5 * 100),
        (
            CostPart(item="X", quantity=5, unit_minor=900, term="ended"),
            0,
        ),  # what is not known costs what it did
        (CostPart(item="gone", quantity=5, unit_minor=900), 0),
        (CostPart(item="gone", quantity=5, unit_minor=900, term="t"), 0),
    ],
)
def test_what_was_bought_costs_now_what_its_term_says(part: CostPart, moved: int) -> None:
    graph = Graph(
        1,
        [
            ITEM,
            Site(id="S", name="S"),
            Supplier(id="s", name="S"),
            Term(id="t", item="X", site="S", supplier="s", lead_days=1, cost_minor=1_250),
            Term(id="at the item's", item="X", site="S", supplier="s", lead_days=1),
        ],
    )

    assert moved_minor(graph, [part]) == moved
    assert moved_minor(graph, [part], line=0) == moved
    assert moved_minor(graph, [part], line=1) == 0


@pytest.mark.parametrize(
    ("price", "cost", "least", "is_thin_"),
    [(1_000, 800, 2_000, False), (1_000, 801, 2_000, True), (1_000, 900, None, False), (0, 0, 2_000, False), (0, 1, 0, True)],
)  # fmt: skip
def test_a_price_is_thin_that_leaves_less_than_the_least_margin(
    price: int, cost: int, least: int | None, is_thin_: bool
) -> None:
    assert is_thin(price, cost, least) is is_thin_


# --- through the doors ---


def _cost(db: Database, minor: int, id: str) -> None:
    item = Item(id="X-100", name="Pump 100", cost_minor=minor)
    supply_changed(db, [MasterStated(record=item)], actor="erp", id=id)


@pytest.fixture
def desk(db: Database, noon: Callable[[int], None]) -> Desk:
    """The small company without rights: 1,200 for an X-100, never below 1,500, and 20 % margin at least."""
    today = company.tell(db)
    policy.put(db, [Rules(margin_bp_min=2_000)], actor="boss", id="rules")
    return Desk(db, today)


def test_an_option_says_how_long_its_price_holds(desk: Desk) -> None:
    _cost(desk.db, 1_320, "dearer")  # 1,000 bp, today

    option = desk.do("sam", Verb.ask, 10, price=1_700).options[0]

    assert option.price_seconds == 9 * DAY
    assert option.cost_minor == 13_200


def test_too_thin_a_margin_is_below_the_floor(desk: Desk) -> None:
    fine = desk.do("sam", Verb.ask, 10, price=1_500)
    thin = desk.do("sam", Verb.ask, 10, price=1_499)

    assert fine.verdict is Verdict.yes
    assert thin.verdict is Verdict.needs_approval
    assert thin.refusals == (Refusal.below_margin_floor,)


def test_a_cost_that_rose_stops_the_hold_from_being_committed(desk: Desk) -> None:
    hold = desk.do("sam", Verb.hold, 10, price=1_550)
    _cost(desk.db, 1_260, "dearer")  # 18.7 % are left

    commit = desk.do("sam", Verb.commit, promise=hold.promise)

    assert commit.refusals == (Refusal.below_margin_floor,)
    assert commit.promise is None
    assert commit.options[0].needs == (Refusal.below_margin_floor,)
    assert service.promise_of(desk.db, hold.promise or "").state.value == "held"
    assert service.verify(desk.db).findings == ()

    amended = desk.do("sam", Verb.amend, 10, price=1_600, promise=hold.promise)
    assert amended.refusals == ()
    assert desk.do("sam", Verb.commit, promise=hold.promise).refusals == ()
    assert all(one.same for one in service.replay_all(desk.db))


def test_a_floor_that_rose_stops_it_too(desk: Desk) -> None:
    hold = desk.do("sam", Verb.hold, 10, price=1_550)
    policy.put(
        desk.db,
        [Price(id="X-100", item="X-100", list_minor=2_000, floor_minor=1_551)],
        actor="boss",
        id="floor",
    )

    assert desk.do("sam", Verb.commit, promise=hold.promise).refusals == (Refusal.below_margin_floor,)


def test_a_cost_that_fell_stops_nothing(desk: Desk, noon: Callable[[int], None]) -> None:
    hold = desk.do("sam", Verb.hold, 10, price=1_550, hold_seconds=10 * DAY, ahead=10)
    _cost(desk.db, 600, "cheaper")
    noon(9 * DAY)

    assert desk.do("sam", Verb.commit, promise=hold.promise).refusals == ()


def test_a_price_holds_until_its_time_although_the_cost_rose(desk: Desk, noon: Callable[[int], None]) -> None:
    _cost(desk.db, 1_320, "dearer")
    hold = desk.do("sam", Verb.hold, 10, price=1_800, hold_seconds=12 * DAY, ahead=13)
    seen = service.promise_of(desk.db, hold.promise or "").promise
    assert seen.price_until == seen.made_at + 9 * DAY * 1_000_000
    _cost(desk.db, 1_330, "dearer still")
    noon(8 * DAY)

    assert desk.do("sam", Verb.commit, promise=hold.promise).refusals == ()


def test_after_its_time_a_price_must_be_stated_again_where_the_cost_rose(
    desk: Desk, noon: Callable[[int], None]
) -> None:
    _cost(desk.db, 1_320, "dearer")
    hold = desk.do("sam", Verb.hold, 10, price=1_800, hold_seconds=12 * DAY, ahead=13)
    _cost(desk.db, 1_330, "dearer still")
    noon(10 * DAY)

    commit = desk.do("sam", Verb.commit, promise=hold.promise)

    assert commit.refusals == (Refusal.price_expired,)
    assert commit.options[0].cost_minor == 13_300
    amended = desk.do("sam", Verb.amend, 10, price=1_800, ahead=13, promise=hold.promise)
    assert amended.refusals == ()
    assert desk.do("sam", Verb.commit, promise=hold.promise).refusals == ()
    assert all(one.same for one in service.replay_all(desk.db))


def test_after_its_time_a_price_still_holds_where_the_cost_did_not_move(
    desk: Desk, noon: Callable[[int], None]
) -> None:
    _cost(desk.db, 1_320, "dearer")
    hold = desk.do("sam", Verb.hold, 10, price=1_800, hold_seconds=12 * DAY, ahead=13)
    noon(10 * DAY)

    assert desk.do("sam", Verb.commit, promise=hold.promise).refusals == ()


def test_the_price_that_was_agreed_is_kept_asked_for_or_listed(desk: Desk) -> None:
    asked = desk.do("sam", Verb.hold, 1, price=1_900)
    listed = desk.do("sam", Verb.hold, 1)

    prices = [service.promise_of(desk.db, one.promise or "").promise.lines[0] for one in (asked, listed)]

    assert [(line.price_minor, line.is_listed) for line in prices] == [(1_900, False), (2_000, True)]


def test_with_rights_a_risen_cost_sends_the_hold_to_approval(
    db: Database, noon: Callable[[int], None]
) -> None:
    desk = Desk(db, rights_company.tell(db, margin_bp_min=2_000))
    hold = desk.do("sam", Verb.hold, 10, price=1_550)
    _cost(db, 1_260, "dearer")

    refused = desk.do("sam", Verb.commit, promise=hold.promise)
    asked = desk.do("sam", Verb.commit, promise=hold.promise, asks_approval=True)
    given = desk.do("mia", Verb.approve, approval=asked.approval)

    assert refused.refusals == (Refusal.below_margin_floor, Refusal.approval_needed)
    assert given.refusals == ()
    assert service.promise_of(db, hold.promise or "").promise.approved_by == "mia"
    assert all(one.same for one in service.replay_all(db))

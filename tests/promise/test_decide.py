"""One line: what is answered, offered, refused and said. Days count from today, Monday 1 March 2027."""

from __future__ import annotations

import msgspec
import pytest
from tests.promise.decide_world import HALDEN, LYON, NORTHWIND, NOW, PUMP, TODAY, World, leg, offers

from accord.kit.digest import canonical
from accord.kit.errors import InputError
from accord.ledger.model import (
    Allocation,
    Item,
    Load,
    Operation,
    Resource,
    Site,
    Step,
    Substitute,
    Supplier,
    Term,
)
from accord.policy.model import Customer, Price, Rules
from accord.promise.model import Refusal, Request, Verb, Verdict

# --- stock and receipts ---


@pytest.mark.parametrize(
    ("stock", "ask", "verdict", "expected"),
    [
        ("+420 now", "420 X-100 d4", "yes", ["full: 420 d4"]),
        ("+420 now", "421 X-100 d4", "cannot_promise", []),
        ("+420 now, +100 d7 PO-4711", "500 X-100 d7", "yes", ["full: 500 d7"]),
        ("+420 now, +100 d7 PO-4711", "500 X-100 d4", "not_by_then", ["split: 420 d4 + 80 d7", "later: 500 d7"]),
        ("+100 now, -70 d5", "31 X-100 d0", "cannot_promise", []),  # a later promise is not broken
        ("+100 now, -70 d5", "30 X-100 d0", "yes", ["full: 30 d0"]),
        ("+10 now, +5 d3, +5 d9", "20 X-100 d3", "not_by_then", ["split: 15 d3 + 5 d9", "later: 20 d9"]),
        ("", "1 X-100 d3", "cannot_promise", []),
    ],
)  # fmt: skip
def test_stock_and_receipts_answer(stock: str, ask: str, verdict: str, expected: list[str]) -> None:
    decision = World(stock={"X-100": stock} if stock else {}).ask(ask)

    assert (decision.verdict.value, offers(decision)) == (verdict, expected)


@pytest.mark.parametrize(
    ("stock", "ask", "sentence"),
    [
        ("+420 now", "400 X-100 d11", "400 X-100 can be ready by Fri 12 Mar 2027."),
        (
            "+420 now, +100 d7 PO-4711",
            "500 X-100 d11",
            "500 X-100 can be ready by Fri 12 Mar 2027: 420 now, 80 with PO 4711.",
        ),
        (
            "+420 now, +100 d14 PO-4711",
            "500 X-100 d11",
            "500 X-100 cannot all be there by Fri 12 Mar 2027, PO 4711 arrives Mon 15 Mar 2027: "
            "420 then, 80 by Mon 15 Mar 2027.",
        ),
        (
            "+100 d14 PO-4711",
            "80 X-100 d11",
            "80 X-100 cannot all be there by Fri 12 Mar 2027, PO 4711 arrives Mon 15 Mar 2027: "
            "all of it by Mon 15 Mar 2027.",
        ),
        (
            "+4 now, +10 d1 WO-1, +10 d2 WO-2",
            "20 X-100 d4",
            "20 X-100 can be ready by Fri 5 Mar 2027: 4 now, 16 with WO 1 and WO 2.",
        ),
        (
            "+4 d1 WO-1, +10 d1 WO-2, +10 d2 WO-3, +10 d3 WO-4",
            "30 X-100 d4",
            "30 X-100 can be ready by Fri 5 Mar 2027, with WO 1, WO 2 and 2 more.",
        ),
        ("+7 now", "8 X-100 d1", "8 X-100 cannot be promised: there is not enough supply."),
        ("-1 d9", "8 X-100 d1", "8 X-100 cannot be promised. X-100 is not in stock and cannot be made, moved or bought."),
    ],
)  # fmt: skip
def test_the_sentence_may_be_read_aloud(stock: str, ask: str, sentence: str) -> None:
    assert World(stock={"X-100": stock}).ask(ask).sentence == sentence


def test_quantities_are_said_in_the_items_own_unit() -> None:
    oil = Item(id="OIL", name="Oil", unit="l", scale=10)

    decision = World(oil, stock={"OIL": "+25 now, +20 d3 PO-1"}).ask("30 OIL d4")

    assert decision.sentence == "3 l OIL can be ready by Fri 5 Mar 2027: 2.5 l now, 0.5 l with PO 1."


def test_the_evidence_adds_up_to_the_line() -> None:
    decision = World(stock={"X-100": "+420 now, +100 d7 PO-4711"}).ask("500 X-100 d11")

    (piece,) = decision.options[0].pieces
    assert [(row.source, row.quantity, row.on - TODAY) for row in piece.evidence] == [
        ("on hand", 420, 0),
        ("PO 4711", 80, 7),
    ]
    assert piece.from_stock == 500


def test_the_limit_names_the_key_the_day_the_quantity_and_what_relieves_it() -> None:
    decision = World(stock={"X-100": "+420 now, +100 d14 PO-4711"}).ask("500 X-100 d11")

    limit = decision.lines[0].limit
    assert limit is not None
    assert (limit.why, limit.key, limit.on - TODAY, limit.short) == (
        Refusal.supply_short,
        "node:X-100@halden",
        11,
        80,
    )
    assert (limit.until, limit.ref) == (TODAY + 14, "PO 4711")
    assert (decision.lines[0].on, decision.lines[0].quantity_on_time) == (TODAY + 14, 420)
    assert decision.refusals == (Refusal.supply_short, Refusal.not_by_then)


def test_the_same_book_gives_the_same_bytes_and_stays_as_it_was() -> None:
    world = World(LYON, stock={"X-100": "+420 now, +100 d7 PO-4711", "X-100@lyon": "+60 now"})
    before = canonical(world.profiles)

    first, second = (world.ask("500 X-100 d4") for _ in range(2))

    assert canonical(first) == canonical(second)
    assert canonical(world.profiles) == before


def test_what_stock_answers_looks_at_its_own_node_only() -> None:
    bought = Term(id="t", item="X-100", site="halden", supplier="s", lead_days=3)
    supplier = Supplier(id="s", name="S", capacity=10)

    decision = World(LYON, bought, supplier, stock={"X-100": "+420 now"}).ask("420 X-100 d4")

    assert decision.reads == (("node:X-100@halden", 7),)


# --- days ---


@pytest.mark.parametrize(
    ("ask", "expected"),
    [
        ("5 X-100 d1", "later: 5 d2"),  # two days on the way
        ("5 X-100 d2", "full: 5 d2"),
        ("5 X-100 d6", "full: 5 d6"),  # Sunday: leaves Friday, waits for the day
        ("5 X-100 d8", "full: 5 d8"),  # Tuesday: Sunday is closed, leaves Friday
        ("5 X-100 d9", "full: 5 d9"),
    ],
)
def test_a_delivery_day_is_a_ship_day_and_the_leg(ask: str, expected: str) -> None:
    halden = msgspec.structs.replace(HALDEN, calendar="week")

    decision = World(halden, leg("truck", "halden", 2), stock={"X-100": "+5 now"}).ask(ask)

    assert offers(decision) == [expected]
    assert "delivered" in decision.sentence or "there" in decision.sentence


def test_it_leaves_as_late_as_it_can() -> None:
    halden = msgspec.structs.replace(HALDEN, calendar="week")

    decision = World(halden, leg("truck", "halden", 2), stock={"X-100": "+5 now"}).ask("5 X-100 d8")

    assert decision.options[0].pieces[0].ship_on == TODAY + 4


@pytest.mark.parametrize(
    ("early_days_max", "expected"),
    [(0, "later: 5 d7"), (1, "full: 5 d4"), (3, "full: 5 d4")],
    ids=["takes nothing early: Monday", "a day early: Friday", "up to three days early: Friday"],
)
def test_on_a_day_on_which_nothing_is_received_it_comes_next_or_before(
    early_days_max: int, expected: str
) -> None:
    customer = Customer(id="northwind", name="N", calendar="week", early_days_max=early_days_max)

    decision = World(leg("truck", "halden", 1), customer=customer, stock={"X-100": "+5 now"}).ask(
        "5 X-100 d5"
    )

    assert offers(decision) == [expected]


def test_where_nothing_is_received_on_the_wanted_day_a_part_is_offered_on_the_next_one() -> None:
    customer = Customer(id="northwind", name="N", calendar="week")
    world = World(leg("truck", "halden", 1), customer=customer, stock={"X-100": "+310 now, +300 d14 PO-4711"})

    decision = world.ask("500 X-100 d5")

    assert offers(decision) == ["split: 310 d7 + 190 d15", "later: 500 d15"]
    assert decision.lines[0].quantity_on_time == 0
    assert decision.refusals == (Refusal.supply_short, Refusal.not_by_then)


def test_two_ways_from_one_site_bring_what_is_there_once() -> None:
    world = World(leg("truck", "halden", 1), leg("van", "halden", 1), stock={"X-100": "+310 now, +300 d14"})

    decision = world.ask("500 X-100 d4")

    assert decision.lines[0].quantity_on_time == 310
    assert [option.kind for option in decision.options] == ["split", "later"]


def test_what_is_collected_needs_the_site_open() -> None:
    halden = msgspec.structs.replace(HALDEN, calendar="week")

    decision = World(halden, stock={"X-100": "+5 now"}).ask("5 X-100 d5")

    assert offers(decision) == ["later: 5 d7"]


@pytest.mark.parametrize(("cutoff_minute", "day"), [(540, 1), (541, 0)], ids=["it has come", "a minute left"])
def test_past_the_cut_off_today_is_over(cutoff_minute: int, day: int) -> None:
    halden = msgspec.structs.replace(HALDEN, cutoff_minute=cutoff_minute)

    decision = World(halden, stock={"X-100": "+5 now"}).ask("5 X-100 d0")

    assert decision.lines[0].on == TODAY + day


@pytest.mark.parametrize(
    ("day", "refusal"),
    [(0, "day_in_the_past"), (1, None), (11, None), (12, "beyond_horizon")],
)
def test_days_count_from_today_at_the_site_from_which_it_leaves(day: int, refusal: str | None) -> None:
    far = Site(id="lyon", name="L", zone="Pacific/Auckland")  # there it is Tuesday, two in the morning
    world = World(
        far,
        leg("a", "halden", 0, priority=2),
        leg("b", "lyon", 0, priority=1),
        stock={"X-100@lyon": "+9 now"},
        rules=Rules(horizon_days=10),
        now=NOW + 4 * 3_600_000_000,
    )

    decision = world.ask(f"5 X-100 d{day}")

    assert [one.value for one in decision.refusals] == ([refusal] if refusal else [])
    assert offers(decision) == ([] if refusal else [f"full: 5 d{day} lyon"])
    if not refusal:
        assert decision.today == TODAY + 1


# --- other ways ---


def test_another_site_has_it() -> None:
    decision = World(LYON, stock={"X-100": "+4 now", "X-100@lyon": "+9 now"}).ask("8 X-100 d2")

    assert (decision.verdict, offers(decision)) == (Verdict.yes, ["other_site: 8 d2 lyon"])


def test_two_sites_have_it_together() -> None:
    decision = World(LYON, stock={"X-100": "+4 now", "X-100@lyon": "+5 now"}).ask("8 X-100 d2")

    assert (decision.verdict, offers(decision)) == (Verdict.yes_but, ["split_site: 4 d2 + 4 d2 lyon"])
    assert (
        decision.sentence == "8 X-100 can be ready by Wed 3 Mar 2027, in 2 deliveries from Halden and Lyon."
    )
    # Not from one site, but on its day.
    assert decision.lines[0].refusals == (Refusal.supply_short,)
    assert decision.lines[0].quantity_on_time == 8


def test_what_sites_have_together_is_on_time_also_where_it_is_not_all() -> None:
    decision = World(LYON, stock={"X-100": "+4 now", "X-100@lyon": "+5 now"}).ask("20 X-100 d2")

    assert (decision.verdict, offers(decision)) == (Verdict.cannot_promise, [])
    assert decision.lines[0].quantity_on_time == 9


@pytest.mark.parametrize(
    ("at_lyon", "offer", "score"),
    [(9, "other_site: 8 d2 lyon", 300), (5, "split_site: 4 d2 + 4 d2 lyon", 300 + 20)],
)
def test_what_leaves_from_elsewhere_is_weighed_and_each_delivery_more(
    at_lyon: int, offer: str, score: int
) -> None:
    world = World(
        LYON,
        stock={"X-100": "+4 now", "X-100@lyon": f"+{at_lyon} now"},
        rules=Rules(weigh_other_site=300, weigh_delivery=20),
    )

    decision = world.ask("8 X-100 d2")

    assert (offers(decision), decision.options[0].score) == ([offer], score)


def test_who_takes_one_delivery_gets_no_split() -> None:
    customer = Customer(id="northwind", name="N", may_split=False)

    decision = World(LYON, customer=customer, stock={"X-100": "+4 now, +9 d7", "X-100@lyon": "+5 now"}).ask(
        "8 X-100 d2"
    )

    assert offers(decision) == ["later: 8 d7"]
    assert Refusal.split_not_accepted in decision.refusals


@pytest.mark.parametrize("may", [True, False])
def test_a_substitute_is_offered_to_who_accepts_one(may: bool) -> None:
    other = Item(id="X-110", name="Pump X-110", cost_minor=1_100)
    swap = Substitute(id="s", item="X-100", other="X-110")

    decision = World(other, swap, stock={"X-110": "+9 now"}).ask("8 X-100 d2", may_substitute=may)

    if may:
        assert (decision.verdict, offers(decision)) == (Verdict.yes_but, ["substitute: 8 X-110 d2"])
        assert decision.sentence == "8 X-110 instead of X-100 can be ready by Wed 3 Mar 2027."
        assert decision.options[0].difference == "all on Wed 3 Mar 2027; X-110 instead of X-100"
    else:
        assert offers(decision) == []


def test_a_faster_term_is_used_only_when_expediting() -> None:
    supplier = Supplier(id="s", name="S")
    slow = Term(id="slow", item="X-100", site="halden", supplier="s", lead_days=9, cost_minor=900)
    fast = Term(
        id="fast", item="X-100", site="halden", supplier="s", lead_days=2, cost_minor=1_500, expedite=True
    )

    decision = World(supplier, slow, fast).ask("10 X-100 d3")

    assert offers(decision) == ["later: 10 d9", "expedite: 10 d3"]
    by_kind = {option.kind: option for option in decision.options}
    assert (by_kind["expedite"].cost_minor, by_kind["later"].cost_minor) == (15_000, 9_000)
    assert decision.verdict is Verdict.yes_but
    assert (
        decision.sentence
        == "10 X-100 can be ready by Wed 10 Mar 2027, ordered in; or all of it by Thu 4 Mar 2027, expedited at extra cost."
    )


def test_a_faster_leg_is_used_only_when_expediting() -> None:
    air = leg("air", "halden", 1, expedite=True, cost_minor=700, priority=0)

    decision = World(air, leg("truck", "halden", 5), stock={"X-100": "+9 now"}).ask("2 X-100 d1")

    assert sorted(offers(decision)) == ["expedite: 2 d1", "later: 2 d5"]
    assert {option.kind: option.cost_minor for option in decision.options} == {
        "expedite": 3_400,
        "later": 2_000,
    }


def test_what_needs_no_approval_comes_first_then_the_policys_weights() -> None:
    stock = {"X-100": "+420 now, +100 d7 PO-4711"}
    late = Rules(weigh_delivery=1_000_000)

    assert offers(World(stock=stock).ask("500 X-100 d4")) == ["split: 420 d4 + 80 d7", "later: 500 d7"]
    assert offers(World(stock=stock, rules=late).ask("500 X-100 d4")) == [
        "later: 500 d7",
        "split: 420 d4 + 80 d7",
    ]


def test_the_difference_is_one_line_against_the_first() -> None:
    decision = World(stock={"X-100": "+420 now, +100 d7 PO-4711"}).ask("500 X-100 d4")

    assert [option.difference for option in decision.options] == [
        "420 on Fri 5 Mar 2027 + 80 on Mon 8 Mar 2027",
        "all on Mon 8 Mar 2027",
    ]


def test_no_more_options_than_the_policy_wants() -> None:
    rules = Rules(options_max=1)

    assert len(World(stock={"X-100": "+420 now, +100 d7"}, rules=rules).ask("500 X-100 d4").options) == 1


def test_later_than_accepted_is_not_offered() -> None:
    customer = Customer(id="northwind", name="N", late_days_max=2)

    decision = World(stock={"X-100": "+420 now, +100 d7"}, customer=customer).ask("500 X-100 d4")

    assert (decision.verdict, offers(decision)) == (Verdict.cannot_promise, [])
    assert Refusal.later_than_accepted in decision.refusals


# --- remaining life, shares ---


@pytest.mark.parametrize(
    ("life", "expected", "why"),
    [
        (0, ["full: 10 d3"], None),
        (7, [], Refusal.remaining_life_too_short),
        (6, ["full: 10 d3"], None),
    ],
)
def test_the_customers_remaining_life_is_kept(life: int, expected: list[str], why: Refusal | None) -> None:
    customer = Customer(id="northwind", name="N", life_days_min=life)

    decision = World(stock={"X-100": "+10 now x9"}, customer=customer).ask("10 X-100 d3")

    assert offers(decision) == expected
    assert decision.lines[0].limit is None or decision.lines[0].limit.why is why
    if expected:
        assert decision.options[0].takes[0].life_days == life


SHARES = (
    Allocation(id="a", item="X-100", site="halden", path=("tier:A",), rank=1, from_on=TODAY, until_on=TODAY + 30, quantity=40),
    Allocation(id="b", item="X-100", site="halden", path=("tier:B",), rank=2, from_on=TODAY, until_on=TODAY + 30, quantity=30),
)  # fmt: skip


@pytest.mark.parametrize(
    ("given", "tier", "most"),
    [
        ({}, "A", 70),  # its own 40 and the common 30, not B's 30
        ({}, "B", 60),  # its own 30 and the common 30
        ({}, "", 30),  # the common rest only
        ({"a": 40, "": 10}, "A", 20),  # A took 50: 40 of its share and 10 of the rest
        ({"a": 40, "": 10}, "B", 50),
        ({"a": 40, "": 10}, "", 20),
        ({"": 50}, "", 0),  # a cut: 50 left, A keeps 40, B's share shrinks to 10
        ({"": 50}, "B", 10),
        ({"": 50}, "A", 40),
        ({"": 70}, "A", 30),  # 30 left: all of it is A's
        ({"": 70}, "B", 0),
    ],
)
def test_shares_protect_by_rank(given: dict[str, int], tier: str, most: int) -> None:
    total = sum(given.values())
    stock = "+100 now" + (f", -{total} d0" if total else "")
    used = {f"allocation:{id}": f"-{quantity} d0" for id, quantity in given.items() if id}
    world = World(*SHARES, stock={"X-100": stock}, used=used, customer=Customer(id="c", name="C", tier=tier))

    assert world.ask(f"{most + 1} X-100 d1").verdict is not Verdict.yes
    if most:
        decision = world.ask(f"{most} X-100 d1")
        assert (decision.verdict, offers(decision)) == (Verdict.yes, [f"full: {most} d1"])


def test_a_requester_uses_up_its_own_share() -> None:
    world = World(*SHARES, stock={"X-100": "+100 now"}, customer=Customer(id="c", name="C", tier="A"))

    takes = world.ask("50 X-100 d1").options[0].takes

    assert [(take.key, take.on - TODAY, take.quantity) for take in takes] == [
        ("node:X-100@halden", 1, 50),
        ("allocation:a", 0, 40),
    ]


def test_a_lower_tiers_share_is_borrowed_only_with_approval() -> None:
    world = World(*SHARES, stock={"X-100": "+100 now"}, customer=Customer(id="c", name="C", tier="A"))

    decision = world.ask("80 X-100 d1", verb="commit")

    # Shares go back to the rest when their release day has come; today nobody can promise them.
    assert offers(decision) == ["borrow: 80 d1"]
    assert (
        decision.options[0].difference
        == "all on Tue 2 Mar 2027; from what is kept for other customers; needs approval"
    )
    assert (decision.verdict, decision.chosen) == (Verdict.needs_approval, None)
    assert decision.refusals == (Refusal.approval_needed,)
    assert decision.sentence == "80 X-100 can be ready by Tue 2 Mar 2027, but it needs approval."


def test_a_lower_tier_never_borrows_from_a_higher_one() -> None:
    world = World(*SHARES, stock={"X-100": "+100 now"}, customer=Customer(id="c", name="C", tier="B"))

    decision = world.ask("61 X-100 d1")

    assert "borrow" not in [option.kind for option in decision.options]
    assert decision.lines[0].refusals[0] is Refusal.protected_for_others


# --- price ---


@pytest.mark.parametrize(
    ("ask", "price", "needs"),
    [
        ("10 X-100 d1", 20_000, ()),
        ("10 X-100 d1 at 1850", 18_500, ()),
        ("10 X-100 d1 at 1499", 14_990, (Refusal.below_margin_floor,)),
        ("10 X-100 d1 at 1500", 15_000, ()),
    ],
)
def test_price_and_margin_are_in_every_option(ask: str, price: int, needs: tuple[Refusal, ...]) -> None:
    prices = (Price(id="X-100", item="X-100", list_minor=2_000, floor_minor=1_500),)

    decision = World(stock={"X-100": "+50 now"}, prices=prices).ask(ask, verb="commit")

    option = decision.options[0]
    assert (option.price_minor, option.cost_minor, option.margin_minor) == (price, 10_000, price - 10_000)
    assert option.needs == needs
    assert (decision.chosen is None) == bool(needs)
    assert decision.verdict is (Verdict.needs_approval if needs else Verdict.yes)
    assert decision.refusals == needs


def test_the_tiers_price_comes_before_the_list() -> None:
    prices = (
        Price(id="X-100", item="X-100", list_minor=2_000),
        Price(id="X-100|A", item="X-100", tier="A", list_minor=1_700),
    )
    customer = Customer(id="c", name="C", tier="A")

    assert (
        World(stock={"X-100": "+50 now"}, prices=prices, customer=customer)
        .ask("1 X-100 d1")
        .options[0]
        .price_minor
        == 1_700
    )


def test_without_a_price_there_is_no_margin() -> None:
    option = World(stock={"X-100": "+50 now"}).ask("10 X-100 d1").options[0]

    assert (option.price_minor, option.cost_minor, option.margin_minor) == (None, 10_000, None)


def test_amounts_are_rounded_half_up() -> None:
    gram = Item(id="G", name="G", unit="kg", scale=1_000, cost_minor=5)

    costs = [
        World(gram, stock={"G": "+9000 now"}).ask(f"{q} G d1").options[0].cost_minor
        for q in (99, 100, 299, 300)
    ]

    assert costs == [0, 1, 1, 2]


def test_what_lies_waits_at_a_cost() -> None:
    # Bought on Friday for Sunday, the supplier and the site are closed at the weekend.
    item = Item(id="X-100", name="Pump", cost_minor=1_000, holding_bp_a_year=3_650)
    halden = Site(id="halden", name="Halden", calendar="week")
    term = Term(id="t", item="X-100", site="halden", supplier="s", lead_days=1, cost_minor=100_000)

    decision = World(
        item, halden, term, Supplier(id="s", name="S", calendar="week"), leg("truck", "halden", 0)
    ).ask("10 X-100 d6")

    # Leaves on Friday, the day it comes: nothing waits.
    assert decision.options[0].cost_minor == 1_000_000
    late = Term(
        id="t", item="X-100", site="halden", supplier="s", lead_days=1, cost_minor=100_000, until_on=TODAY + 2
    )
    waits = World(item, late, Supplier(id="s", name="S")).ask("10 X-100 d6")
    # Ordered by Tuesday at the latest, in on Wednesday, used on Sunday: 1,000,000 x 36.5 % x 4 / 365.
    assert waits.options[0].makes[0].on == TODAY + 2
    assert waits.options[0].cost_minor == 1_000_000 + 4_000


# --- refusals before any look at supply ---


@pytest.mark.parametrize(
    ("ask", "more", "refusals", "sentence"),
    [
        ("1 X-999 d1", {}, (Refusal.unknown_item,), "There is no item X-999."),
        ("1 X-100 d1 @paris", {}, (Refusal.unknown_site,), "There is no site paris."),
        ("1 X-100 d1", {"customer": "nobody"}, (Refusal.unknown_customer,), "There is no customer nobody."),
        ("1 X-100 d-1", {}, (Refusal.day_in_the_past,), "Sun 28 Feb 2027 is in the past."),
        ("1 X-100 d366", {}, (Refusal.beyond_horizon,), "Wed 1 Mar 2028 is further ahead than promises are made."),
        ("1 X-999 d-1", {}, (Refusal.unknown_item, Refusal.day_in_the_past), "There is no item X-999."),
        ("1 X-100 d1", {"verb": "hold", "hold_seconds": 14 * 86_400 + 1}, (Refusal.hold_too_long,), "A hold may not last that long."),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(
    ask: str, more: dict[str, object], refusals: tuple[Refusal, ...], sentence: str
) -> None:
    decision = World(stock={"X-100": "+9 now"}).ask(ask, **more)  # type: ignore[arg-type]

    assert (decision.verdict, decision.refusals, decision.sentence) == (
        Verdict.cannot_promise,
        refusals,
        sentence,
    )
    assert (decision.options, decision.chosen, decision.promise) == ((), None, None)


def test_a_hold_may_be_too_large() -> None:
    rules = Rules(hold_quantity_max=5)

    assert World(stock={"X-100": "+9 now"}, rules=rules).ask("6 X-100 d1", verb="hold").refusals == (
        Refusal.hold_too_large,
    )
    assert World(stock={"X-100": "+9 now"}, rules=rules).ask("5 X-100 d1", verb="hold").chosen == 0


def test_without_a_way_to_the_customer_nothing_is_promised() -> None:
    abroad = Customer(id="c", name="C", ship_to="abroad")
    inland = msgspec.structs.replace(leg("truck", "halden", 1), ship_to="inland")

    decision = World(inland, stock={"X-100": "+9 now"}, customer=abroad).ask("1 X-100 d2")

    assert decision.refusals == (Refusal.no_way_to_the_customer,)
    assert decision.sentence == "1 X-100 cannot be promised. No site delivers to this customer."


@pytest.mark.parametrize(
    ("asks", "pointer"), [((), "/lines"), (("0 X-100 d1",), "/lines/0/quantity")], ids=["no line", "nothing"]
)
def test_a_request_for_nothing_is_the_callers_error(asks: tuple[str, ...], pointer: str) -> None:
    with pytest.raises(InputError) as raised:
        World().ask(*asks)

    assert raised.value.errors[0].pointer == pointer


# --- choosing ---


def test_asking_takes_nothing() -> None:
    decision = World(stock={"X-100": "+9 now"}).ask("1 X-100 d1")

    assert (decision.chosen, decision.promise, decision.expires_at) == (None, None, None)


def test_only_what_keeps_the_day_is_taken_unless_any_day_will_do() -> None:
    world = World(stock={"X-100": "+420 now, +100 d7"})

    kept = world.ask("500 X-100 d4", verb="commit")
    assert (kept.chosen, kept.promise) == (None, None)
    assert Refusal.not_by_then in kept.refusals

    best = world.ask("500 X-100 d4", verb="commit", accept="best")
    assert (best.chosen, best.promise, best.expires_at) == (0, "prm_1", None)
    assert (
        best.sentence
        == "500 X-100 will be ready in 2 deliveries: 420 on Fri 5 Mar 2027, 80 on Mon 8 Mar 2027."
    )


@pytest.mark.parametrize("by", ["number", "id"])
def test_a_named_option_is_taken(by: str) -> None:
    world = World(stock={"X-100": "+420 now, +100 d7"})
    asked = world.ask("500 X-100 d4")

    name = "2" if by == "number" else asked.options[1].id
    decision = world.ask("500 X-100 d4", verb="commit", option=name, digest=asked.digest)

    assert decision.chosen == 1


@pytest.mark.parametrize(
    ("option", "chosen"),
    [("1", None), ("id", 0), ("9", None)],
    ids=["a number of another list", "an id that is there", "no such number"],
)
def test_what_changed_while_one_looked_is_taken_by_id_only(option: str, chosen: int | None) -> None:
    asked = World(stock={"X-100": "+420 now, +100 d7"}).ask("500 X-100 d4")
    # Somebody took half of the rest: the split is gone, later is there still.
    later = next(o for o in asked.options if o.kind == "later")
    changed = World(stock={"X-100": "+420 now, +100 d7, -20 d3"})

    decision = changed.ask(
        "500 X-100 d4", verb="commit", option=later.id if option == "id" else option, digest=asked.digest
    )

    if chosen is None:
        assert decision.chosen is None
        assert Refusal.option_is_gone in decision.refusals
        assert decision.sentence.startswith("The option that was chosen is no longer there.")
    else:
        assert decision.chosen is not None
        assert decision.options[decision.chosen].id == later.id


def test_a_hold_ends_when_the_policy_or_the_caller_says() -> None:
    world = World(stock={"X-100": "+9 now"})

    assert world.ask("1 X-100 d1", verb="hold").expires_at == NOW + 48 * 3_600_000_000
    assert world.ask("1 X-100 d1", verb="hold", hold_seconds=60).expires_at == NOW + 60_000_000


def test_a_step_that_is_out_of_capacity_is_named() -> None:
    line = Resource(id="line", name="Line 1", site="halden", calendar="week")
    step = Step(loads=(Load(resource="line"),), run_seconds=3_600)
    operation = Operation(id="assemble", item="X-100", site="halden", steps=(step,))

    decision = World(line, operation, used={"resource:line": "-480 d0, -480 d1, -480 d2"}).ask("8 X-100 d3")

    limit = decision.lines[0].limit
    assert limit is not None
    assert (limit.why, limit.key, limit.on - TODAY, limit.short) == (
        Refusal.capacity_full,
        "resource:line",
        2,
        480,
    )
    assert offers(decision)[0] == "later: 8 d4"


def test_nobody_is_a_customer_too() -> None:
    world = World(stock={"X-100": "+9 now"})
    request = Request(id="r", verb=Verb.ask, lines=world.request("1 X-100 d1").lines)

    assert world.customer_of(request) is None
    assert world.customer_of(world.request("1 X-100 d1")) == NORTHWIND
    assert PUMP.id == "X-100"


def test_what_is_kept_inside_a_share_is_not_used_up_by_others_of_it() -> None:
    web = Allocation(id="b-web", item="X-100", site="halden", path=("tier:B", "channel:web"), rank=2,
                     from_on=TODAY, until_on=TODAY + 30, quantity=20)  # fmt: skip
    stock = {"X-100": "+100 now, +50 d5"}
    world = World(*SHARES, web, stock=stock, customer=Customer(id="c", name="C", tier="B", channel="shop"))

    decision = world.ask("50 X-100 d1")

    # 100 less 40 of A's and 20 of the web's: 40 now, of which 10 are of B's own 30, and the next ten on day 5.
    assert offers(decision)[0] == "split: 40 d1 + 10 d5"
    assert [(take.key, take.on - TODAY, take.quantity) for take in decision.options[0].takes] == [
        ("node:X-100@halden", 1, 40),
        ("allocation:b", 0, 10),
        ("node:X-100@halden", 5, 10),
    ]

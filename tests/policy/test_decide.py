"""Who may decide this, or who must be asked: the table of rights, line by line."""

from __future__ import annotations

from datetime import date

import pytest

from accord.kit.days import Day
from accord.ledger.model import kind_of_key, limit_key, limit_of
from accord.policy.decide import Act, judge, judge_in, limit_keys, period_of
from accord.policy.model import (
    Actor,
    Amount,
    Answer,
    Counted,
    CumulativeLimit,
    Figures,
    Period,
    Right,
    Rights,
    Ruling,
    Subject,
    Verb,
)

TODAY: Day = date(2027, 3, 12).toordinal()  # a Friday in week 10
ALLOW, ASK, DENY = Answer.allow, Answer.ask, Answer.deny


def figures(quantity: int = 1, value: int = 100, **more: object) -> Figures:
    """What an act comes to: one line; price and cost such that 20 % are left."""
    more = {"price_minor": value, "cost_minor": value * 4 // 5, **more}
    return Figures(amounts=(Amount(item="X", quantity=quantity, value_minor=value),), **more)  # type: ignore[arg-type]


def act(actor: str = "sam", verb: Verb = Verb.commit, tier: str = "", **more: object) -> Act:
    given = {"figures": figures(), "today": TODAY, "currency": "EUR", **more}
    return Act(actor=actor, verb=verb, tier=tier, **given)  # type: ignore[arg-type]


def plenty(_key: str, _on: Day) -> int:
    return 1 << 60


def says(ruling: Ruling) -> str:
    """ "allow by a", "ask boss by b", "deny by nobody"."""
    ask = f" {ruling.ask}" if ruling.ask else ""
    return f"{ruling.answer.value}{ask} by {ruling.by or 'no right'}"


BOSS = Right(id="boss-all", role="boss", then=ALLOW, inside_fence=True, borrow=True, below_floor=True)
ACTORS = (
    Actor(id="sam", roles=("seller",), team="north"),
    Actor(id="bea", roles=("boss",)),
    Actor(id="ann", roles=("seller", "boss")),
    Actor(id="nil"),
)


def rights(*rows: Right, limits: tuple[CumulativeLimit, ...] = (), everybody_else: str = "") -> Rights:
    return Rights(rights=(*rows, BOSS), limits=limits, actors=ACTORS, everybody_else=everybody_else)


# --- each limit of a row: at it, and one beyond ---


@pytest.mark.parametrize(
    ("limit", "kept", "exceeded", "words"),
    [
        ({"quantity_max": 50}, {"quantity": 50}, {"quantity": 51}, "51 of one item is 1 above 50"),
        ({"value_minor_max": 5_000}, {"value": 5_000}, {"value": 6_200}, "value of 62.00 EUR is 12.00 EUR above 50.00 EUR"),
        ({"days_late_max": 7}, {"days_late": 7}, {"days_late": 9}, "9 days late is 2 more than 7"),
        ({"days_late_max": 0}, {"days_late": 0}, {"days_late": 1}, "1 day late is 1 more than 0"),
        ({"days_ahead_max": 90}, {"days_ahead": 90}, {"days_ahead": 91}, "91 days ahead is 1 more than 90"),
        ({"margin_bp_min": 2_000}, {"value": 100}, {"value": 100, "cost_minor": 81}, "a margin of 19.00 % is 1.00 % below 20.00 %"),
        ({"margin_bp_min": -500}, {"value": 100, "cost_minor": 105}, {"value": 100, "cost_minor": 106}, "a margin of -6.00 % is 1.00 % below -5.00 %"),
        ({"margin_bp_min": 0}, {"value": 100}, {"price_minor": None}, "no price is known, and the margin must be 0.00 %"),
        ({"margin_bp_min": 0}, {"value": 100}, {"price_minor": 0}, "nothing is paid, and the margin must be 0.00 %"),
        ({"hold_seconds_max": 172_800}, {"hold_seconds": 172_800}, {"hold_seconds": 259_200}, "a hold of 72 h is 24 h longer than 48 h"),
        ({"hold_seconds_max": 5_400}, {"hold_seconds": 5_400}, {"hold_seconds": 5_460}, "a hold of 1 h 31 min is 1 min longer than 1 h 30 min"),
        ({"hold_seconds_max": 5_400}, {"hold_seconds": 60}, {"hold_seconds": 5_401}, "a hold of 5401 s is 1 s longer than 1 h 30 min"),
        ({}, {}, {"inside_fence": True}, "work would start inside the fence"),
        ({}, {}, {"borrow": True}, "it takes from the share of a lower tier"),
        ({}, {}, {"below_floor": True}, "the price is below the floor"),
    ],
)  # fmt: skip
def test_a_row_covers_what_keeps_its_limits_and_says_by_how_much_it_is_exceeded(
    limit: dict[str, int], kept: dict[str, int], exceeded: dict[str, int], words: str
) -> None:
    table = rights(Right(id="a", role="seller", then=ALLOW, **limit))  # type: ignore[arg-type]

    assert says(judge(table, act(figures=figures(**kept)), plenty)[0]) == "allow by a"  # type: ignore[arg-type]
    ruling, takes = judge(table, act(figures=figures(**exceeded)), plenty)  # type: ignore[arg-type]
    assert says(ruling) == "deny by no right"
    assert ruling.because == (f"a: {words}", "no right lets a seller commit this")
    assert takes == ()


def test_expediting_counts_over_all_lines() -> None:
    table = rights(Right(id="a", role="seller", then=ALLOW, expedite_minor_max=1_000))
    two = Figures(
        amounts=tuple(Amount(item="X", quantity=1, value_minor=1, expedite_minor=n) for n in (600, 401)),
        price_minor=2,
    )

    ruling, _ = judge(table, act(figures=two), plenty)

    assert ruling.because[0] == "a: expediting of 10.01 EUR is 0.01 EUR above 10.00 EUR"


@pytest.mark.parametrize(("items", "quantity"), [("X", 30), ("XY", 40), ("XX", 70), ("XYX", 80)])
def test_the_quantity_is_that_of_one_item_over_all_its_lines_and_the_value_that_of_all(
    items: str, quantity: int
) -> None:
    amounts = tuple(
        Amount(item=item, quantity=n, value_minor=n) for item, n in zip(items, (30, 40, 50), strict=False)
    )

    found = Figures(amounts=amounts, price_minor=1)

    assert (found.quantity, found.value_minor) == (quantity, sum(one.quantity for one in amounts))


# --- which row speaks: role, tier, verb, and the first that covers it ---


@pytest.mark.parametrize(
    ("rows", "given", "said"),
    [
        ([{"role": "seller"}], {}, "allow by r0"),
        ([{"role": "boss"}], {}, "deny by no right"),
        ([{}], {}, "allow by r0"),  # any role
        ([{}], {"actor": "nil"}, "allow by r0"),  # also none
        ([{"role": "seller"}], {"actor": "nil"}, "deny by no right"),
        ([{"role": "seller"}], {"actor": "unheard of"}, "deny by no right"),
        ([{"tiers": ("A",)}], {"tier": "A"}, "allow by r0"),
        ([{"tiers": ("A",)}], {"tier": "B"}, "deny by no right"),
        ([{"tiers": ("A", "")}], {"tier": ""}, "allow by r0"),  # customers without a tier
        ([{"verbs": (Verb.hold,)}], {"verb": Verb.hold}, "allow by r0"),
        ([{"verbs": (Verb.hold,)}], {"verb": Verb.commit}, "deny by no right"),
        ([{"then": DENY}, {}], {}, "deny by r0"),
        ([{}, {"then": DENY}], {}, "allow by r0"),
        ([{"quantity_max": 0}, {"then": DENY}, {}], {}, "deny by r1"),
        (
            [{"then": ASK, "ask": "boss"}],
            {},
            "deny by r0",
        ),  # it sends the boss to himself: his own row comes too late
        ([{"quantity_max": 0}, {"role": "seller", "then": ASK, "ask": "boss"}], {}, "ask boss by r1"),
        ([{"then": DENY}], {"figures": figures(borrow=True)}, "deny by r0"),  # a no covers everything
        (
            [{"then": ASK, "ask": "boss"}],
            {"figures": figures(borrow=True)},
            "deny by no right",
        ),  # what is special is named
        (
            [{"role": "seller", "then": ASK, "ask": "boss", "borrow": True}],
            {"figures": figures(borrow=True)},
            "ask boss by r0",
        ),
    ],
)
def test_the_first_row_that_covers_it_decides(
    rows: list[dict[str, object]], given: dict[str, object], said: str
) -> None:
    table = Rights(
        rights=(*(Right(id=f"r{n}", **{"then": ALLOW, **row}) for n, row in enumerate(rows)), BOSS),  # type: ignore[arg-type]
        actors=ACTORS,
    )

    assert says(judge(table, act(**given), plenty)[0]) == said  # type: ignore[arg-type]


def test_of_several_roles_the_best_answer_counts() -> None:
    table = rights(Right(id="a", role="seller", then=ASK, ask="boss"))

    ruling, _ = judge(table, act("ann"), plenty)

    assert (says(ruling), ruling.role) == ("allow by boss-all", "boss")


def test_whoever_is_not_stated_has_the_role_of_everybody_else() -> None:
    table = rights(Right(id="a", role="seller", then=ALLOW), everybody_else="seller")

    assert says(judge(table, act("unheard of"), plenty)[0]) == "allow by a"
    assert says(judge(table, act("nil"), plenty)[0]) == "deny by no right"  # stated, and with no role


# --- two things take two people ---


@pytest.mark.parametrize("what", ["borrow", "below_floor"])
def test_some_things_are_never_one_persons_to_decide(what: str) -> None:
    wanted = act("bea", figures=figures(**{what: True}))  # type: ignore[arg-type]

    alone, _ = judge(rights(), wanted, plenty)
    second, _ = judge_in(rights(), "boss", act("bea", figures=wanted.figures, approves=True), plenty)

    assert says(alone) == "ask boss by boss-all"
    assert alone.because[-1].endswith("needs a second person")
    assert says(second) == "allow by boss-all"


def test_keeping_supply_for_a_decision_accepts_no_price() -> None:
    table = rights(Right(id="a", role="seller", verbs=(Verb.hold,), then=ALLOW, margin_bp_min=1_000))
    low = figures(below_floor=True, cost_minor=99)

    assert says(judge(table, act(verb=Verb.hold, figures=low), plenty)[0]) == "deny by no right"
    assert says(judge(table, act(verb=Verb.hold, figures=low, keeps_only=True), plenty)[0]) == "allow by a"


ODD = {
    "below the floor": {"below_floor": True},
    "borrowed": {"borrow": True},
    "in the fence": {"inside_fence": True},
}


@pytest.mark.parametrize("verb", list(Verb))
@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_to_end_what_was_promised_accepts_no_price_and_takes_nothing(
    verb: Verb, odd: dict[str, object]
) -> None:
    table = rights(Right(id="a", role="seller", then=ALLOW))
    is_end = verb in (Verb.release, Verb.cancel)

    ruling, _ = judge(table, act(verb=verb, figures=figures(**odd)), plenty)  # type: ignore[arg-type]
    boss, _ = judge(rights(), act("bea", verb=verb, figures=figures(below_floor=True, borrow=True)), plenty)

    assert says(ruling) == ("allow by a" if is_end else "deny by no right")
    assert says(boss) == ("allow by boss-all" if is_end else "ask boss by boss-all")


# --- whom to ask ---


def _chain(**manager: object) -> Rights:
    return rights(
        Right(id="s", role="seller", then=ASK, ask="manager", borrow=True),
        Right(id="m", role="manager", then=ALLOW, **manager),  # type: ignore[arg-type]
        Right(id="m-more", role="manager", then=ASK, ask="boss", borrow=True),
    )


def test_whom_the_first_one_asked_must_ask_himself_is_asked_at_once() -> None:
    small, _ = judge(_chain(quantity_max=10), act(figures=figures(10)), plenty)
    large, _ = judge(_chain(quantity_max=10), act(figures=figures(11)), plenty)

    assert says(small) == "ask manager by s"
    assert says(large) == "ask boss by s"
    assert large.because == ("m: 11 of one item is 1 above 10",)


def test_where_nobody_who_could_be_asked_may_allow_it_it_is_denied() -> None:
    table = Rights(
        rights=(
            Right(id="s", role="seller", then=ASK, ask="manager"),
            Right(id="m", role="manager", then=ALLOW, quantity_max=10),
        ),
        actors=ACTORS,
    )

    ruling, _ = judge(table, act(figures=figures(11)), plenty)

    assert says(ruling) == "deny by s"
    assert ruling.because[-1] == "whoever could be asked (manager) may not allow it either"


def test_two_who_send_everything_to_each_other_allow_nothing() -> None:
    table = Rights(
        rights=(
            Right(id="s", role="seller", then=ASK, ask="manager"),
            Right(id="m", role="manager", then=ASK, ask="seller"),
        ),
        actors=ACTORS,
    )

    ruling, _ = judge(table, act(), plenty)

    assert says(ruling) == "deny by s"


# --- cumulative limits ---


def _limit(**more: object) -> CumulativeLimit:
    given = {"id": "l", "of": Counted.value, "over": Subject.customer, "period": Period.week, "most": 500,
             "then": ASK, "ask": "boss", **more}  # fmt: skip
    return CumulativeLimit(**given)  # type: ignore[arg-type]


OPEN = Right(id="a", role="seller", then=ALLOW)


@pytest.mark.parametrize(
    ("left", "said", "taken"),
    [
        (500, "allow by a", [("limit:l:customer=C:2027-W10", 100)]),
        (100, "allow by a", [("limit:l:customer=C:2027-W10", 100)]),
        (99, "ask boss by l", []),
        (0, "ask boss by l", []),
    ],
)
def test_a_cumulative_limit_gives_what_is_left(left: int, said: str, taken: list[tuple[str, int]]) -> None:
    ruling, takes = judge(rights(OPEN, limits=(_limit(),)), act(customer="C"), lambda _key, _on: left)

    assert says(ruling) == said
    assert [(take.key, take.quantity) for take in takes] == taken


def test_it_says_how_much_is_left_of_what() -> None:
    ruling, _ = judge(rights(OPEN, limits=(_limit(),)), act(customer="C"), lambda _key, _on: 30)

    assert ruling.because == (
        "l: value of 1.00 EUR is 0.70 EUR more than is left of 5.00 EUR for this week and customer",
    )


def test_every_limit_must_hold_and_the_harshest_says_what_happens() -> None:
    limits = (_limit(id="soft"), _limit(id="hard", then=DENY, ask=""))

    ruling, takes = judge(rights(OPEN, limits=limits), act(), lambda key, _on: 0)

    assert says(ruling) == "deny by hard"
    assert takes == ()


@pytest.mark.parametrize(
    ("limit", "counted"),
    [
        ({"of": Counted.value}, [700, 20]),
        ({"of": Counted.quantity}, [7, 2]),
        ({"of": Counted.expedite}, [5]),
        ({"of": Counted.quantity, "item": "Y"}, [2]),
        ({"of": Counted.quantity, "item": "Z"}, []),
        ({"role": "boss"}, []),
        ({"role": "*"}, [700, 20]),
        ({"tiers": ("B",)}, []),
        ({"verbs": (Verb.hold,)}, []),
    ],
)
def test_what_a_limit_counts(limit: dict[str, object], counted: list[int]) -> None:
    lines = (
        Amount(item="X", quantity=7, value_minor=700, expedite_minor=5),
        Amount(item="Y", quantity=2, value_minor=20),
    )
    wanted = act(figures=Figures(amounts=lines, price_minor=720), tier="A")

    _, takes = judge(rights(OPEN, limits=(_limit(**{"most": 10_000, **limit}),)), wanted, plenty)  # type: ignore[arg-type]

    assert [take.quantity for take in takes] == counted


@pytest.mark.parametrize(
    ("over", "actor", "subject"),
    [
        (Subject.customer, "sam", "customer=C"),
        (Subject.actor, "sam", "actor=sam"),
        (Subject.team, "sam", "team=north"),
        (Subject.team, "bea", "actor=bea"),  # whoever is in no team counts alone
    ],
)
def test_over_whom_a_limit_adds_up(over: Subject, actor: str, subject: str) -> None:
    table = rights(OPEN, limits=(_limit(over=over, role="*"),))

    assert limit_keys(table, [actor], "C", "", TODAY) == {limit_key("l", subject, "2027-W10")}


@pytest.mark.parametrize(
    ("limit", "actors", "tier", "role", "looked_at"),
    [
        ({"role": "seller"}, ["sam"], "", "", True),
        ({"role": "*"}, ["nil"], "", "", True),
        ({"role": "boss", "over": Subject.actor}, ["sam"], "", "", False),  # another's own
        ({"role": "boss", "over": Subject.actor}, ["sam"], "", "boss", True),  # in which it was asked for
        ({"role": "boss", "over": Subject.actor}, ["ann"], "", "", True),
        ({"role": "boss"}, ["sam"], "", "", True),  # the customer's: she may be asked
        ({"role": "seller", "tiers": ("A",)}, ["sam"], "A", "", True),
        ({"role": "seller", "tiers": ("A",)}, ["sam"], "B", "", False),
        ({"role": "boss", "tiers": ("A",)}, ["sam"], "B", "", False),
        ({"role": "boss", "over": Subject.actor, "tiers": ("A",)}, ["sam"], "A", "", False),
        ({"role": "seller"}, [], "", "", False),
    ],
)
def test_the_limits_to_look_at_are_those_of_the_roles_and_of_the_customer(
    limit: dict[str, object], actors: list[str], tier: str, role: str, looked_at: bool
) -> None:
    table = rights(OPEN, limits=(_limit(**limit),))

    assert len(limit_keys(table, actors, "C", tier, TODAY, role)) == looked_at


@pytest.mark.parametrize(
    ("period", "day", "name", "first"),
    [
        (Period.day, "2027-03-12", "2027-03-12", "2027-03-12"),
        (Period.week, "2027-03-12", "2027-W10", "2027-03-08"),
        (Period.week, "2027-01-01", "2026-W53", "2026-12-28"),
        (Period.month, "2027-03-31", "2027-03", "2027-03-01"),
        (Period.quarter, "2027-03-31", "2027-Q1", "2027-01-01"),
        (Period.quarter, "2027-04-01", "2027-Q2", "2027-04-01"),
        (Period.quarter, "2027-12-31", "2027-Q4", "2027-10-01"),
        (Period.year, "2027-12-31", "2027", "2027-01-01"),
    ],
)
def test_the_period_a_day_is_in(period: Period, day: str, name: str, first: str) -> None:
    found = period_of(period, date.fromisoformat(day).toordinal())

    assert found == (name, date.fromisoformat(first).toordinal())


@pytest.mark.parametrize("name", ["a", "a:b", "a%b", "a%3Ab", "limit:", ""])
def test_a_key_of_a_limit_says_which_whatever_the_names_hold(name: str) -> None:
    key = limit_key(name, "customer=x:y", "2027-W10")

    assert limit_of(key) == name
    assert kind_of_key(key).value == "limit"
    assert key.count(":") == 3


def test_what_is_approved_counts_on_the_authority_of_the_approver() -> None:
    limits = (_limit(id="sellers", role="seller"), _limit(id="bosses", role="boss"))
    table = rights(Right(id="s", role="seller", then=ASK, ask="boss"), limits=limits)

    ruling, takes = judge_in(table, "boss", act("bea", approves=True, customer="C"), plenty)

    assert ruling.answer is ALLOW
    assert [limit_of(take.key) for take in takes] == ["bosses"]

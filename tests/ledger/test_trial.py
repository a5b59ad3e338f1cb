"""What can be promised: tables that read aloud, and properties of look-ahead ATP."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.kit.errors import Fault
from accord.ledger.decide.graph import Graph
from accord.ledger.decide.projection import Projection, newly_unfilled, unfilled_by_day
from accord.ledger.decide.trial import NotLocked, Trial
from accord.ledger.model import Allocation, Item, Profile, Site, node_key

KEY = node_key("pump", "Halden")
DAY = 1_000  # today in these tables
RECORDS = (Item(id="pump", name="Pump"), Site(id="Halden", name="Halden"))


def trial_of(steps: str, *shares: Allocation, used: dict[str, int] | None = None) -> Trial:
    """A trial of one node: "+10 d0, -4 d2" with days from today; on hand is d0."""
    supply, draws = [], []
    for n, step in enumerate(part.split() for part in steps.split(",") if part.strip()):
        quantity, on = int(step[0]), int(step[1][1:]) + DAY
        expires = int(step[2][1:]) + DAY if len(step) > 2 and step[2][0] == "x" else 0
        life = int(step[2][1:]) if len(step) > 2 and step[2][0] == "l" else 0
        if quantity > 0:
            supply.append((0 if on == DAY else on, quantity, f"r{n}", f"PO {n}", expires))
        else:
            draws.append((on, life, -quantity))
    profiles = {KEY: Profile(key=KEY, supply=tuple(sorted(supply)), draws=tuple(sorted(draws)))}
    for share in shares:
        key = f"allocation:{share.id}"
        taken = (used or {}).get(share.id, 0)
        profiles[key] = Profile(key=key, draws=((share.from_on, 0, taken),) if taken else ())
    return Trial(Graph(1, [*RECORDS, *shares]), profiles, {"Halden": DAY}, DAY)


@pytest.mark.parametrize(
    ("on", "level", "floor", "rises_on"),
    [
        (2, 0, -4, 5),  # before the first step it is zero
        (3, -4, -4, 5),
        (4, -4, -4, 5),
        (5, 6, 1, None),  # the fall on day 7 is looked ahead to
        (6, 6, 1, None),
        (7, 1, 1, None),
        (9, 1, 1, None),
    ],
)
def test_a_projection_is_zero_before_its_first_step_and_stays_after_its_last(
    on: int, level: int, floor: int, rises_on: int | None
) -> None:
    projection = Projection({3: -4, 5: 10, 7: -5})

    assert (projection.level(on), projection.floor(on), projection.rises_on(on)) == (level, floor, rises_on)


@pytest.mark.parametrize(
    ("steps", "on", "atp"),
    [
        ("+10 d0", 0, 10),
        ("+10 d0, -4 d2", 0, 6),
        ("+10 d0, -4 d2", 5, 6),
        ("+10 d0, +5 d3", 2, 10),
        ("+10 d0, +5 d3", 3, 15),
        ("+100 d0, +50 d14, -70 d0, -60 d15", 0, 20),  # the later promise is not broken
        ("+100 d0, +50 d14, -70 d0, -60 d15", 14, 20),
        ("+10 d5, -10 d3", 0, 0),  # short from day 3 to 5
        ("+10 d5, -10 d3, +7 d6", 6, 7),
        ("", 0, 0),
        ("+3 d0, -1 d-9", 0, 2),  # what is overdue still takes its share
    ],
)
def test_atp_looks_ahead(steps: str, on: int, atp: int) -> None:
    assert trial_of(steps).atp(KEY, DAY + on) == atp


@pytest.mark.parametrize(
    ("steps", "on", "life", "atp"),
    [
        ("+10 d0 x5", 0, 0, 10),
        ("+10 d0 x5", 6, 0, 0),  # expired by then
        ("+10 d0 x5", 3, 2, 10),
        ("+10 d0 x5", 3, 3, 0),  # the customer asks for more life than is left
        ("+10 d0 x5, +10 d0 x30, -10 d2", 2, 0, 10),
        ("+10 d0 x5, +10 d0 x30, -10 d2 l20", 2, 20, 0),  # the long lot is taken, the short one does not do
        ("+10 d0 x5, +10 d0 x30, -10 d20", 3, 0, 10),  # the early lot serves the early draw
        ("+10 d0 x5, +10 d0 x30, -10 d20", 6, 0, 0),
    ],
)
def test_lots_serve_the_earliest_expiry_that_satisfies(steps: str, on: int, life: int, atp: int) -> None:
    assert trial_of(steps).atp(KEY, DAY + on, life_days=life) == atp


A = Allocation(
    id="a", item="pump", site="Halden", path=("tier:A",), rank=1, from_on=DAY, until_on=DAY + 30, quantity=60
)
B = Allocation(
    id="b", item="pump", site="Halden", path=("tier:B",), rank=2, from_on=DAY, until_on=DAY + 30, quantity=30
)
WEB = Allocation(
    id="w",
    item="pump",
    site="Halden",
    path=("tier:A", "channel:web"),
    rank=1,
    from_on=DAY,
    until_on=DAY + 30,
    quantity=20,
)


@pytest.mark.parametrize(
    ("on_hand", "used", "terms", "borrow", "atp"),
    [
        (100, {}, "tier:A", False, 70),  # own 60 and the rest of 10
        (100, {}, "tier:B", False, 40),  # own 30 and the rest of 10
        (100, {}, "tier:C", False, 10),  # the rest alone
        (100, {}, "tier:A", True, 100),  # with a loan from B
        (
            100,
            {"a": 50},
            "tier:C",
            False,
            60,
        ),  # what A has taken no longer protects (node not drawn in this line)
        (80, {}, "tier:A", False, 60),  # after a cut B's share shrinks first: 60 for A, 20 for B
        (80, {}, "tier:B", False, 20),
        (50, {}, "tier:B", False, 0),
        (50, {}, "tier:A", False, 50),
    ],
)
def test_shares_protect_from_the_highest_rank_down(
    on_hand: int, used: dict[str, int], terms: str, borrow: bool, atp: int
) -> None:
    trial = trial_of(f"+{on_hand} d0", A, B, used=used)

    assert trial.atp(KEY, DAY, terms=frozenset({terms}), borrow=borrow) == atp


def test_a_share_within_a_share_protects_against_its_own_tier() -> None:
    trial = trial_of("+100 d0", A, B, WEB)

    assert trial.atp(KEY, DAY, terms=frozenset({"tier:A"})) == 50  # 70 less web's 20
    assert trial.atp(KEY, DAY, terms=frozenset({"tier:A", "channel:web"})) == 70
    assert (
        trial.atp(KEY, DAY, terms=frozenset({"tier:C"})) == 10
    )  # web's 20 are inside A's 60, not beside them


def test_unused_shares_return_when_the_release_day_has_come() -> None:
    early = msgspec.structs.replace(B, until_on=DAY, from_on=DAY - 30)
    trial = trial_of("+100 d0, +20 d40", A, early)

    assert (
        trial.atp(KEY, DAY + 29, terms=frozenset({"tier:C"})) == 40
    )  # B's release day has come, A's has not
    assert (
        trial.atp(KEY, DAY + 31, terms=frozenset({"tier:C"})) == 40
    )  # after A's period, but A may still use it
    assert trial.atp(KEY, DAY + 40, terms=frozenset({"tier:C"})) == 60


def test_what_ships_later_cannot_eat_into_a_share_bit_by_bit() -> None:
    trial = trial_of("+100 d0", A, B)
    terms = frozenset({"tier:C"})

    trial.take(KEY, DAY + 66, trial.atp(KEY, DAY + 66, terms=terms))

    assert trial.atp(KEY, DAY, terms=terms) == 0
    assert trial.atp(KEY, DAY, terms=frozenset({"tier:B"})) == 30


@pytest.mark.parametrize(
    ("on", "terms", "shares", "atp"),
    [
        (0, "tier:A", "ab", 27),  # its own 20, and what of the rest leaves B its 10
        (19, "tier:A", "ab", 27),
        (
            20,
            "tier:A",
            "ab",
            7,
        ),  # after its period it has no share: A's others still have 20, and B must keep its 10
        (30, "tier:A", "ab", 7),
        (30, "tier:B", "ab", 17),  # what A must be left; its own comes after A's and makes nobody's smaller
        (30, "tier:A", "a", 37),  # nobody else's share gets less by it
        (30, "tier:C", "ab", 7),
    ],
)
def test_who_draws_outside_the_period_of_his_share_makes_no_lower_one_smaller(
    on: int, terms: str, shares: str, atp: int
) -> None:
    a = msgspec.structs.replace(A, quantity=20, until_on=DAY + 20)
    b = msgspec.structs.replace(B, quantity=10, until_on=DAY + 25)
    trial = trial_of("+37 d0", *{"ab": (a, b), "a": (a,)}[shares])

    assert trial.atp(KEY, DAY + on, terms=frozenset({terms})) == atp
    assert trial.bears([], [(KEY, DAY + on, atp, 0), *_own(trial, on, atp, terms)], terms=frozenset({terms}))
    one_more = [(KEY, DAY + on, atp + 1, 0), *_own(trial, on, atp + 1, terms)]
    assert not trial.bears([], one_more, terms=frozenset({terms}))


def _own(trial: Trial, on: int, quantity: int, terms: str) -> list[tuple[str, int, int, int]]:
    """What a draw uses up of the requester's own shares."""
    return [
        (key, from_on, part, 0)
        for key, from_on, part in trial.allocation_takes(KEY, DAY + on, quantity, frozenset({terms}))
    ]


def test_what_is_kept_inside_the_own_share_for_others_is_not_kept_twice() -> None:
    a = msgspec.structs.replace(A, quantity=20, until_on=DAY + 20)
    b = msgspec.structs.replace(B, quantity=10, until_on=DAY + 25)
    web = msgspec.structs.replace(WEB, quantity=5, until_on=DAY + 20)
    most = msgspec.structs.replace(web, quantity=20)
    terms = frozenset({"tier:A"})

    assert trial_of("+37 d0", a, b, web).atp(KEY, DAY + 30, terms=terms) == 7
    assert trial_of("+37 d0", a, b, most).atp(KEY, DAY + 30, terms=terms) == 7


def test_a_later_day_may_have_more_because_the_own_share_begins_then() -> None:
    a = msgspec.structs.replace(A, quantity=20, from_on=DAY + 5, until_on=DAY + 20)
    b = msgspec.structs.replace(B, quantity=10)
    trial = trial_of("+37 d0", a, b)
    terms = frozenset({"tier:A"})

    assert trial.atp(KEY, DAY, terms=terms) == 7
    assert trial.rises_on(KEY, DAY, terms=terms) == DAY + 5
    assert trial.atp(KEY, DAY + 5, terms=terms) == 27


@pytest.mark.parametrize(
    ("steps", "begins", "on", "rises"),
    [
        ("+12 d0, +50 d3", 5, 0, 3),  # whichever comes first: a receipt …
        ("+37 d0, +5 d8", 5, 0, 5),  # … or the own share
        ("+37 d0, +5 d8", 5, 5, 8),
        ("+37 d0, +5 d8", 5, 8, None),
        ("+37 d0", 5, 5, None),
    ],
)
def test_it_may_rise_on_the_first_day_on_which_more_comes_or_the_own_share_begins(
    steps: str, begins: int, on: int, rises: int | None
) -> None:
    a = msgspec.structs.replace(A, quantity=20, from_on=DAY + begins, until_on=DAY + 40)
    b = msgspec.structs.replace(B, quantity=10, until_on=DAY + 40)
    trial = trial_of(steps, a, b)

    found = trial.rises_on(KEY, DAY + on, terms=frozenset({"tier:A"}))

    assert found == (None if rises is None else DAY + rises)


@pytest.mark.parametrize(
    ("steps", "shares", "on", "rises"),
    [
        ("+10 d0 x9, +5 d3", (), 0, 1),
        ("+10 d0 x9, +5 d3", (), 3, None),
        ("+10 d0 x9, -4 d5 l2", (), 4, 5),  # past a draw that needs a longer life there may be more
        ("+10 d0 x9, -4 d5 l2", (), 5, None),
        ("+10 d0 x9", (), 0, None),
        ("+10 d0 x9", (B,), 0, 1),  # a share begins and ends
    ],
)
def test_where_lots_expire_each_day_is_its_own_as_long_as_anything_comes_or_goes(
    steps: str, shares: tuple[Allocation, ...], on: int, rises: int | None
) -> None:
    assert trial_of(steps, *shares).rises_on(KEY, DAY + on) == (None if rises is None else DAY + rises)


@pytest.mark.parametrize(
    ("steps", "from_on", "until_on", "release_on", "on", "atp"),
    [
        ("+4 d0, +6 d3", 5, 9, None, 0, 4),  # it begins on day 5, when more has come
        ("+4 d0, +6 d3", 0, 9, None, 0, 0),
        ("+10 d0", -5, 9, None, 0, 4),  # it began before today
        ("+10 d0", -5, 9, 1, 0, 4),
        ("+10 d0", -5, 9, 0, 0, 10),  # released today
        ("+10 d0", -5, 0, None, 0, 10),  # over today
        ("+10 d0", -5, 0, 3, 0, 4),  # over, and kept three days longer
    ],
)
def test_a_share_is_kept_from_its_first_day_until_it_is_released(
    steps: str, from_on: int, until_on: int, release_on: int | None, on: int, atp: int
) -> None:
    share = Allocation(
        id="a", item="pump", site="Halden", path=("tier:A",), rank=1, from_on=DAY + from_on, until_on=DAY + until_on,
        quantity=6, release_on=None if release_on is None else DAY + release_on,
    )  # fmt: skip

    assert trial_of(steps, share).atp(KEY, DAY + on) == atp


@pytest.mark.parametrize(
    ("on", "terms", "taken"),
    [(0, "tier:A", 6), (8, "tier:A", 6), (9, "tier:A", 0), (-1, "tier:A", 0), (0, "tier:B", 0)],
)
def test_a_requester_uses_up_its_share_on_days_of_its_period(on: int, terms: str, taken: int) -> None:
    share = Allocation(
        id="a",
        item="pump",
        site="Halden",
        path=("tier:A",),
        rank=1,
        from_on=DAY,
        until_on=DAY + 9,
        quantity=6,
    )

    takes = trial_of("+10 d0", share).allocation_takes(KEY, DAY + on, 8, frozenset({terms}))

    assert takes == ((("allocation:a", DAY, taken),) if taken else ())
    one = trial_of("+10 d0", share).allocation_takes(KEY, DAY + on, 1, frozenset({terms}))
    assert one == ((("allocation:a", DAY, 1),) if taken else ())


_KEPT = Allocation(
    id="a", item="pump", site="Halden", path=("tier:A",), rank=1, from_on=DAY, until_on=DAY + 20, quantity=6
)


@pytest.mark.parametrize(
    ("steps", "taken", "terms", "borrow", "bears"),
    [
        ("+10 d0", [(0, 4)], (), False, True),
        ("+10 d0", [(0, 5)], (), False, False),  # six are kept for others
        ("+10 d0", [(9, 5)], (), False, False),
        ("+10 d0", [(-3, 4)], (), False, True),  # overdue: it counts as today
        ("+10 d0", [(0, 5)], ("tier:A",), False, True),
        ("+10 d0", [(0, 11)], ("tier:A",), False, False),
        ("+10 d0, -7 d1", [(0, 3)], (), False, False),
        ("+10 d0, -12 d1", [(0, 1)], (), False, False),  # short already, and shorter then
        ("+10 d0, -12 d1, +20 d3", [(3, 1)], (), False, True),  # beyond the shortfall
    ],
)
def test_a_change_is_borne_that_would_pass_the_gate(
    steps: str, taken: list[tuple[int, int]], terms: tuple[str, ...], borrow: bool, bears: bool
) -> None:
    trial = trial_of(steps, _KEPT)
    before = trial.atp(KEY, DAY)

    assert (
        trial.bears(
            [],
            [(KEY, DAY + on, quantity, 0) for on, quantity in taken],
            terms=frozenset(terms),
            borrow=borrow,
        )
        is bears
    )
    assert trial.atp(KEY, DAY) == before


def test_what_a_change_brings_itself_counts_for_it() -> None:
    trial = trial_of("")

    assert trial.bears([(KEY, DAY + 1, 5, 0)], [(KEY, DAY + 1, 5, 0)])
    assert not trial.bears([(KEY, DAY + 2, 5, 0)], [(KEY, DAY + 1, 5, 0)])
    assert not trial.bears([(KEY, DAY + 1, 5, DAY + 1)], [(KEY, DAY + 1, 5, 1)])  # it does not keep so long
    assert trial.atp(KEY, DAY + 9) == 0


def test_a_lot_that_comes_and_expires_makes_nothing_missing_that_was_missing_before() -> None:
    trial = trial_of("-3 d1, +20 d5")

    assert trial.bears([(KEY, DAY + 5, 5, DAY + 9)], [(KEY, DAY + 5, 5, 1)])
    assert not trial.bears([(KEY, DAY + 5, 5, DAY + 9)], [(KEY, DAY + 1, 1, 0)])


def test_undo_leaves_nothing_behind() -> None:
    trial = trial_of("+10 d0, -4 d2")
    mark = trial.mark()

    trial.take(KEY, DAY + 1, 5)
    trial.add(KEY, DAY + 3, 7, "rcp")
    trial.take(KEY, DAY + 3, 7)
    trial.undo(mark)

    assert [trial.atp(KEY, DAY + d) for d in range(5)] == [6, 6, 6, 6, 6]


@pytest.mark.parametrize(
    ("steps", "taken", "back", "atp"),
    [
        ("+10 d0", [(0, 6)], 6, 10),
        ("+10 d0", [(0, 6)], 4, 8),
        ("+10 d0", [(0, 2), (0, 4)], 5, 9),  # of two on one day the last one first
        ("+10 d0", [(3, 2), (0, 4)], 4, 8),  # what ships on another day stays
        ("+10 d0, -3 d0", [], 2, 9),  # what was there before, too
    ],
)
def test_what_is_given_back_may_be_promised_again(
    steps: str, taken: list[tuple[int, int]], back: int, atp: int
) -> None:
    trial = trial_of(steps)
    for on, quantity in taken:
        trial.take(KEY, DAY + on, quantity)
    mark, before = trial.mark(), trial.atp(KEY, DAY)

    trial.take(KEY, DAY, -back)

    assert trial.atp(KEY, DAY) == atp
    trial.undo(mark)
    assert trial.atp(KEY, DAY) == before


@pytest.mark.parametrize(("on", "life", "quantity"), [(0, 0, 7), (1, 0, 1), (0, 5, 1)])
def test_more_than_was_drawn_cannot_be_given_back(on: int, life: int, quantity: int) -> None:
    trial = trial_of("+10 d0")
    trial.take(KEY, DAY, 6)

    with pytest.raises(Fault, match="was never drawn"):
        trial.take(KEY, DAY + on, -quantity, life)


def test_what_was_looked_at_is_among_what_was_read() -> None:
    trial = trial_of("+10 d0", _KEPT)

    assert trial.reads == ()
    trial.look([KEY])
    assert trial.reads == ((KEY, 0),)
    trial.look(["allocation:a", KEY])
    assert trial.reads == (("allocation:a", 0), (KEY, 0))


def test_what_was_not_locked_is_not_looked_at() -> None:
    with pytest.raises(NotLocked):
        trial_of("+10 d0").atp(node_key("pump", "Lyon"), DAY)


def test_when_it_was_counted_is_read_like_what_there_is() -> None:
    profile = Profile(key=KEY, version=4, supply=((0, 10, "r0", "", 0),), counted_at=77)
    trial = Trial(Graph(1, RECORDS), {KEY: profile}, {"Halden": DAY}, DAY)

    assert trial.reads == ()
    assert trial.counted_at(KEY) == 77
    assert trial.reads == ((KEY, 4),)  # a count meanwhile makes it another answer
    assert trial_of("+10 d3").counted_at(KEY) == 0  # nothing is on hand
    with pytest.raises(NotLocked):
        trial.counted_at(node_key("pump", "Lyon"))


STEPS = st.lists(st.tuples(st.integers(-20, 40), st.integers(0, 12)), max_size=10)


@given(STEPS, st.integers(0, 14))
def test_all_of_the_atp_can_be_promised_and_one_more_cannot(steps: list[tuple[int, int]], on: int) -> None:
    text = ", ".join(f"{q:+d} d{d}" for q, d in steps if q)
    trial = trial_of(text)
    before = [sum(q for q, d in steps if d <= day) for day in range(16)]

    atp = trial.atp(KEY, DAY + on)

    after = [level - atp if day >= on else level for day, level in enumerate(before)]
    assert all(a >= 0 or a >= b for a, b in zip(after, before, strict=True))  # no day falls below zero by it
    assert min(after[on:]) == 0 or min(before[on:]) < 0  # one more would


@given(STEPS, st.integers(0, 14), st.integers(1, 10), st.integers(0, 12))
def test_more_supply_never_makes_less_available(
    steps: list[tuple[int, int]], on: int, more: int, at: int
) -> None:
    text = ", ".join(f"{q:+d} d{d}" for q, d in steps if q)

    assert trial_of(f"{text}, +{more} d{at}").atp(KEY, DAY + on) >= trial_of(text).atp(KEY, DAY + on)


@given(STEPS, st.integers(0, 14), st.integers(0, 12), st.integers(1, 9), st.integers(1, 9))
def test_splitting_a_receipt_changes_nothing(
    steps: list[tuple[int, int]], on: int, at: int, a: int, b: int
) -> None:
    text = ", ".join(f"{q:+d} d{d}" for q, d in steps if q)

    whole = trial_of(f"{text}, +{a + b} d{at}").atp(KEY, DAY + on)

    assert trial_of(f"{text}, +{a} d{at}, +{b} d{at}").atp(KEY, DAY + on) == whole


@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(0, 6), st.integers(0, 12)), max_size=5),
    st.lists(st.tuples(st.integers(1, 6), st.integers(0, 8), st.integers(0, 4)), max_size=4),
    st.integers(0, 8),
    st.integers(0, 4),
)
def test_lot_atp_is_what_a_matcher_finds(
    lots: list[tuple[int, int, int]], draws: list[tuple[int, int, int]], on: int, life: int
) -> None:
    """Lots are (quantity, usable day, days it then lasts); the oracle is a maximum flow by augmenting paths."""
    supply = [(q, usable, usable + lasts) for q, usable, lasts in lots]
    steps = ", ".join(
        [f"+{q} d{usable} x{expires}" for q, usable, expires in supply]
        + [f"-{q} d{d} l{n}" for q, d, n in draws]
    )
    if not supply or _matched(supply, draws) < sum(q for q, _d, _n in draws):
        return  # short before: what "as well covered as before" means is tested by the table

    atp = trial_of(steps).atp(KEY, DAY + on, life_days=life)

    total = sum(q for q, _d, _n in draws)
    assert _matched(supply, [*draws, (atp, on, life)]) == total + atp
    assert _matched(supply, [*draws, (atp + 1, on, life)]) < total + atp + 1


@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(0, 6), st.integers(1, 12)), max_size=4),
    st.lists(st.tuples(st.integers(1, 6), st.integers(0, 8), st.integers(0, 4)), max_size=4),
    st.tuples(st.integers(1, 9), st.integers(0, 8), st.integers(1, 9)),
    st.tuples(st.integers(1, 9), st.integers(0, 8), st.integers(0, 4)),
)
def test_a_change_may_pass_when_a_matcher_covers_it_and_all_that_was_covered(
    lots: list[tuple[int, int, int]],
    draws: list[tuple[int, int, int]],
    brings: tuple[int, int, int],
    takes: tuple[int, int, int],
) -> None:
    supply = [(q, usable, usable + lasts) for q, usable, lasts in lots]
    more = [*supply, (brings[0], brings[1], brings[1] + brings[2])]
    rows, more_rows = ([(u, q, "", "", x) for q, u, x in some] for some in (supply, more))
    before = [(d, n, q) for q, d, n in draws]
    missed = unfilled_by_day(rows, before, 0)
    covered = [(one[0] - part, *one[1:]) for one, part in _spread(draws, missed)]

    unfilled = newly_unfilled(more_rows, [*before, (takes[1], takes[2], takes[0])], 0, missed)

    total = sum(q for q, _d, _n in covered) + takes[0]
    assert sum(unfilled.values()) == total - _matched(more, [*covered, takes])


def _spread(
    draws: list[tuple[int, int, int]], missed: dict[tuple[int, int], int]
) -> list[tuple[tuple[int, int, int], int]]:
    """Each draw with what it was missing, where several have the same day and life."""
    left, found = dict(missed), []
    for one in draws:
        part = min(one[0], left.get(one[1:], 0))
        left[one[1:]] = left.get(one[1:], 0) - part
        found.append((one, part))
    return found


def _matched(lots: list[tuple[int, int, int]], draws: list[tuple[int, int, int]]) -> int:
    units = [i for i, (q, _d, _n) in enumerate(draws) for _ in range(q)]
    pool = [i for i, (q, _u, _x) in enumerate(lots) for _ in range(q)]
    fits = [
        [lots[j][1] <= draws[i][1] and lots[j][2] >= draws[i][1] + draws[i][2] for j in pool] for i in units
    ]
    owner = [-1] * len(pool)

    def place(unit: int, seen: list[bool]) -> bool:
        for slot in range(len(pool)):
            if fits[unit][slot] and not seen[slot]:
                seen[slot] = True
                if owner[slot] < 0 or place(owner[slot], seen):
                    owner[slot] = unit
                    return True
        return False

    return sum(place(unit, [False] * len(pool)) for unit in range(len(units)))

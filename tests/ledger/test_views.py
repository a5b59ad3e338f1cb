"""Each ATP view is what its name says, by worked lines."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.ledger.decide import views

NONE = None


@pytest.mark.parametrize(
    ("supply", "demand", "atp"),
    [
        ([6, 4, 2, 4], [6, 2, 3, 6], (0, 2, -1, -2)),
        ([0, 0], [0, 0], (0, 0)),
        ([], [], ()),
    ],
)
def test_a_period_keeps_to_itself(supply, demand, atp):
    assert views.period(supply, demand) == atp


@pytest.mark.parametrize(
    ("on_hand", "supply", "demand", "cumulative", "lookahead"),
    [
        (20, [0, 0, 10, 0], [3, 0, 0, 15], (17, 17, 27, 12), (12, 12, 12, 12)),
        (20, [0, 0, 10], [3, 0, 0], (17, 17, 27), (17, 17, 27)),
        (0, [100, 50], [0, 60], (100, 90), (90, 90)),
        (0, [0, 50], [10, 0], (-10, 40), (-10, 40)),
        (100, [0, 0], [70, 60], (30, -30), (-30, -30)),
    ],
)
def test_the_cumulative_view_looks_back_and_the_lookahead_view_also_ahead(
    on_hand, supply, demand, cumulative, lookahead
):
    assert views.cumulative(on_hand, supply, demand) == cumulative
    assert views.projected(on_hand, supply, demand) == cumulative
    assert views.lookahead(on_hand, supply, demand) == lookahead


@pytest.mark.parametrize(
    ("on_hand", "mps", "orders", "atp"),
    [
        # on hand and the lot of the first period, minus the orders until the next lot
        (50, [100, 0, 100, 0], [60, 30, 20, 10], (60, NONE, 70, NONE)),
        # no lot in the first period: on hand alone has to last until the first one
        (50, [0, 0, 100, 0], [20, 10, 20, 10], (20, NONE, 70, NONE)),
        # lots in every period
        (5, [10, 10, 10], [3, 4, 12], (12, 6, -2)),
        # a lot that does not cover its orders shows it; the lot before is not corrected
        (0, [100, 0, 100], [10, 0, 120], (90, NONE, -20)),
        # no lot at all
        (30, [0, 0, 0], [5, 5, 5], (15, NONE, NONE)),
        (7, [4], [5], (6,)),
        (7, [], [], ()),
    ],
)
def test_a_lot_has_to_last_until_the_next(on_hand, mps, orders, atp):
    assert views.discrete(on_hand, mps, orders) == atp


def test_lots_are_planned_when_the_larger_of_forecast_and_orders_would_empty_the_shelf():
    plan = views.plan_lots(
        64,
        forecast=[30, 30, 30, 30, 40, 40, 40, 40],
        orders=[33, 20, 10, 4, 2, 0, 0, 0],
        lot_size=70,
    )

    assert plan.before == (31, 1, -29, 11, -29, 1, -39, -9)
    assert plan.mps == (0, 0, 70, 0, 70, 0, 70, 70)
    assert plan.projected_on_hand == (31, 1, 41, 11, 41, 1, 31, 61)


@pytest.mark.parametrize(
    ("on_hand", "needed", "lot_size", "fixed", "mps", "left"),
    [
        (10, [10, 1], 5, None, (0, 5), (0, 4)),  # zero is not negative
        (0, [11], 5, None, (15,), (4,)),  # as many lots as it takes, no more
        (0, [10], 5, None, (10,), (0,)),
        (-7, [0], 5, None, (10,), (3,)),  # a backlog is made good first
        (0, [8, 8], 5, [8, 0], (8, 10), (0, 2)),  # lots that are fixed count first
    ],
)
def test_as_few_whole_lots_as_keep_the_projection_at_zero(on_hand, needed, lot_size, fixed, mps, left):
    plan = views.plan_lots(on_hand, forecast=[0] * len(needed), orders=needed, lot_size=lot_size, fixed=fixed)

    assert (plan.mps, plan.projected_on_hand) == (mps, left)


def test_rows_of_different_length_are_never_cut_silently():
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        views.period([1, 2], [1])


QUANTITIES = st.lists(
    st.tuples(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=12
)


@given(st.integers(0, 100), QUANTITIES, st.data())
def test_all_of_the_lookahead_atp_can_be_promised_and_no_unit_more(on_hand, rows, data):
    supply, demand = [r[0] for r in rows], [r[1] for r in rows]
    on = data.draw(st.integers(0, len(rows) - 1))
    atp = views.lookahead(on_hand, supply, demand)[on]
    short = min(views.projected(on_hand, supply, demand)[on:])

    for extra, least in ((atp, 0), (atp + 1, -1)):
        promised = [d + (extra if n == on else 0) for n, d in enumerate(demand)]
        assert min(views.projected(on_hand, supply, promised)[on:]) == least
    assert short == atp


@given(st.integers(0, 100), QUANTITIES)
def test_the_lots_together_leave_what_the_projection_ends_with(on_hand, rows):
    mps, orders = [r[0] for r in rows], [r[1] for r in rows]

    left = sum(quantity for quantity in views.discrete(on_hand, mps, orders) if quantity is not None)

    assert left == views.projected(on_hand, mps, orders)[-1]


@given(st.integers(-50, 100), QUANTITIES, st.integers(1, 60))
def test_planned_lots_are_whole_never_too_few_and_never_one_too_many(on_hand, rows, lot_size):
    forecast, orders = [r[0] for r in rows], [r[1] for r in rows]

    plan = views.plan_lots(on_hand, forecast=forecast, orders=orders, lot_size=lot_size)

    needed = views.larger(forecast, orders)
    assert plan.projected_on_hand == views.projected(on_hand, plan.mps, needed)
    for before, lots, left in zip(plan.before, plan.mps, plan.projected_on_hand, strict=True):
        assert left >= 0
        assert lots % lot_size == 0
        assert (lots == 0) == (before >= 0)
        assert lots == 0 or left < lot_size

"""What rules and terms may not say, each named with its field."""

from __future__ import annotations

import pytest

from accord.kit.errors import InputError
from accord.policy.model import Customer, Edition, Price, Rights, Rules, Tier
from accord.policy.service.records import Record, check

CENTURY = 36_500 * 86_400


@pytest.mark.parametrize(
    ("record", "pointer", "code"),
    [
        (Rules(horizon_days=0), "/0/horizon_days", "too_small"),
        (Rules(depth_max=0), "/0/depth_max", "too_small"),
        (Rules(hold_seconds=0), "/0/hold_seconds", "too_small"),
        (Rules(hold_seconds_max=0), "/0/hold_seconds_max", "too_small"),
        (Rules(options_max=0), "/0/options_max", "too_small"),
        (Rules(fence_days=-1), "/0/fence_days", "negative"),
        (Rules(hold_renewals_max=-1), "/0/hold_renewals_max", "negative"),
        (Rules(late_receipt_days=-1), "/0/late_receipt_days", "negative"),
        (Rules(horizon_days=36_501), "/0/horizon_days", "too_large"),
        (Rules(fence_days=36_501), "/0/fence_days", "too_large"),
        (Rules(late_receipt_days=36_501), "/0/late_receipt_days", "too_large"),
        (Rules(approval_seconds=0), "/0/approval_seconds", "too_small"),
        (Rules(hold_quantity_max=-1), "/0/hold_quantity_max", "negative"),
        (Rules(count_seconds_max=-1), "/0/count_seconds_max", "negative"),
        (Rules(price_move_bp=-1), "/0/price_move_bp", "negative"),
        (Rules(price_seconds_min=0), "/0/price_seconds_min", "too_small"),
        (Rules(price_seconds_max=0), "/0/price_seconds_max", "too_small"),
        (Rules(hold_seconds_max=CENTURY + 1), "/0/hold_seconds_max", "too_large"),
        (Rules(approval_seconds=CENTURY + 1), "/0/approval_seconds", "too_large"),
        (Rules(currency="usd"), "/0/currency", "not_a_currency"),
        (Customer(id="", name="N"), "/0/id", "missing"),
        (Customer(id="n", name="N", early_days_max=-1), "/0", "negative"),
        (Customer(id="n", name="N", life_days_min=-1), "/0", "negative"),
        (Tier(id="A", rank=0), "/0/rank", "too_small"),
        (Price(id="X", item="X", list_minor=-1), "/0", "negative"),
        (Price(id="X", item="X", floor_minor=-1), "/0", "negative"),
    ],
)
def test_what_cannot_be_meant_is_named(record: Record, pointer: str, code: str) -> None:
    with pytest.raises(InputError) as error:
        check([record])

    assert [(one.pointer, one.code) for one in error.value.errors] == [(pointer, code)]
    assert str(error.value).endswith(".")


@pytest.mark.parametrize(
    "record",
    [
        Rules(horizon_days=36_500, fence_days=36_500, late_receipt_days=36_500),
        Rules(
            horizon_days=1,
            depth_max=1,
            hold_seconds=1,
            hold_seconds_max=1,
            options_max=1,
            hold_renewals_max=0,
        ),
        Rules(hold_seconds_max=CENTURY, approval_seconds=CENTURY, count_seconds_max=0, price_move_bp=0),
        Rules(late_receipt_days=None),
        Rules(late_receipt_days=0),
        Customer(id="n", name="N", early_days_max=0, life_days_min=0),
        Tier(id="A", rank=1),
        Price(id="X", item="X"),
        Rights(),
        Edition(id="", rights=Rights()),
    ],
)
def test_what_may_be_said_is_taken(record: Record) -> None:
    check([record])

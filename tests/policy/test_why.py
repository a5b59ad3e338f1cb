"""Why a row decides is said row by row, and the answer is the one that would be given."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest

from accord.demo.rights import rights as demo
from accord.policy.decide import Act, judge_in
from accord.policy.decide.why import steps
from accord.policy.model import Amount, Answer, Figures, Right, Rights, Verb

RIGHTS = demo().rights
TODAY = date(2027, 3, 12).toordinal()


def act(value: str, margin_bp: int, verb: str = "commit", **more: bool) -> Act:
    minor = int(value) * 100
    figures = Figures(
        amounts=(Amount(item="X", quantity=500, value_minor=minor),),
        price_minor=minor,
        cost_minor=minor - minor * margin_bp // 10_000,
        **more,
    )
    return Act(actor="", verb=Verb(verb), figures=figures, today=TODAY, currency="EUR")


@pytest.mark.parametrize(
    ("wanted", "said", "answer"),
    [
        (act("9250", 2500), ["seller: decides"], "allow"),
        (
            act("9250", 1200),
            [
                "seller: a margin of 12.00 % is 2.00 % below 14.00 %",
                "seller-ends: is about release, cancel",
                "seller-asks: decides",
            ],
            "ask sales manager",
        ),
        (
            act("9250", 1200, "cancel"),
            ["seller: a margin of 12.00 % is 2.00 % below 14.00 %", "seller-ends: decides"],
            "allow",
        ),
        (
            act("9250", 2500, borrow=True),
            [
                "seller: it takes from the share of a lower tier",
                "seller-ends: is about release, cancel",
                "seller-asks: decides",
            ],
            "ask director",
        ),
    ],
)
def test_each_row_up_to_the_one_that_decides_says_why_not(wanted: Act, said: list[str], answer: str) -> None:
    free = lambda _key, _on: 10**12  # noqa: E731 - nothing is used yet

    ruling, found = steps(RIGHTS, "seller", wanted, free)

    shown = [
        f"{one.right.id}: {'decides' if one.decides else one.silent or ', '.join(one.over)}" for one in found
    ]
    assert shown == said
    assert f"{ruling.answer.value} {ruling.ask}".strip() == answer
    assert ruling == judge_in(RIGHTS, "seller", wanted, free)[0]


def test_a_role_without_rights_hears_whose_each_row_is() -> None:
    _ruling, found = steps(RIGHTS, "clerk", act("1", 2500), lambda _key, _on: 0)

    assert not any(one.decides for one in found)
    assert found[0].silent == "is for a seller"
    assert len(found) == len(RIGHTS.rights)


@pytest.mark.parametrize(
    ("row", "tier", "silent"),
    [
        (Right(id="r", then=Answer.allow, tiers=("A",)), "B", "is for A"),
        (Right(id="r", then=Answer.allow, tiers=("A", "")), "B", "is for A and customers without a tier"),
        (Right(id="r", then=Answer.allow, tiers=("A", "")), "", ""),
        (Right(id="r", then=Answer.allow, tiers=("A", "B")), "B", ""),
        # The first that does not fit is said: the role, then the customer, then what is done.
        (Right(id="r", then=Answer.allow, role="clerk", tiers=("A",)), "B", "is for a clerk"),
        (Right(id="r", then=Answer.allow, tiers=("A",), verbs=(Verb.hold,)), "B", "is for A"),
        (Right(id="r", then=Answer.allow, tiers=("A",), verbs=(Verb.hold,)), "A", "is about hold"),
    ],
)
def test_a_row_that_is_silent_says_for_whom_or_what_it_is(row: Right, tier: str, silent: str) -> None:
    wanted = msgspec.structs.replace(act("1", 2500), tier=tier)

    _ruling, (found,) = steps(Rights(rights=(row,)), "seller", wanted, lambda _key, _on: 0)

    assert (found.silent, found.speaks, found.decides) == (silent, silent == "", silent == "")

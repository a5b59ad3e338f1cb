"""What the test cases beside the rights say: passed, or what was expected and what came."""

from __future__ import annotations

from datetime import date

import pytest

from accord.policy.decide.cases import outcomes
from accord.policy.model import (
    Actor,
    Amount,
    Answer,
    Case,
    Counted,
    CumulativeLimit,
    Figures,
    Period,
    Right,
    Rights,
    Subject,
    Verb,
)

TODAY = date(2027, 3, 12).toordinal()
RIGHTS = Rights(
    rights=(
        Right(id="small", role="seller", then=Answer.allow, quantity_max=10),
        Right(id="large", role="seller", then=Answer.ask, ask="boss", tiers=("A",)),
        Right(id="all", role="boss", then=Answer.allow),
    ),
    limits=(
        CumulativeLimit(
            id="week",
            of=Counted.quantity,
            over=Subject.customer,
            period=Period.week,
            most=12,
            then=Answer.deny,
        ),
    ),
    actors=(Actor(id="sam", roles=("seller",)), Actor(id="bea", roles=("boss",))),
)


def case(quantity: int, expect: str, **more: object) -> Case:
    figures = Figures(
        amounts=(Amount(item="X", quantity=quantity, value_minor=quantity),), price_minor=quantity
    )
    given = {"name": "c", "verb": Verb.commit, "figures": figures, "role": "seller", **more}
    answer, _, ask = expect.partition(" ")
    return Case(expect=Answer(answer), ask=ask, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (case(10, "allow"), ""),
        (case(10, "allow", by="small"), ""),
        (case(10, "allow", by="large"), "expected allow by large, came allow by small"),
        (case(11, "allow"), "expected allow, came deny by no right"),
        (case(11, "deny"), ""),
        (case(11, "ask boss", tier="A"), ""),
        (case(11, "ask", tier="A"), "expected ask , came ask boss by large"),
        (case(11, "ask chief", tier="A", by="large"), "expected ask chief by large, came ask boss by large"),
        (case(11, "deny", tier="A"), "expected deny, came ask boss by large"),
        (case(11, "allow", role="boss"), ""),
        (case(11, "allow", role="", actor="bea"), ""),
        (case(11, "deny", role="boss", actor="sam"), ""),  # who is named acts in his own roles
        (case(10, "allow", role="", actor="sam"), ""),
        (case(10, "deny", role=""), ""),  # somebody without a role
        (case(12, "allow", role="boss"), ""),
        (case(13, "deny", role="boss", by="week"), ""),
        (case(10, "allow", used=(("week", 2),)), ""),
        (case(10, "deny", used=(("week", 3),), by="week"), ""),
        (case(10, "deny", used=(("week", 99),), by="week"), ""),  # what is overdrawn leaves nothing
    ],
)  # fmt: skip
def test_a_case_passes_when_answer_who_is_asked_and_who_says_so_are_those_expected(
    one: Case, words: str
) -> None:
    (outcome,) = outcomes(RIGHTS, (one,), today=TODAY, currency="EUR")

    assert (outcome.words, outcome.passed, outcome.case) == (words, not words, one)


def test_what_is_overdrawn_leaves_nothing_rather_than_less() -> None:
    (outcome,) = outcomes(RIGHTS, (case(5, "allow", used=(("week", 99),)),), today=TODAY, currency="EUR")

    assert outcome.ruling.because == (
        "week: quantity of 5 is 5 more than is left of 12 for this week and customer",
    )


def test_every_case_has_its_outcome_in_their_order() -> None:
    found = outcomes(RIGHTS, (case(1, "deny"), case(2, "allow")), today=TODAY, currency="EUR")

    assert [(one.case.expect.value, one.passed) for one in found] == [("deny", False), ("allow", True)]

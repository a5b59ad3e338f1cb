"""Which rights lock people out, or let in whom they should not, and who may change them."""

from __future__ import annotations

import pytest

from accord.policy.decide.lockout import change_is_possible, may_change, warnings
from accord.policy.model import Actor, Answer, CumulativeLimit, Right, Rights, Verb

ALL = Right(id="all", role="seller", then=Answer.allow)
ASK = Right(id="ask", role="seller", then=Answer.ask, ask="boss")
SAM, BEA, BEN = (
    Actor(id="sam", roles=("seller",)),
    Actor(id="bea", roles=("boss",)),
    Actor(id="ben", roles=("boss",)),
)
BOSS = Right(id="boss", role="boss", then=Answer.allow)


@pytest.mark.parametrize(
    ("rights", "warned"),
    [
        (Rights(rights=(ALL,), actors=(SAM,)), []),
        (Rights(rights=(ALL,), everybody_else="seller"), []),
        (Rights(rights=(Right(id="any", then=Answer.allow),)), []),
        (
            Rights(rights=(Right(id="some", role="seller", then=Answer.allow, verbs=tuple(v for v in Verb if v is not Verb.cancel)),), actors=(SAM,)),
            ["Nobody could cancel anything: no right that allows it is of a role that somebody has."],
        ),
        (
            Rights(rights=(ALL,), actors=(SAM, BEA)),
            ["bea could do nothing: no right is of whoever acts as boss."],
        ),
        (
            Rights(rights=(ALL, Right(id="no", role="boss", then=Answer.deny)), actors=(SAM, BEA)),
            ["bea could do nothing: no right is of whoever acts as boss."],
        ),
        (
            Rights(rights=(ALL,), actors=(SAM, Actor(id="nil"), Actor(id="two", roles=("a", "b")))),
            ["nil could do nothing: no right is of whoever acts without a role.",
             "two could do nothing: no right is of whoever acts as a and b."],
        ),
        (Rights(rights=(Right(id="any", then=Answer.allow),), actors=(Actor(id="nil"),)), []),
        (
            Rights(rights=(ALL, BOSS), actors=(SAM,)),
            ["The role 'boss' has rights or limits, but nobody has it."],
        ),
        (
            Rights(rights=(ALL, BOSS), limits=(CumulativeLimit(id="l", of="value", over="actor", period="day", most=1, then=Answer.deny, role="chief"),), actors=(SAM, BEA)),  # type: ignore[arg-type]
            ["The role 'chief' has rights or limits, but nobody has it."],
        ),
        (Rights(rights=(ALL, ASK, BOSS), actors=(SAM, BEA, BEN)), []),
        (
            Rights(rights=(ALL, ASK, BOSS), actors=(SAM, BEA)),
            ["Only bea could agree as boss: what bea asks for nobody could approve there."],
        ),
        (
            Rights(rights=(ALL, ASK, BOSS), actors=(SAM,), everybody_else="boss"),
            ["Whoever is not among the actors could agree as boss: somebody who is could do it under another name."],
        ),
    ],
)  # fmt: skip
def test_what_is_likely_not_meant_is_said(rights: Rights, warned: list[str]) -> None:
    assert list(warnings(rights, {})) == warned


@pytest.mark.parametrize(("tiers", "warned"), [({}, ["B"]), ({"B": 1}, [])])
def test_a_tier_that_is_not_stated_is_warned_of(tiers: dict[str, int], warned: list[str]) -> None:
    row = Right(id="r", then=Answer.allow, tiers=("", "B"))

    assert list(warnings(Rights(rights=(row,)), tiers)) == [
        f"r speaks of tier {name!r}, which is not stated." for name in warned
    ]


@pytest.mark.parametrize(
    ("rights", "actor", "may"),
    [
        (None, "sam", True),
        (Rights(), "sam", True),  # where nobody is named whoever may use the command
        (Rights(change="boss", actors=(SAM, BEA)), "bea", True),
        (Rights(change="boss", actors=(SAM, BEA)), "sam", False),
        (Rights(change="boss", everybody_else="boss"), "who", True),
    ],
)
def test_only_the_role_that_is_named_changes_the_rules(rights: Rights | None, actor: str, may: bool) -> None:
    assert may_change(rights, actor) is may


@pytest.mark.parametrize(
    ("rights", "possible"),
    [
        (Rights(), True),
        (Rights(second="boss", actors=(BEA,)), False),  # nobody states it, so nobody is another
        (Rights(change="boss", actors=(BEA,)), True),
        (Rights(change="boss", actors=(SAM,)), False),
        (Rights(change="boss", second="boss", actors=(BEA,)), False),  # one person is not two
        (Rights(change="boss", second="boss", actors=(BEA, BEN)), True),
        (Rights(change="boss", second="boss", actors=(BEA, Actor(id="b2", roles=("boss",), person="bea"))), False),
        (Rights(change="boss", second="seller", actors=(BEA, SAM)), True),
        (Rights(change="boss", second="seller", actors=(BEA,)), False),
        (Rights(change="boss", second="seller", actors=(BEA, Actor(id="b2", roles=("seller",), person="bea"))), False),
        (Rights(change="boss", second="seller", actors=(BEN, BEA, Actor(id="b2", roles=("seller",), person="bea"))), True),
    ],
)  # fmt: skip
def test_rules_can_be_changed_again_by_two_people_where_two_are_needed(
    rights: Rights, possible: bool
) -> None:
    assert change_is_possible(rights) is possible

"""Whom to ask when a row and limits send to several, and whether what is left to whoever is asked is enough."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from accord.ledger.model import limit_key
from accord.policy.decide import Act, judge, judge_in
from accord.policy.decide.act import leads
from accord.policy.decide.limits import key_of
from accord.policy.decide.lockout import warnings
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

TODAY = date(2027, 3, 12).toordinal()
ACTORS = (
    Actor(id="sam", roles=("seller",)),
    Actor(id="mia", roles=("manager",)),
    Actor(id="ann", roles=("manager", "seller")),
)
OPEN = Right(id="open", role="seller", then=Answer.allow)
BOSS = Right(id="boss", role="boss", then=Answer.allow)
MANAGER = Right(id="manager", role="manager", then=Answer.allow)
CLERK = Right(id="clerk", role="clerk", then=Answer.allow)


def limit(id: str, **more: Any) -> CumulativeLimit:
    given = {"id": id, "of": Counted.quantity, "over": Subject.customer, "period": Period.week, "most": 10,
             "then": Answer.ask, "ask": "manager", "role": "seller", **more}  # fmt: skip
    return CumulativeLimit(**given)


def act(quantity: int = 5, **more: Any) -> Act:
    figures = Figures(amounts=(Amount(item="X", quantity=quantity, value_minor=1),), price_minor=1)
    return Act(**{"actor": "sam", "verb": Verb.commit, "figures": figures, "customer": "C", "today": TODAY,
                  "currency": "EUR", **more})  # fmt: skip


def says(ruling: Ruling) -> str:
    ask = f" {ruling.ask}" if ruling.ask else ""
    return f"{ruling.answer.value}{ask} by {ruling.by or 'no right'}"


def left(**free: int) -> Any:
    return lambda key, _on: free.get(key.split(":")[1], 1 << 60)


# --- who stands above whom ---


@pytest.mark.parametrize(
    ("role", "to", "so"),
    [
        ("seller", "manager", True),
        ("seller", "boss", True),  # through the manager
        ("manager", "boss", True),
        ("manager", "seller", False),
        ("boss", "boss", False),
        ("boss", "manager", False),
        ("seller", "seller", False),
        ("seller", "clerk", False),  # who is denied asks nobody
        ("guest", "chief", True),  # what goes for every role
    ],
)
def test_who_is_asked_stands_above_who_asks(role: str, to: str, so: bool) -> None:
    table = Rights(
        rights=(
            Right(id="a", role="seller", then=Answer.ask, ask="manager"),
            Right(id="b", role="manager", then=Answer.allow),
            Right(id="c", role="seller", then=Answer.deny, ask="clerk"),
            Right(id="d", role="*", then=Answer.ask, ask="chief"),
        ),
        limits=(limit("l", role="manager", ask="boss"),),
    )

    assert leads(table, role, to) is so


def test_who_send_to_each_other_are_gone_through_once() -> None:
    table = Rights(
        rights=(
            Right(id="a", role="seller", then=Answer.ask, ask="manager"),
            Right(id="b", role="manager", then=Answer.ask, ask="seller"),
        )
    )

    assert leads(table, "seller", "manager")
    assert leads(table, "manager", "seller")
    assert not leads(table, "seller", "boss")


# --- several to ask ---


@pytest.mark.parametrize(
    ("rows", "limits", "free", "said"),
    [
        ((OPEN, MANAGER), (limit("l"),), {"l": 5}, "allow by open"),
        ((OPEN, MANAGER), (limit("l"),), {"l": 4}, "ask manager by l"),
        ((OPEN, MANAGER, BOSS), (limit("l"), limit("m", ask="boss")), {"l": 4}, "ask manager by l"),
        ((OPEN, MANAGER, BOSS), (limit("l"), limit("m", ask="boss")), {"m": 4}, "ask boss by m"),
        # Two that do not stand above each other would have to agree, and an approval is one person's.
        ((OPEN, MANAGER, BOSS), (limit("l"), limit("m", ask="boss")), {"l": 4, "m": 4}, "deny by m"),
        ((OPEN, MANAGER, BOSS), (limit("l"), limit("m")), {"l": 4, "m": 4}, "ask manager by l"),
        # Where one stands above the other, he alone is asked.
        ((OPEN, Right(id="up", role="manager", then=Answer.ask, ask="boss"), BOSS), (limit("l"), limit("m", ask="boss")), {"l": 4, "m": 4}, "ask boss by m"),
        ((Right(id="row", role="seller", then=Answer.ask, ask="boss"), MANAGER, BOSS), (limit("l"),), {}, "ask boss by row"),
        ((Right(id="row", role="seller", then=Answer.ask, ask="boss"), MANAGER, BOSS), (limit("l"),), {"l": 4}, "deny by l"),
        ((OPEN, MANAGER), (limit("l", then=Answer.deny, ask=""), limit("m")), {"l": 4, "m": 4}, "deny by l"),
    ],
)  # fmt: skip
def test_of_several_that_must_agree_the_one_above_the_others_is_asked(
    rows: tuple[Right, ...], limits: tuple[CumulativeLimit, ...], free: dict[str, int], said: str
) -> None:
    ruling, takes = judge(Rights(rights=rows, limits=limits, actors=ACTORS), act(), left(**free))

    assert says(ruling) == said
    assert bool(takes) == (ruling.answer is Answer.allow)


def test_where_two_would_have_to_agree_it_says_so() -> None:
    table = Rights(rights=(OPEN, MANAGER, BOSS), limits=(limit("l"), limit("m", ask="boss")), actors=ACTORS)

    ruling, _ = judge(table, act(), left(l=4, m=4))

    assert (
        ruling.because[-1]
        == "it needs the agreement of manager and of boss, and one approval is one person's"
    )


# --- what is left to whoever is asked ---


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ({}, "ask manager by row"),
        ({"most": 4}, "ask boss by row"),  # he must ask himself
        ({"most": 4, "then": Answer.deny, "ask": ""}, "deny by row"),
        ({"most": 4, "over": Subject.actor}, "ask manager by row"),  # who will approve is not known yet
        ({"most": 4, "role": "*"}, "ask manager by row"),
    ],
)
def test_whoever_is_asked_must_have_enough_left_of_limits_over_the_customer(
    own: dict[str, Any], said: str
) -> None:
    table = Rights(
        rights=(Right(id="row", role="seller", then=Answer.ask, ask="manager"), MANAGER, BOSS),
        limits=(limit("theirs", **{"role": "manager", "ask": "boss", "verbs": (Verb.commit,), **own}),),
        actors=ACTORS,
    )

    ruling, _ = judge(
        Rights(rights=table.rights, limits=table.limits, actors=ACTORS),
        act(),
        lambda _key, _on: table.limits[0].most if table.limits[0].role == "manager" else 5,
    )

    assert says(ruling) == said


# --- what is approved ---


@pytest.mark.parametrize(
    ("role", "ask", "free", "said", "taken"),
    [
        ("manager", "manager", {}, "allow by manager", {"l": 5}),
        ("manager", "manager", {"l": 3}, "allow by manager", {"l": 3}),  # he may go beyond what asks him, and it gives what is left
        ("boss", "manager", {"l": 3}, "allow by boss", {"l": 3}),  # so may who stands above him
        ("clerk", "manager", {"l": 3}, "ask manager by l", {}),  # nobody else
    ],
)  # fmt: skip
def test_the_limits_of_whoever_asked_count_for_what_another_approves(
    role: str, ask: str, free: dict[str, int], said: str, taken: dict[str, int]
) -> None:
    table = Rights(
        rights=(OPEN, MANAGER, BOSS, CLERK, Right(id="up", role="manager", then=Answer.ask, ask="boss")),
        limits=(limit("l", ask=ask),),
        actors=ACTORS,
    )

    ruling, takes = judge_in(
        table, role, act(actor="mia", approves=True, asker="sam", asker_role="seller"), left(**free)
    )

    assert says(ruling) == said
    assert {take.key.split(":")[1]: take.quantity for take in takes} == taken


def test_a_limit_of_both_is_taken_once() -> None:
    table = Rights(rights=(OPEN, MANAGER), limits=(limit("l", role="*"),), actors=ACTORS)

    _, takes = judge_in(
        table, "manager", act(actor="mia", approves=True, asker="sam", asker_role="seller"), left()
    )

    assert [take.quantity for take in takes] == [5]


@pytest.mark.parametrize(
    ("over", "actor", "subject"),
    [
        (Subject.team, "sam", "team=north"),
        (Subject.team, "sam at home", "team=north"),  # the team of the person behind
        (Subject.team, "sam abroad", "team=south"),  # of his own first
        (Subject.team, "mia", "actor=mia"),  # in no team
        (Subject.actor, "sam at home", "actor=sam"),  # who has several names has one limit
        (Subject.customer, "sam at home", "customer=C"),
    ],
)
def test_over_whom_a_limit_adds_up_where_one_person_has_several_names(
    over: Subject, actor: str, subject: str
) -> None:
    actors = (
        Actor(id="sam", team="north"),
        Actor(id="sam at home", person="sam"),
        Actor(id="sam abroad", person="sam", team="south"),
    )

    key, _ = key_of(Rights(actors=actors), limit("l", over=over), actor, "C", TODAY)

    assert key == limit_key("l", subject, "2027-W10")


def test_of_two_roles_the_first_counts_where_the_second_says_no_better() -> None:
    table = Rights(rights=(Right(id="m", role="manager", then=Answer.allow), OPEN), actors=ACTORS)

    assert says(judge(table, act(actor="ann"), left())[0]) == "allow by m"


# --- what is likely not meant ---


@pytest.mark.parametrize(
    ("actors", "warned"),
    [
        ((Actor(id="bea", roles=("boss",)), Actor(id="ben", roles=("boss",))), []),
        ((Actor(id="bea", roles=("boss",)), Actor(id="bea too", roles=("boss",), person="bea")),
         ["Only bea could agree as boss: what bea asks for nobody could approve there."]),
    ],
)  # fmt: skip
def test_one_person_who_alone_could_agree_is_warned_of(actors: tuple[Actor, ...], warned: list[str]) -> None:
    table = Rights(
        rights=(
            Right(id="a", role="seller", then=Answer.allow, quantity_max=5, tiers=("A", "")),
            Right(id="b", role="seller", then=Answer.ask, ask="boss"),
            Right(id="c", role="boss", then=Answer.allow),
        ),
        actors=(Actor(id="sam", roles=("seller",)), *actors),
    )

    assert list(warnings(table, {"A": 1})) == warned
    assert list(warnings(table, {})) == [*warned, "a speaks of tier 'A', which is not stated."]

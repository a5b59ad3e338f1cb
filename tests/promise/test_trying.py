"""What other rights would have said to what was promised: in its order, with limits as they would have stood."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

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
    Subject,
)
from accord.policy.model import Verb as Act
from accord.promise.decide.trying import Past, tried
from accord.promise.model import Verb

HOUR = 3_600_000_000
NOW = (date(2027, 3, 10).toordinal() - date(1970, 1, 1).toordinal()) * 24 * HOUR + 9 * HOUR  # a Wednesday
SELLER = (
    Right(id="small", role="seller", verbs=(Act.hold, Act.commit), then=Answer.allow, quantity_max=50),
    Right(id="amend", role="seller", verbs=(Act.amend,), then=Answer.allow, quantity_max=40),
    Right(id="end", role="seller", verbs=(Act.release, Act.cancel), then=Answer.allow),
    Right(id="more", role="seller", verbs=(Act.commit,), then=Answer.ask, ask="boss"),
    Right(id="all", role="boss", then=Answer.allow),
)
WEEK = CumulativeLimit(
    id="week", of=Counted.quantity, over=Subject.customer, period=Period.week, most=60, then=Answer.deny
)
ACTORS = (Actor(id="sam", roles=("seller",)), Actor(id="bea", roles=("boss",)))


def past(words: str, **more: Any) -> Past:
    """ "commit 40 a h2": a verb, a quantity, the promise, in which hour from now."""
    verb, quantity, promise, hour = words.split()
    given = {
        "at": NOW + int(hour[1:]) * HOUR, "promise": promise, "decision": "dec", "ref": "", "actor": "sam",
        "customer": "C", "tier": "", "verb": Verb(verb), "is_hold": verb == "hold", "expires_at": None,
        "figures": Figures(amounts=(Amount(item="X", quantity=int(quantity), value_minor=1),), price_minor=1),
        "was": Answer.allow, **more,
    }  # fmt: skip
    return Past(**given)


def said(
    *done: Past, limits: tuple[CumulativeLimit, ...] = (), rows: tuple[Right, ...] = SELLER
) -> list[str]:
    found = tried(Rights(rights=rows, limits=limits, actors=ACTORS), done, "EUR")
    assert [one.past for one in found] == list(done)
    return [f"{one.ruling.answer.value} by {one.ruling.by or 'no right'}" for one in found]


@pytest.mark.parametrize(
    ("words", "more", "answer"),
    [
        ("commit 50 a h0", {}, "allow by small"),
        ("commit 51 a h0", {}, "ask by more"),
        ("hold 51 a h0", {}, "deny by no right"),
        ("release 99 a h0", {}, "allow by end"),
        ("amend 40 a h0", {}, "allow by small"),  # what it makes must be allowed as well
        ("amend 41 a h0", {}, "deny by no right"),
        ("commit 1 a h0", {"actor": "bea"}, "allow by all"),
        ("commit 1 a h0", {"actor": "who"}, "deny by no right"),
    ],
)
def test_each_is_judged_by_the_other_rights(words: str, more: dict[str, Any], answer: str) -> None:
    assert said(past(words, **more)) == [answer]


@pytest.mark.parametrize(
    ("is_hold", "answer"),
    [(True, "deny by no right"), (False, "allow by c")],
)
def test_an_amendment_must_be_allowed_and_so_must_what_it_makes(is_hold: bool, answer: str) -> None:
    rows = (
        Right(id="a", role="seller", verbs=(Act.amend,), then=Answer.allow),
        Right(id="c", role="seller", verbs=(Act.commit,), then=Answer.allow),
    )

    assert said(past("amend 40 a h0", is_hold=is_hold), rows=rows) == [answer]


def test_of_an_amendment_and_what_it_makes_the_harsher_answer_counts() -> None:
    rows = (
        Right(id="a", role="seller", verbs=(Act.amend,), then=Answer.deny),
        Right(id="c", role="seller", verbs=(Act.commit,), then=Answer.allow),
    )

    assert said(past("amend 40 a h0"), rows=rows) == ["deny by a"]


@pytest.mark.parametrize(
    ("done", "answers"),
    [
        (["commit 40 a h0", "commit 20 b h1"], ["allow by small", "allow by small"]),
        (["commit 40 a h0", "commit 21 b h1"], ["allow by small", "deny by week"]),
        (["commit 40 a h0", "cancel 40 a h1", "commit 50 b h2"], ["allow by small", "allow by end", "allow by small"]),
        (["hold 40 a h0", "commit 40 a h1"], ["allow by small"] * 2),  # it does not compete with itself
        (["hold 40 a h0", "commit 50 a h1", "commit 11 b h2"], ["allow by small", "allow by small", "deny by week"]),
        (["commit 51 a h0", "commit 10 b h1"], ["ask by more", "deny by week"]),  # what is approved counts, too
        (["commit 51 a h0", "commit 9 b h1"], ["ask by more", "allow by small"]),
        (["commit 51 a h0", "cancel 51 a h1", "commit 50 b h1"], ["ask by more", "allow by end", "allow by small"]),
        (["commit 40 a h0", "release 0 b h1", "commit 40 c h2"], ["allow by small", "allow by end", "deny by week"]),
        (["commit 60 a h0", "commit 1 b h150"], ["ask by more", "allow by small"]),
        (["commit 50 a h0", "commit 50 b h150"], ["allow by small", "allow by small"]),  # in the next week
    ],
)  # fmt: skip
def test_limits_are_counted_as_they_would_have_been(done: list[str], answers: list[str]) -> None:
    assert said(*(past(words) for words in done), limits=(WEEK,)) == answers


@pytest.mark.parametrize(
    ("ends", "answer"),
    [(1, "allow by small"), (2, "allow by small"), (3, "deny by week")],
)
def test_what_a_hold_took_is_free_again_from_the_moment_it_ended(ends: int, answer: str) -> None:
    hold = past("hold 40 a h0", expires_at=NOW + ends * HOUR)

    assert said(hold, past("commit 40 b h2"), limits=(WEEK,)) == ["allow by small", answer]


def test_two_that_take_of_one_limit_add_up_and_each_gives_back_its_own() -> None:
    done = ["commit 20 a h0", "commit 30 b h1", "cancel 20 a h2", "commit 30 c h3", "commit 1 d h4"]

    assert said(*(past(words) for words in done), limits=(WEEK,)) == [
        "allow by small", "allow by small", "allow by end", "allow by small", "deny by week",
    ]  # fmt: skip

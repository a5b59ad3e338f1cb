"""Which option a request takes, and for which one approval is asked."""

from __future__ import annotations

import pytest

from accord.policy.model import Answer, Ruling
from accord.promise.decide.choice import asked_for, choose
from accord.promise.model import Option, Refusal, Request, Verb, Verdict


def option(words: str) -> Option:
    """ "a full", "b later needs": an id, a kind; later ones are late; what it needs, and what a right says to it."""
    id, kind, *more = words.split()
    ruling = next((Ruling(answer=Answer(word)) for word in more if word in ("allow", "ask", "deny")), None)
    return Option(
        id=id, kind=kind, in_full_on_time=kind != "later", pieces=(), takes=(), makes=(), days_late=0, price_minor=None,
        cost_minor=0, margin_minor=None, score=0, difference="", ruling=ruling,
        needs=tuple(Refusal.not_allowed if word == "deny" else Refusal.approval_needed for word in more if word in ("needs", "ask", "deny")),
    )  # fmt: skip


def options(words: str) -> tuple[Option, ...]:
    return tuple(option(one) for one in words.split(", ") if one)


def request(**more: object) -> Request:
    return Request(**{"id": "r", "verb": Verb.commit, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("offered", "more", "taken", "because"),
    [
        ("a full, b later", {}, "a", []),
        ("a full, b later", {"verb": Verb.ask}, None, []),
        ("a later, b full", {}, "b", []),
        ("a later, b full", {"accept": "best"}, "a", []),
        ("a later", {}, None, ["not_by_then"]),
        ("", {}, None, []),
        ("", {"accept": "best"}, None, []),
        ("a substitute, b full", {}, "b", []),  # what takes somebody's consent is not taken by itself
        ("a substitute", {}, None, ["not_by_then"]),
        ("a expedite, b later", {"accept": "best"}, "a", []),
        ("a full needs, b full", {}, "b", []),
        ("a full needs, b later", {}, None, ["approval_needed"]),
        ("a substitute needs", {}, None, ["approval_needed"]),
        ("a full deny, b full ask", {}, None, ["not_allowed"]),  # of the first that is wanted
        ("a later ask", {"accept": "best"}, None, ["approval_needed"]),
        ("a full, b later", {"option": "b"}, "b", []),
        ("a full, b substitute", {"option": "b"}, "b", []),
        ("a full, b later ask", {"option": "b"}, None, ["approval_needed"]),
        ("a full, b later", {"option": "2"}, "b", []),
        ("a full, b later", {"option": "1"}, "a", []),
        ("a full, b later", {"option": "3"}, None, ["option_is_gone"]),
        ("a full, b later", {"option": "0"}, None, ["option_is_gone"]),
        ("a full, b later", {"option": "-1"}, None, ["option_is_gone"]),
        ("a full, b later", {"option": "²"}, None, ["option_is_gone"]),  # a digit, and no number
        ("a full, b later", {"option": "c"}, None, ["option_is_gone"]),
        ("a full, b later", {"option": ""}, None, ["option_is_gone"]),
        ("a full, b later", {"option": "2", "digest": "same"}, "b", []),
        ("a full, b later", {"option": "2", "digest": "other"}, None, ["option_is_gone"]),  # another list by now
        ("a full, b later", {"option": "b", "digest": "other"}, "b", []),  # an id says which is meant
    ],
)  # fmt: skip
def test_an_option_is_taken_when_it_is_named_or_needs_nobody(
    offered: str, more: dict[str, object], taken: str | None, because: list[str]
) -> None:
    found = options(offered)

    place, why = choose(request(**more), found, Verdict.yes, "same")

    assert (None if place is None else found[place].id, [one.value for one in why]) == (taken, because)


@pytest.mark.parametrize(
    ("more", "taken", "because"),
    [({}, None, ["choice_needed"]), ({"accept": "best"}, 0, []), ({"option": "a"}, 0, [])],
)
def test_what_takes_a_choice_is_named_or_the_best_is_accepted(
    more: dict[str, object], taken: int | None, because: list[str]
) -> None:
    place, why = choose(request(**more), options("a substitute, b later"), Verdict.yes_but, "same")

    assert (place, [one.value for one in why]) == (taken, because)


@pytest.mark.parametrize(
    ("offered", "more", "place"),
    [
        ("a full ask", {}, 0),
        ("a full deny, b full ask", {}, 1),
        ("a later ask, b full ask", {}, 1),
        ("a later ask, b full ask", {"accept": "best"}, 0),
        ("a later ask", {}, None),
        ("a full allow", {}, None),
        ("a full needs", {}, None),  # nobody's right says who could approve it
        ("", {}, None),
        ("a full ask, b later ask", {"option": "b"}, 1),
        ("a full ask, b later ask", {"option": "2"}, 1),
        ("a full ask, b later deny", {"option": "b"}, None),
        ("a full ask", {"option": "c"}, None),
        ("a full ask", {"option": "1", "digest": "other"}, None),
    ],
)
def test_approval_is_asked_for_the_option_named_or_the_first_that_somebody_could_give(
    offered: str, more: dict[str, object], place: int | None
) -> None:
    assert asked_for(request(**more), options(offered), "same") == place

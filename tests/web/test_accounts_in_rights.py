"""Whoever signs in is somebody to the decision rights, by a record that every decision can be made again on."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from accord.db.engine import Database
from accord.kit.errors import InputError
from accord.policy import service as policy
from accord.policy import words
from accord.policy.decide import actor_of
from accord.promise import service as promises
from accord.promise.model import Decision, Line, Refusal, Request, Verb
from accord.web.people import accounts, teams

FILE = """
name = "Sales"
everybody_else = "guest"

[[right]]
id = "seller"
role = "seller"
quantity_max = 50
then = "allow"

[[right]]
id = "seller-asks"
role = "seller"
then = "ask sales manager"

[[right]]
id = "manager"
role = "sales manager"
then = "allow"

[[limit]]
id = "team-week"
role = "seller"
of = "quantity"
over = "team"
period = "week"
most = 60
then = "deny"

[[actor]]
id = "Anna Lund"
role = "sales manager"
"""


@pytest.fixture
def rights(file: Database, today: int, quick: None) -> Database:
    policy.state(file, words.read(FILE, currency="EUR"), id="rights", actor="test")
    accounts.add(file, "Nina Vik", ["seller"], by="test")
    return file


def commit(db: Database, today: int, actor: str, quantity: int) -> Decision:
    line = Line(item="X-100", quantity=quantity, requested_on=today + 3)
    wanted = Request(id=f"{actor}-{quantity}", verb=Verb.commit, customer="C1", lines=(line,))
    (answer,) = promises.promise(db, [wanted], actor=actor)
    assert isinstance(answer, Decision), answer
    return answer


def roles(db: Database, name: str) -> tuple[str, ...]:
    with db.read() as tx:
        rights = policy.book(tx).rights
    assert rights is not None
    return actor_of(rights, name).roles


def test_who_signed_in_as_a_seller_is_a_seller_to_the_rights(rights: Database, today: int) -> None:
    must_ask, may = commit(rights, today, "Nina Vik", 51), commit(rights, today, "Nina Vik", 50)

    assert (may.promise is not None, may.refusals) == (True, ())
    assert (must_ask.promise, must_ask.refusals) == (None, (Refusal.approval_needed,))
    stranger = commit(rights, today, "Nobody Known", 1)
    assert stranger.promise is None


def test_what_was_decided_under_a_role_is_decided_the_same_after_it_was_taken_away(
    rights: Database, today: int
) -> None:
    before = commit(rights, today, "Nina Vik", 20)
    accounts.change(rights, "Nina Vik", by="test", roles=["planner"])
    after = commit(rights, today, "Nina Vik", 21)
    accounts.change(rights, "Nina Vik", by="test", disabled=True)

    assert (before.promise is not None, after.promise is not None) == (True, False)
    assert roles(rights, "Nina Vik") == ()
    replayed = promises.replay_all(rights)
    assert [one.same for one in replayed] == [True] * len(replayed)
    assert len(replayed) >= 2


def test_without_the_record_a_decision_could_not_be_made_again(
    rights: Database, today: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = commit(rights, today, "Nina Vik", 20)
    real = policy.book_at

    def forgetting(tx: Any, version: int) -> Any:
        found = real(tx, version)
        return msgspec.structs.replace(found, rights=found.stated)

    monkeypatch.setattr(policy, "book_at", forgetting)

    assert not promises.replay(rights, kept.id).same


def test_where_the_file_names_somebody_the_file_counts(rights: Database) -> None:
    accounts.add(rights, "Anna Lund", ["seller"], by="test")

    assert roles(rights, "Anna Lund") == ("sales manager",)


def test_the_team_of_an_account_is_the_team_of_cumulative_limits(rights: Database, today: int) -> None:
    accounts.add(rights, "Nils Berg", ["seller"], by="test")
    teams.arrange(rights, "north", by="test", added=["Nina Vik", "Nils Berg"])

    first, second = commit(rights, today, "Nina Vik", 40), commit(rights, today, "Nils Berg", 30)

    assert (first.promise is not None, second.promise is not None) == (True, False)


def test_an_account_is_no_difference_between_two_files(rights: Database) -> None:
    assert policy.difference(rights, words.read(FILE, currency="EUR")) == ()


def test_who_signs_in_counts_among_those_who_could_change_the_rules_again(rights: Database) -> None:
    alone = words.read(FILE + '\n[change]\nrole = "executive"\n', currency="EUR")
    with pytest.raises(InputError) as refused:
        policy.state(rights, alone, id="two", actor="test")
    assert refused.value.errors[0].code == "locks_everybody_out"

    accounts.add(rights, "Dana Holt", ["executive"], by="test")
    policy.state(rights, alone, id="three", actor="test")

    assert "planner" not in " ".join(policy.doubts(rights, alone))

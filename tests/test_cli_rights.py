"""Rights and approvals from the command line: what comes out, which exit code, and who it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from accord.cli import promising
from accord.db.engine import open_database
from accord.promise import service
from tests.company import said_day
from tests.test_cli import Run, run, today, url

__all__ = ["run", "today", "url"]  # fixtures

FILE = """
name = "Sales"

[[right]]
id = "small"
role = "seller"
quantity_max = 50
then = "allow"

[[right]]
id = "more"
role = "seller"
then = "ask manager"

[[right]]
id = "all"
role = "manager"
then = "allow"

[[actor]]
id = "sam"
role = "seller"

[[actor]]
id = "mia"
role = "manager"

[[actor]]
id = "max"
role = "manager"
"""
CASE = """
[[case]]
name = "a seller commits {0}"
role = "seller"
verb = "commit"
quantity = {0}
expect = "{1}"
"""
OWNED = '\n[change]\nrole = "manager"\nsecond = "manager"\n'


@pytest.fixture
def act(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Be somebody else: the account that runs the command."""

    def become(name: str) -> None:
        monkeypatch.setattr(promising, "actor", lambda: name)

    become("sam")
    return become


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "sales.toml"
    path.write_text(FILE)
    return path


@pytest.fixture
def stated(run: Run, file: Path, act: Callable[[str], None], today: int) -> Iterator[int]:
    assert run("policy", "state", str(file), "--id", "one").code == 0
    return today  # type: ignore[return-value]


def test_cases_are_run_from_the_file_and_from_beside_it(run: Run, file: Path, today: int) -> None:
    file.write_text(FILE + CASE.format(50, "allow"))
    beside = file.with_name("sales.cases.toml")
    beside.write_text(CASE.format(51, "ask manager"))

    good = run("policy", "test", str(file), "--json")
    beside.write_text(CASE.format(51, "allow"))
    bad = run("policy", "test", str(file), "--json")
    stated = run("policy", "state", str(file), "--id", "one")

    assert (good.code, good.json["passed"], good.json["failed"], good.json["warnings"]) == (0, 2, 0, [])
    assert (bad.code, bad.json["failed"]) == (1, 1)
    assert bad.json["items"][1]["detail"] == "expected allow, came ask manager by more"
    assert stated.code == 2
    assert run("policy", "show", "--json").json["rights"] is None


def test_what_is_not_understood_names_its_line(run: Run, file: Path, today: int) -> None:
    file.write_text(FILE.replace('then = "ask manager"', 'then = "ask the boss"\nquantity = 5'))

    found = run("policy", "test", str(file), "--json")

    assert found.code == 2
    assert "Line 14" in found.out + found.err


def test_a_difference_is_shown_before_it_counts(run: Run, file: Path, stated: int) -> None:
    file.write_text(FILE.replace("quantity_max = 50", "quantity_max = 40"))

    changes = run("policy", "diff", str(file), "--json").json["changes"]

    assert [(one["id"], one["field"], one["before"], one["after"]) for one in changes] == [
        ("small", "quantity_max", "50", "40")
    ]


def test_what_locks_people_out_is_not_stated_without_saying_so(run: Run, file: Path, today: int) -> None:
    file.write_text(FILE.replace('role = "seller"', 'role = "sellr"', 1))

    warned = run("policy", "state", str(file), "--id", "one")
    anyway = run("policy", "state", str(file), "--id", "one", "--anyway", "--json")

    assert warned.code == 1
    assert "The role 'sellr' has rights or limits, but nobody has it." in warned.err
    assert (anyway.code, anyway.json["is_in_force"]) == (0, True)
    assert anyway.json["warnings"]


def test_a_second_person_agrees(run: Run, file: Path, today: int, act: Callable[[str], None]) -> None:
    file.write_text(FILE + OWNED)
    assert run("policy", "state", str(file), "--id", "one").code == 0
    file.write_text(FILE.replace("= 50", "= 30") + OWNED)

    by_sam = run("policy", "state", str(file), "--id", "two")
    act("mia")
    by_mia = run("policy", "state", str(file), "--id", "two", "--json")
    own = run("policy", "agree", "two")
    act("max")
    agreed = run("policy", "agree", "two", "--json")

    assert (by_sam.code, own.code) == (4, 4)
    assert (by_mia.json["is_in_force"], by_mia.json["needs"]) == (False, "manager")
    assert (agreed.json["is_in_force"], agreed.json["needs"]) == (True, None)
    assert run("policy", "show", "--json").json["rights"]["rights"][0]["quantity_max"] == 30


def test_an_approval_is_asked_for_listed_and_given_by_another(
    run: Run, stated: int, act: Callable[[str], None], url: str
) -> None:
    words = f"60 X-100 by {said_day(stated, 5)} for Northwind"
    refused = run("commit", words, "--yes", "--json")
    asked = run("commit", words, "--yes", "--ask-approval", "--note", "they pay at once", "--json")
    approval = asked.json["approval"]
    listed = run("approvals", "--json").json["items"]
    own = run("approve", approval, "--yes")
    act("mia")
    given = run("approve", approval, "--yes", "--because", "fine", "--json")

    assert (refused.code, asked.code, own.code, given.code) == (4, 4, 3, 0)
    assert [(one["id"], one["actor"], one["role"], one["note"]) for one in listed] == [
        (approval, "sam", "manager", "they pay at once")
    ]
    assert listed[0]["ruling"]["because"] == ["small: 60 of one item is 10 above 50"]
    assert run("approvals", "--json").json["items"] == []
    db = open_database(url)
    kept = service.promise_of(db, given.json["promise"]).promise
    db.close()
    assert (kept.state.value, kept.actor, kept.approved_by) == ("committed", "sam", "mia")


def test_a_no_is_told_with_its_reason_and_frees_what_was_kept(
    run: Run, stated: int, act: Callable[[str], None]
) -> None:
    words = f"60 X-100 by {said_day(stated, 5)} for Northwind"
    approval = run("commit", words, "--yes", "--ask-approval", "--json").json["approval"]
    act("mia")

    declined = run("decline", approval, "--because", "too thin")

    assert declined.code == 0
    (one,) = run("approvals", "--all", "--json").json["items"]
    assert (one["state"], one["decided_by"], one["note"]) == ("declined", "mia", "too thin")
    assert run("ask", f"100 X-100 by {said_day(stated, 5)}", "--json").json["options"][0]["kind"] == "full"


def test_a_hold_is_not_committed_past_the_rights_by_its_id(
    run: Run, file: Path, today: int, act: Callable[[str], None]
) -> None:
    hold = '[[right]]\nid = "hold"\nrole = "seller"\nverb = "hold"\nthen = "allow"\n'
    file.write_text(FILE.replace('name = "Sales"\n', hold))
    run("policy", "state", str(file), "--id", "one")
    words = f"60 X-100 by {said_day(today, 5)} for Northwind"
    kept = run("hold", words, "--json").json["promise"]

    assert run("commit", kept, "--yes").code == 4
    assert run("amend", kept, words, "--yes").code == 4


def test_a_hold_that_is_over_is_answered_with_what_could_be_had_instead(
    noon: Callable[[int], None], run: Run, today: int
) -> None:
    hold = run("hold", f"60 X-100 by {said_day(today, 5)} for Northwind", "--for", "1h", "--json").json[
        "promise"
    ]
    noon(2 * 3_600)

    found = run("commit", hold, "--yes", "--json")

    assert (found.code, [one["code"] for one in found.json["refusals"]]) == (5, ["hold_expired"])
    assert found.json["lines"][0]["item"] == "X-100"
    assert found.json["options"][0]["kind"] == "full"


def test_other_rights_are_tried_on_what_was(run: Run, file: Path, stated: int) -> None:
    for quantity in (30, 45):
        run("commit", f"{quantity} X-100 by {said_day(stated, 5)} for Northwind", "--yes")
    file.write_text(FILE.replace("= 50", "= 40"))
    span = "2020-01-01..2099-01-01"

    found = run("policy", "try", str(file), "--on", span, "--json").json

    assert (found["judged"], found["allowed"], found["asked"], found["denied"]) == (2, 1, 1, 0)
    (one,) = found["items"]
    assert (one["answer"], one["ask"], one["because"]) == (
        "ask",
        "manager",
        ["small: 45 of one item is 5 above 40"],
    )
    assert run("policy", "try", str(file), "--on", "yesterday").code == 2


def test_what_waits_is_withdrawn_by_who_stated_it(
    run: Run, file: Path, act: Callable[[str], None], today: int
) -> None:
    file.write_text(FILE + OWNED)
    assert run("policy", "state", str(file), "--id", "one").code == 0
    act("mia")
    file.write_text((FILE + OWNED).replace("= 50", "= 60"))
    assert run("policy", "state", str(file), "--id", "two").code == 0
    assert "two" in run("policy", "show").out

    act("sam")
    assert run("policy", "withdraw", "two").code != 0
    act("mia")
    gone = run("policy", "withdraw", "two", "--why", "too much")

    assert gone.code == 0
    assert "Sales is withdrawn, and never comes into force." in gone.out
    assert "(two)" not in run("policy", "show").out
    act("max")
    assert run("policy", "agree", "two").code != 0

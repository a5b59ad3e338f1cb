"""The command line: streams, exit codes, one object with --json, nothing heavy before it is needed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from accord.cli import COMMANDS
from accord.db.engine import open_database
from accord.db.migrations import upgrade
from accord.promise import service
from tests.commands import Run, run
from tests.company import said_day, tell

__all__ = ["Run", "run", "today", "url"]  # fixtures


@pytest.fixture
def url(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("ACCORD_DB", sqlite_url)
    return sqlite_url


@pytest.fixture
def today(url: str) -> Iterator[int]:
    """A company in the database of ACCORD_DB; 100 X-100 now, 50 more in 14 days."""
    db = open_database(url)
    upgrade(db)
    day = tell(db)
    db.close()
    return day  # type: ignore[return-value]


def promises(url: str) -> int:
    db = open_database(url)
    try:
        return len(service.promises(db)[0])
    finally:
        db.close()


# --- starting ---

HEAVY = (
    "sqlalchemy",
    "alembic",
    "litestar",
    "uvicorn",
    "jinja2",
    "rich",
    "msgspec",
    "psycopg",
    "pysqlite3",
    "accord.db",
    "accord.web",
    "accord.promise",
)


def test_help_imports_nothing_heavy() -> None:
    program = (
        "import sys; from accord.cli import main; code = main(['--help']);"
        f"print([name for name in {HEAVY!r} if name in sys.modules], code, file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert ran.stderr.strip() == "[] 0"
    assert "ask" in ran.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_of_one_line_and_more(run: Run, command: str) -> None:
    ran = run(command, "--help")

    assert ran.code == 0
    assert len(ran.out.splitlines()) > 3
    assert ran.err == ""


def test_every_command_takes_a_database_and_json() -> None:
    import click

    from accord.cli import accord

    context = click.Context(accord)
    for name in COMMANDS:
        command = accord.get_command(context, name)
        assert command is not None
        ends = list(command.commands.values()) if isinstance(command, click.Group) else [command]
        for end in ends:
            options = {option for parameter in end.params for option in parameter.opts}
            assert {"--db", "--json"} <= options, end.name


# --- streams and codes ---


def test_a_question_is_answered_on_standard_output(run: Run, today: int) -> None:
    ran = run("ask", f"80 X-100 by {said_day(today, 3)} for Northwind")

    assert ran.code == 0
    assert ran.out.startswith("✔ Yes  80 X-100 can be ready by ")
    assert ran.err.splitlines()[-1].startswith("Next: ")
    assert "\x1b" not in ran.out + ran.err


def test_several_words_are_one_line(run: Run, today: int) -> None:
    ran = run("ask", "80", "X-100", "by", *said_day(today, 3).split(), "for", "northwind", "--json")

    assert ran.code == 0
    assert ran.json["customer"] == "C1"
    assert ran.json["lines"][0]["quantity"] == "80"


def test_json_is_one_object_and_no_hint(run: Run, today: int) -> None:
    ran = run("ask", f"80 X-100 by {said_day(today, 3)}", "--json")

    assert ran.json["verdict"] == "yes"
    assert ran.err == ""


def test_what_cannot_be_promised_exits_3_with_options_on_standard_output(
    run: Run, url: str, today: int
) -> None:
    line = f"120 X-100 by {said_day(today, 3)} for Northwind"

    assert run("ask", line).code == 3
    ran = run("commit", line, "--yes")
    as_json = run("commit", line, "--yes", "--json")

    assert ran.code == as_json.code == 3
    assert "In full, later" in ran.out
    assert [one["kind"] for one in as_json.json["options"]]
    assert as_json.json["promise"] is None
    assert promises(url) == 0


def test_a_named_option_is_committed(run: Run, url: str, today: int) -> None:
    line = f"120 X-100 by {said_day(today, 3)} for Northwind"
    seen = run("ask", line, "--json").json
    later = next(one["number"] for one in seen["options"] if one["kind"] == "later")

    ran = run("commit", line, "--option", str(later), "--yes", "--json")

    assert ran.code == 0
    assert ran.json["chosen"] == later
    assert promises(url) == 1


def test_a_price_below_the_floor_exits_4(run: Run, url: str, today: int) -> None:
    line = f"10 X-100 by {said_day(today, 3)} for Northwind at 14"

    assert run("ask", line).code == 4
    assert run("commit", line, "--yes").code == 4
    assert promises(url) == 0


def test_an_option_that_went_exits_5(run: Run, today: int) -> None:
    line = f"100 X-100 by {said_day(today, 3)} for Northwind"
    seen = run("ask", line, "--json").json
    run("commit", f"40 X-100 by {said_day(today, 3)}", "--yes")

    ran = run("commit", line, "--option", seen["options"][0]["id"], "--digest", seen["digest"], "--yes")

    assert ran.code == 5


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("80 X-999 by {day}", "X-100"),
        ("80 Pump by {day}", "Pump 100 (X-100), Pump 110 (X-110)"),
        ("80 X-100 by {day} for North", "Northwind (C1), Northgate (C2)"),
        ("-80 X-100 by {day}", "negative"),
        ("0 X-100 by {day}", "zero"),
        ("1.5 X-100 by {day}", "not a whole number"),
        ("80 X-100 by 30 feb 2027", "does not exist"),
        ("X-100", "quantity"),
        ("80 X-100 by {day} at 18.5055", "decimals"),
    ],
)
def test_wrong_words_exit_2_and_say_what_to_do(run: Run, url: str, today: int, words: str, said: str) -> None:
    line = words.format(day=said_day(today, 3))

    ran = run("commit", "--yes", "--", line)
    as_json = run("commit", "--yes", "--json", "--", line)

    assert ran.code == as_json.code == 2
    assert ran.out == ""
    assert said in ran.err
    assert as_json.json["error"]["status"] == 422
    assert as_json.json["error"]["errors"][0]["detail"]
    assert promises(url) == 0


@pytest.mark.parametrize(
    "argv",
    [
        ["ask"],
        ["nonsense"],
        ["ask", "80 X-100", "--nonsense"],
        ["hold", "80 X-100 by friday", "--for", "soon"],
        ["promises", "--limit", "0"],
        ["replay"],
        ["import", "no-such-file.csv"],
        ["commit", "80 X-100 by friday"],
        ["commit", "80 X-100 by friday", "--no-input"],
        ["cancel", "prm_x"],
        ["cancel", "prm_x", "--no-input"],
        ["amend", "prm_x", "80 X-100 by friday"],
        ["amend", "prm_x", "80 X-100 by friday", "--no-input"],
        ["quote"],
        ["quote", "80 X-100 by friday", "--id", ""],
        ["key", "add", "x"],
        ["ask", "80 X-100 by friday", "--db", "mysql://nobody"],
    ],
)
def test_wrong_usage_exits_2(run: Run, today: int, argv: list[str]) -> None:
    ran = run(*argv)

    assert ran.code == 2
    assert ran.out == ""
    assert ran.err


def test_an_error_with_json_is_one_object_too(run: Run, today: int) -> None:
    ran = run("show", "prm_nothing", "--json")

    assert ran.code == 1
    assert ran.json["error"]["code"] == "not_found"
    assert ran.err.startswith("accord: There is no promise prm_nothing")


# --- the life of a promise ---


def test_hold_commit_amend_cancel_show_and_replay(run: Run, url: str, today: int) -> None:
    line = f"80 X-100 by {said_day(today, 3)} for Northwind"

    held = run("hold", line, "--for", "2h", "--ref", "Q-1", "--id", "k-1", "--json").json
    promise = held["promise"]
    longer = run("hold", promise, "--for", "4h", "--json").json
    committed = run("commit", promise, "--yes")
    amended = run("amend", promise, f"90 X-100 by {said_day(today, 3)}", "--yes", "--json")
    shown = run("show", "Q-1", "--why", "--json")
    people = run("show", promise, "--why")
    not_a_hold = run("release", promise)
    cancelled = run("cancel", promise, "--yes")
    listed = run("promises", "--state", "cancelled", "--json").json

    assert held["request"] == "k-1"
    assert held["expires_at"] < longer["expires_at"]
    assert committed.code == amended.code == shown.code == people.code == cancelled.code == 0
    assert not_a_hold.code == 2
    assert shown.json["promise"]["lines"][0]["quantity"] == "90"
    assert shown.json["why"]["verb"] == "amend"
    assert "on hand" in people.out
    assert [one["id"] for one in listed["items"]] == [promise]
    assert listed["next"] is None
    everything = run("replay", "--all", "--json").json
    assert everything["same"] == everything["decisions"] == 6
    assert run("replay", promise).code == 0
    assert run("verify", "--json").json["findings"] == 0


def test_a_quote_says_a_price_and_until_when_and_takes_nothing(run: Run, url: str, today: int) -> None:
    line = f"80 X-100 by {said_day(today, 3)} for Northwind at 18.50"

    quoted = run("quote", line, "--ref", "Q-7", "--id", "k-1", "--json")
    again = run("quote", line, "--ref", "Q-7", "--id", "k-1", "--json")
    people = run("quote", line, "--ref", "Q-8")

    assert (quoted.code, people.code) == (0, 0)
    assert quoted.json["verb"] == "quote"
    assert quoted.json["options"][quoted.json["chosen"] - 1]["price"] == {"minor": 148_000, "currency": "EUR"}
    assert again.json["id"] == quoted.json["id"]
    assert "Quoted: 1480.00 EUR. The price holds until" in people.out
    assert "Nothing is kept for it" in people.out
    assert "the same with hold or commit" in people.err
    assert promises(url) == 0


def test_what_cannot_be_had_is_not_quoted(run: Run, url: str, today: int) -> None:
    none = run("quote", f"80000 X-100 by {said_day(today, 3)} for Northwind")

    assert none.code == 3


def test_a_promise_may_be_named_by_its_order_number(run: Run, url: str, today: int) -> None:
    line = f"80 X-100 by {said_day(today, 3)} for Northwind"
    promise = run("hold", line, "--ref", "Q-1", "--json").json["promise"]

    committed = run("commit", "Q-1", "--yes", "--json").json
    amended = run("amend", "Q-1", f"90 X-100 by {said_day(today, 3)}", "--yes", "--json").json
    cancelled = run("cancel", "Q-1", "--yes", "--json").json
    over = run("cancel", "Q-1", "--yes")

    assert committed["promise"] == amended["promise"] == cancelled["promise"] == promise
    assert over.code == 2
    assert "There is no promise Q-1" in over.out


def test_an_order_number_of_several_promises_names_none(run: Run, url: str, today: int) -> None:
    line = f"8 X-100 by {said_day(today, 3)} for Northwind"
    ids = [run("hold", line, "--ref", "Q-1", "--json").json["promise"] for _ in range(2)]

    ran = run("commit", "Q-1", "--yes")

    assert ran.code == 2
    assert "2 open promises have the number Q-1" in ran.err
    assert all(one in ran.err for one in ids)
    assert run("promises", "--state", "committed", "--json").json["items"] == []


def test_an_open_promise_is_found_behind_many_that_are_over(
    run: Run, url: str, today: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accord.promise.service.reads._OF_ONE_REF", 2)
    line = f"8 X-100 by {said_day(today, 3)} for Northwind"
    first = run("hold", line, "--ref", "Q-1", "--json").json["promise"]
    for _ in range(2):
        run("release", run("hold", line, "--ref", "Q-1", "--json").json["promise"])

    assert run("commit", "Q-1", "--yes", "--json").json["promise"] == first


def test_what_was_taken_although_late_is_shown_as_promised(run: Run, url: str, today: int) -> None:
    late = run("commit", f"150 X-100 by {said_day(today, 3)} for Northwind", "--option", "1", "--yes")

    assert late.code == 0
    assert late.out.startswith("◐ Yes, but")
    assert "Promised: prm_" in late.out
    assert "cannot" not in late.out.lower()


def test_the_same_id_is_done_once(run: Run, url: str, today: int) -> None:
    line = f"80 X-100 by {said_day(today, 3)}"

    first = run("commit", line, "--yes", "--id", "k-1", "--json")
    again = run("commit", line, "--yes", "--id", "k-1", "--json")
    other = run("commit", f"81 X-100 by {said_day(today, 3)}", "--yes", "--id", "k-1", "--json")

    assert first.out == again.out
    assert other.code == 2
    assert other.json["error"]["code"] == "request_changed"
    assert promises(url) == 1


def test_lists_are_paged(run: Run, today: int) -> None:
    for number in range(3):
        run("commit", f"1 X-100 by {said_day(today, 3)}", "--yes", "--ref", f"SO-{number}")

    first = run("promises", "--limit", "2", "--json").json
    second = run("promises", "--limit", "2", "--after", first["next"], "--json").json

    assert [one["ref"] for one in first["items"] + second["items"]] == ["SO-2", "SO-1", "SO-0"]
    assert run("exceptions", "--json").json == {"items": [], "next": None}


# --- the database ---


def test_a_new_database_is_made_with_a_note_on_standard_error(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "deep" / "new.db"

    first = run("promises", "--db", str(path))
    second = run("promises", "--db", str(path), "--json")

    assert first.code == 0
    assert f"New database: {path}" in first.err
    assert second.err == ""
    assert second.json == {"items": [], "next": None}


def test_without_a_word_it_is_a_file_in_the_data_folder(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ACCORD_DB", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))

    assert run("promises").code == 0
    assert (tmp_path / "data" / "accord" / "accord.db").exists()


def test_backup_and_restore_bring_everything_back(run: Run, today: int, tmp_path: Path) -> None:
    made = run("commit", f"80 X-100 by {said_day(today, 3)}", "--yes", "--json").json
    file, other = tmp_path / "accord.backup", str(tmp_path / "other.db")

    assert run("backup", str(file)).code == 0
    assert run("restore", str(file), "--db", other).code == 0

    assert run("show", made["promise"], "--db", other).code == 0
    assert run("verify", "--db", other).code == 0
    assert run("restore", str(file), "--db", other).code == 2  # never over data


def test_a_busy_file_exits_7(run: Run, url: str, today: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accord.db.engine.BUSY_SECONDS", 0.1)
    other = open_database(url)
    try:
        with other.write():
            ran = run("commit", f"80 X-100 by {said_day(today, 3)}", "--yes", "--json")
    finally:
        other.close()

    assert ran.code == 7
    assert ran.json["error"]["retryable"] is True
    assert promises(url) == 0


def test_ctrl_c_says_that_nothing_was_done(
    run: Run, url: str, today: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("accord.promise.service.promise", interrupted)

    ran = run("commit", f"80 X-100 by {said_day(today, 3)}", "--yes", "--json")

    assert ran.code == 130
    assert ran.json["error"]["code"] == "interrupted"
    assert promises(url) == 0


# --- the rest of the commands ---


def test_verify_exits_1_on_any_finding(run: Run, url: str, today: int) -> None:
    run("commit", f"80 X-100 by {said_day(today, 3)}", "--yes")
    db = open_database(url)
    with db.write() as tx:
        tx.execute("UPDATE ledger_draw SET quantity = quantity + 1 WHERE key LIKE 'node:%'")
    db.close()

    ran = run("verify", "--json")

    assert ran.code == 1
    assert ran.json["findings"] == len(ran.json["items"]) > 0


def test_keys_are_shown_once(run: Run, url: str, today: int) -> None:
    made = run("key", "add", "shop", "--scope", "ask", "--scope", "promise", "--days", "30", "--json").json
    listed = run("key", "list")
    revoked = run("key", "revoke", "shop", "--json").json

    assert made["secret"].startswith("acc_")
    assert made["secret"] not in listed.out
    assert "shop" in listed.out
    assert revoked["id"] == made["id"]
    assert run("key", "list", "--json").json["items"][0]["revoked_at"]
    assert run("key", "revoke", "nobody").code == 1


def test_policy_doctor_and_exceptions(run: Run, today: int) -> None:
    assert run("policy", "show", "--json").json["rules"]["currency"] == "EUR"
    doctor = run("doctor", "--json")
    assert doctor.json["ok"] is (doctor.code == 0)
    assert {one["id"] for one in doctor.json["items"]} >= {"journal_mode", "synchronous", "schema"}
    assert run("exceptions").out == "Every commitment is covered.\n"


def test_atp_views_agree_or_exit_1(run: Run, tmp_path: Path) -> None:
    case = {"id": "one", "view": "period", "inputs": {"on_hand": 0, "supply": [6, 4], "demand": [6, 2]}}
    right, wrong, unknown = tmp_path / "right.json", tmp_path / "wrong.json", tmp_path / "unknown.json"
    right.write_text(json.dumps([case | {"expected": {"atp": [0, 2]}}]))
    wrong.write_text(json.dumps([case | {"expected": {"atp": [0, 3]}}]))
    unknown.write_text(json.dumps([case | {"view": "crystal ball", "expected": {"atp": [0, 3]}}]))

    assert run("atp-views", str(right), "--check").out == "1 of 1 cases agree\n"
    ran = run("atp-views", str(wrong), "--check")
    assert (ran.code, ran.out) == (1, "0 of 1 cases agree\n")
    assert run("atp-views", str(wrong), "--check", "--json").json["sentence"] == "0 of 1 cases agree"
    assert run("atp-views", str(unknown), "--check").code == 2


@pytest.mark.real_data
def test_every_worked_example_agrees(run: Run, real_data: Callable[[str], Path]) -> None:
    ran = run("atp-views", str(real_data("atp/atp_cases.json")), "--check")

    assert ran.code == 0
    agree, _, checked = ran.out.split()[:3]
    assert agree == checked


def test_whoever_stops_reading_is_no_error(url: str, today: int) -> None:
    accord = Path(sys.executable).with_name("accord")
    ran = subprocess.run(
        f"{accord} policy show | head -n 1",
        shell=True,
        capture_output=True,
        text=True,
        env=os.environ,
        check=True,
    )

    assert ran.stdout.startswith("Policy version")
    assert "Traceback" not in ran.stderr

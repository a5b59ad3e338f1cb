"""Whoever has to know something is told once, soon, and with what to do about it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest
from litestar.testing import TestClient
from tests.company import said_day
from tests.promise.rights_company import DIRECTOR, MANAGER, RIGHTS
from tests.web.test_pages import page
from tests.web.test_server import company, server

from accord.db import jobs as db_jobs
from accord.db.engine import Database, open_database
from accord.exceptions.model import Counted
from accord.exceptions.service import supply_changed
from accord.kit.who import ANYBODY, Who
from accord.policy import service as policy
from accord.promise import service
from accord.promise.model import Decision, Request, Verb
from accord.promise.named import understand
from accord.promise.pages.shown import Shown
from accord.web.notices import kept, live, made
from accord.web.notices.said import Said, said
from accord.web.server.jobs import Runner

Visitor = TestClient[Any]
HOUR = 3_600


def ask(file: Database, words: str, *, actor: str, verb: Verb = Verb.commit, **terms: Any) -> Decision:
    asked = understand(words, Shown.read(file).names)
    wanted = Request(
        id=f"{verb.value}-{actor}-{words}", verb=verb, customer=asked.customer, lines=asked.lines, **terms
    )
    return service.promise_one(file, wanted, actor=actor)


def act(file: Database, verb: Verb, promise: str | None, *, actor: str) -> Decision:
    return service.promise_one(
        file, Request(id=f"{verb.value}-{promise}-{actor}", verb=verb, promise=promise), actor=actor
    )


def later(file: Database) -> None:
    """What runs by itself has run."""
    db_jobs.publish(file)
    made.notify(file)


def told(file: Database, actor: str, *roles: str, all_: bool = False) -> list[Said]:
    """What somebody is told, or only what is new."""
    who = Who(actor=actor, roles=roles)
    with file.read() as tx:
        reader = live.reader_of(tx, who)
        found = kept.listed(tx, reader, 100) if all_ else kept.new(tx, reader)
        return [said(one, tx.now()) for one in found]


def words(found: list[Said]) -> list[str]:
    return [one.sentence for one in found]


@pytest.fixture
def rights(file: Database, today: int) -> int:
    policy.put(file, [RIGHTS], actor="boss", id="rights")
    return today


@pytest.fixture
def asked(file: Database, rights: int) -> Decision:
    return ask(
        file, f"60 X-100 by {said_day(rights, 3)} for Northwind at 18.50", actor="sam", asks_approval=True
    )


# --- who is told what ---


def test_who_has_the_role_is_told_that_approval_is_asked_and_nobody_else(
    file: Database, asked: Decision
) -> None:
    later(file)

    (notice,) = told(file, "mia")
    assert notice.sentence == "sam asks for your approval: 60 X-100 for Northwind."
    assert (notice.href, notice.tone) == (f"/approvals/{asked.approval}", "care")
    assert told(file, "visitor", MANAGER) == [notice]  # by sign-in
    assert [told(file, one) for one in ("sue", "dan")] == [[], []]
    assert [one for one in told(file, "sam") if one.kind == "approval_asked"] == []


def test_who_asked_is_told_the_answer_and_the_others_that_it_is_over(file: Database, asked: Decision) -> None:
    later(file)
    service.promise_one(file, Request(id="a", verb=Verb.decline, approval=asked.approval), actor="mia")

    later(file)

    (answer,) = told(file, "sam")
    assert answer.sentence == "Declined: 60 X-100 for Northwind."
    assert (answer.note, answer.tone) == ("By mia.", "bad")
    assert told(file, "max") == []
    (over,) = told(file, "max", all_=True)
    assert over.is_over
    assert over.sentence == "60 X-100 for Northwind: declined by mia."


def test_what_nobody_decided_in_time_is_over(
    file: Database, asked: Decision, noon: Callable[[int], None]
) -> None:
    later(file)
    noon(25 * HOUR)

    later(file)

    assert told(file, "mia") == []
    assert words(told(file, "mia", all_=True)) == ["60 X-100 for Northwind: nobody decided in time."]


@pytest.mark.parametrize("end", [None, Verb.commit, Verb.release])
def test_a_hold_that_ends_is_said_a_day_and_two_hours_before_to_who_made_it(
    file: Database, today: int, noon: Callable[[int], None], end: Verb | None
) -> None:
    hold = ask(file, f"10 X-100 by {said_day(today, 5)} for Northwind", actor="sam", verb=Verb.hold)
    later(file)
    assert told(file, "sam") == []

    noon(24 * HOUR + 60)
    later(file)
    day_before = told(file, "sam")
    read(file, "sam")
    if end is not None:
        act(file, end, hold.promise, actor="sam")
    noon(22 * HOUR)
    later(file)
    hours_before = told(file, "sam")
    noon(2 * HOUR)
    later(file)

    assert words(day_before) == ["Your hold of 10 X-100 for Northwind ends in 24 h."]
    assert day_before[0].href == f"/promises/{hold.promise}"
    assert words(hours_before) == (
        ["Your hold of 10 X-100 for Northwind ends in 2 h."] if end is None else []
    )
    assert told(file, "sam") == []
    assert len(told(file, "sam", all_=True)) == 1
    assert told(file, "sue", all_=True) == []


def count(file: Database, today: int, quantity: int, id: str) -> None:
    supply_changed(
        file,
        [Counted(item="X-100", site="Halden", quantity=quantity, as_of=int(id) + 10)],
        actor="erp",
        id=f"count-{id}",
    )


def test_one_cause_is_one_notice_to_the_maker_and_one_to_the_planner(file: Database, today: int) -> None:
    line = f"X-100 by {said_day(today, 3)} for Northwind"
    first, second = (ask(file, f"{n} {line}", actor="sam") for n in (40, 50))
    other = ask(file, f"5 {line}", actor="sue")
    later(file)

    count(file, today, 0, "1")
    later(file)

    (mine,) = told(file, "sam")
    (hers,) = told(file, "sue")
    (planners,) = told(file, "pat", "planner")
    assert mine.sentence == "2 promises are no longer covered."
    assert {href for _words, href in mine.subjects} == {f"/promises/{one.promise}" for one in (first, second)}
    assert mine.href == f"/notifications/{mine.id}"
    assert (hers.sentence, hers.href) == (
        "5 X-100 for Northwind is no longer covered.",
        f"/promises/{other.promise}",
    )
    assert planners.sentence == "3 promises are no longer covered."
    # Who is both is told once.
    assert words(told(file, "sam", "planner")) == ["3 promises are no longer covered."]


def test_who_is_told_in_two_roles_reads_all_of_one_cause_once(file: Database, today: int) -> None:
    with file.write() as tx:
        kept.put(tx, kept.owner("pumps"), "uncovered", "c", {"1": kept.Subject("one", "/1")})
        kept.put(tx, kept.owner("oil"), "uncovered", "c", {"2": kept.Subject("two", "/2")})

    (both,) = told(file, "pat", "pumps", "oil")

    assert both.sentence == "2 promises are no longer covered."
    with file.read() as tx:
        reader = live.reader_of(tx, Who(actor="pat", roles=("pumps", "oil")))
        opened = kept.one(tx, reader, both.id)
    assert opened is not None
    assert set(opened.body.subjects) == {"1", "2"}
    assert words(told(file, "pat", "oil")) == ["two is no longer covered."]


def test_what_is_covered_again_is_over(file: Database, today: int) -> None:
    line = f"X-100 by {said_day(today, 3)} for Northwind"
    ask(file, f"40 {line}", actor="sam"), ask(file, f"50 {line}", actor="sam")
    count(file, today, 0, "1")
    later(file)

    count(file, today, 60, "2")
    later(file)
    partly = told(file, "sam")
    count(file, today, 100, "3")
    later(file)

    assert len(words(partly)) == 1
    assert partly[0].sentence.endswith("is no longer covered.")
    assert told(file, "sam") == []
    assert told(file, "sam", all_=True)[0].sentence.startswith("Covered again: ")


@pytest.mark.parametrize("way", ["release", "cancel", "expire"])
def test_who_was_refused_is_told_when_some_becomes_free_and_can_ask_again(
    file: Database, today: int, noon: Callable[[int], None], way: str
) -> None:
    line = f"X-100 by {said_day(today, 6)} for Northwind"
    verb = Verb.commit if way == "cancel" else Verb.hold
    first = ask(file, f"90 {line}", actor="sam", verb=verb)
    refused = ask(file, f"60 {line}", actor="sue")
    ask(file, f"70 {line}", actor="sam")  # refused, too; but he is who frees it
    later(file)
    assert told(file, "sue") == []

    if way == "expire":
        noon(48 * HOUR + 60)
    else:
        act(file, Verb(way), first.promise, actor="sam")
    later(file)
    later(file)

    assert refused.promise is None
    (notice,) = told(file, "sue")
    assert notice.sentence == "Some of what you wanted became free: 60 X-100 for Northwind."
    assert notice.href.startswith("/?q=60+X-100+by+")
    assert notice.href.endswith("+for+C1")
    assert [one for one in told(file, "sam") if one.kind == "freed"] == []


def test_a_day_that_is_past_is_wanted_no_more(
    file: Database, today: int, noon: Callable[[int], None]
) -> None:
    line = f"X-100 by {said_day(today, 1)} for Northwind"
    first = ask(file, f"90 {line}", actor="sam")
    ask(file, f"60 {line}", actor="sue")
    later(file)

    noon(48 * HOUR)
    act(file, Verb.cancel, first.promise, actor="sam")
    later(file)

    assert told(file, "sue") == []


# --- once, and nothing left out ---


def test_what_was_looked_at_is_not_told_again(file: Database, asked: Decision) -> None:
    later(file)
    before = told(file, "mia")
    later(file)

    assert told(file, "mia") == before
    assert made.is_needed(file) is False


def test_a_process_that_dies_in_between_leaves_nothing_out(
    file: Database, asked: Decision, monkeypatch: pytest.MonkeyPatch
) -> None:
    db_jobs.publish(file)

    def dies(*_args: object) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(kept, "set_mark", dies)
        with pytest.raises(RuntimeError, match="killed"):
            made.notify(file)
    assert told(file, "mia") == []

    made.notify(file)

    assert len(told(file, "mia")) == 1


def test_of_two_processes_at_once_one_tells(
    file: Database, asked: Decision, monkeypatch: pytest.MonkeyPatch
) -> None:
    db_jobs.publish(file)
    real, inside = kept.locked_mark, []

    def late(tx: Any) -> int:
        if not inside:
            inside.append(1)
            # What this one read before it had the lock, another one has told meanwhile.
            tx.execute("UPDATE setting SET value = '999' WHERE name = 'notices_position'")
            tx.execute(
                "INSERT INTO setting (name, value) VALUES ('notices_position', '999') ON CONFLICT (name) DO NOTHING"
            )
        return real(tx)

    monkeypatch.setattr(kept, "locked_mark", late)

    assert made._notify(file) == 0
    assert told(file, "mia") == []


def test_old_stories_are_no_news(file: Database, asked: Decision, noon: Callable[[int], None]) -> None:
    noon(8 * 24 * HOUR)

    later(file)

    assert told(file, "mia", all_=True) == []


def test_what_was_told_a_quarter_ago_is_forgotten(
    file: Database, asked: Decision, noon: Callable[[int], None]
) -> None:
    later(file)
    read(file, "mia")
    noon(89 * 24 * HOUR)
    kept_still = made.prune(file)
    noon(2 * 24 * HOUR)

    assert (kept_still, made.prune(file)) == (0, 1)
    assert told(file, "mia", all_=True) == []


# --- reading ---


def read(file: Database, actor: str) -> None:
    with file.write() as tx:
        reader = live.reader_of(tx, Who(actor=actor))
        kept.read(tx, reader, [one.cause for one in kept.new(tx, reader)])


def test_what_one_has_read_is_new_to_others_still(file: Database, asked: Decision) -> None:
    later(file)

    read(file, "mia")
    read(file, "mia")

    assert told(file, "mia") == []
    assert len(told(file, "mia", all_=True)) == 1
    assert len(told(file, "max")) == 1


def test_what_was_read_is_new_again_when_the_cause_hits_more(file: Database, today: int) -> None:
    line = f"X-100 by {said_day(today, 3)} for Northwind"
    ask(file, f"40 {line}", actor="sam")
    later(file)
    with file.write() as tx:
        kept.put(tx, kept.person("sam"), "uncovered", "c", {"1": kept.Subject("one", "/1")})
    read(file, "sam")

    with file.write() as tx:
        kept.put(tx, kept.person("sam"), "uncovered", "c", {"2": kept.Subject("two", "/2")})

    assert words(told(file, "sam")) == ["2 promises are no longer covered."]


def test_a_thousand_hits_are_counted_and_not_all_named(file: Database, today: int) -> None:
    with file.write() as tx:
        for place in range(250):
            kept.put(tx, kept.person("sam"), "uncovered", "c", {str(place): kept.Subject(str(place), "/")})
        for place in range(250):
            kept.take_out(tx, "c", str(place)) if place % 2 else None

    (notice,) = told(file, "sam")
    assert notice.sentence == "125 promises are no longer covered."
    assert len(notice.subjects) == 100


def test_a_muted_kind_is_not_new_and_everybody_sees_who_muted_it(
    visitor: Visitor, file: Database, asked: Decision
) -> None:
    later(file)
    with file.write() as tx:
        kept.mute(tx, "mia", "approval_asked", is_muted=True)

    assert told(file, "mia") == []
    assert len(told(file, "mia", all_=True)) == 1
    assert "Not told: mia" in page(visitor.get("/notifications")).text


def test_the_list_is_read_and_muted_by_forms(visitor: Visitor, file: Database, asked: Decision) -> None:
    assert "Nothing was told you yet." in page(visitor.get("/notifications")).text
    later(file)

    found = page(visitor.get("/notifications"))
    (action,) = {link for link in found.links if link.startswith("/notifications/not_")}
    opened = visitor.post(action, data={"verb": "open"}, follow_redirects=False)
    after = page(visitor.get("/notifications"))
    muted = page(visitor.post("/notifications", data={"verb": "mute", "kind": "approval_asked"}))
    again = page(visitor.post("/notifications", data={"verb": "unmute", "kind": "approval_asked"}))

    assert "1 thing is new." in found.text
    assert (opened.status_code, opened.headers["location"]) == (303, f"/approvals/{asked.approval}")
    assert "Nothing is new." in after.text
    assert "You are not told" in muted.text
    assert "You are not told" not in again.text


def test_all_are_read_by_one_press(visitor: Visitor, file: Database, asked: Decision) -> None:
    later(file)

    assert "Nothing is new." in page(visitor.post("/notifications", data={"verb": "read"})).text


def test_what_a_notice_names_stands_on_its_page(visitor: Visitor, file: Database, today: int) -> None:
    line = f"X-100 by {said_day(today, 3)} for Northwind"
    made_ = {ask(file, f"{n} {line}", actor="sam").promise for n in (40, 50)}
    count(file, today, 0, "1")
    later(file)
    (notice,) = told(file, "sam")

    found = page(visitor.get(notice.href))

    assert {f"/promises/{one}" for one in made_} <= set(found.links)
    assert "There is no such notice" in page(visitor.get("/notifications/not_none"), 404).text
    assert page(visitor.post("/notifications", data={"verb": "shout"}), 422)
    assert page(visitor.post("/notifications", data={"verb": "mute", "kind": "all"}), 422)


def test_a_notice_of_others_is_not_there(file: Database, asked: Decision) -> None:
    from accord.kit.errors import NotFound
    from accord.web.notices.pages import _found

    later(file)
    (notice,) = told(file, "mia")

    with file.read() as tx:
        assert _found(tx, live.reader_of(tx, Who(actor="mia")), notice.id).id == notice.id
        for stranger in (Who(actor="sue"), Who(actor="dan", roles=(DIRECTOR,)), Who(actor="role:" + MANAGER)):
            with pytest.raises(NotFound):
                _found(tx, live.reader_of(tx, stranger), notice.id)


def test_who_may_look_at_everything_on_an_open_server_does(file: Database, asked: Decision) -> None:
    later(file)

    assert live.state(file, Who(actor=ANYBODY, is_open=True)).new == 1


# --- live ---


@pytest.fixture
def runs(file: Database) -> Iterator[None]:
    runner = Runner(file)
    runner.start()
    try:
        yield
    finally:
        runner.stop()


def soon(true: Callable[[], bool], seconds: float) -> float:
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < seconds, "it came too late"
        time.sleep(0.05)
    return time.monotonic() - began


def test_approval_that_is_asked_arrives_within_ten_seconds(file: Database, rights: int, runs: None) -> None:
    ask(file, f"60 X-100 by {said_day(rights, 3)} for Northwind at 18.50", actor="sam", asks_approval=True)

    soon(lambda: bool(told(file, "mia")), 10)


def test_what_is_freed_or_uncovered_arrives_within_a_minute(file: Database, today: int, runs: None) -> None:
    line = f"X-100 by {said_day(today, 6)} for Northwind"
    first = ask(file, f"90 {line}", actor="sam")
    ask(file, f"60 {line}", actor="sue")
    count(file, today, 0, "1")

    soon(lambda: bool(told(file, "sam")), 60)
    act(file, Verb.cancel, first.promise, actor="sam")
    soon(lambda: bool(told(file, "sue")), 60)


class Listening:
    """A browser's connection for server-sent events."""

    def __init__(self, address: str, last: str = "") -> None:
        self.events: list[dict[str, str]] = []
        self.status = 0
        self.ended = threading.Event()
        self._address, self._last = address, last
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        headers = {"Accept": "text/event-stream", "Last-Event-ID": self._last}
        try:
            with httpx2.stream(
                "GET", f"{self._address}/notifications/live", headers=headers, timeout=30
            ) as found:
                self.status = found.status_code
                event: dict[str, str] = {}
                for line in found.iter_lines():
                    if line:
                        name, _, value = line.partition(": ")
                        event[name] = value
                    elif event:
                        self.events.append(event)
                        event = {}
        except httpx2.HTTPError:
            pass
        self.ended.set()

    @property
    def states(self) -> list[dict[str, Any]]:
        return [json.loads(one["data"]) for one in self.events if "data" in one]


@contextmanager
def served(url: str, *argv: str) -> Iterator[tuple[str, int]]:
    today, _secret = company(url)
    with server(url, "--open", *argv) as address:
        yield address, today


def test_who_listens_hears_of_it_and_hears_it_once(sqlite_url: str) -> None:
    with served(sqlite_url) as (address, today):
        first = Listening(address)
        soon(lambda: bool(first.states), 10)
        elsewhere = open_database(sqlite_url, create=False)  # another process
        try:
            ask(elsewhere, f"90 X-100 by {said_day(today, 6)}", actor="sam")
            count(elsewhere, today, 0, "1")
        finally:
            elsewhere.close()
        soon(lambda: first.states[-1]["new"] == 1, 10)
        knows, new_here = Listening(address, last=first.events[-1]["id"]), Listening(address)
        soon(lambda: bool(new_here.states), 10)
        time.sleep(2 * live.LOOK_SECONDS)

    assert [one["new"] for one in first.states] == [0, 1]
    assert first.states[-1]["latest"][0]["sentence"] == "90 X-100 is no longer covered."
    assert (knows.status, knows.states) == (200, [])
    assert new_here.states == first.states[-1:]


def test_a_server_that_is_stopped_does_not_wait_for_who_listens(sqlite_url: str) -> None:
    with served(sqlite_url) as (address, _today):
        listening = [Listening(address) for _ in range(3)]
        soon(lambda: all(one.states for one in listening), 10)
        began = time.monotonic()
    stopped_after = time.monotonic() - began

    assert all(one.ended.wait(5) for one in listening)
    assert stopped_after < 6  # open connections are given ten seconds where nothing lets go of them


def test_who_comes_when_all_places_are_taken_is_asked_to_come_later(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "LISTENERS_MAX", 0)

    refused = visitor.get("/notifications/live", headers={"Accept": "text/event-stream"})
    asked = visitor.get("/notifications/live", headers={"Accept": "application/json"})

    assert refused.status_code == 503
    assert refused.headers["retry-after"] == "30"
    assert asked.json()["new"] == 0

"""An errand is begun once, tells how far it is, and ends when nobody looks any more."""

from __future__ import annotations

import threading
import time

import pytest

from accord.kit.errands import Errands, Tell, close_errands, errands_of
from accord.kit.errors import Fault, InputError, Unavailable


def test_what_is_quick_is_answered_at_once() -> None:
    seen = Errands().look("a", lambda tell: tell(3) or "done", wait_seconds=5)

    assert (seen.is_over, seen.result, seen.done, seen.error) == (True, "done", 3, None)


def test_who_asks_again_joins_and_sees_how_far_it_is() -> None:
    goes_on, begun = threading.Event(), []

    def work(tell: Tell) -> str:
        begun.append(1)
        tell(10)
        goes_on.wait(5)
        return "done"

    errands = Errands()
    first = errands.look("a", work, wait_seconds=0.05)
    goes_on.set()
    second = errands.look("a", work, wait_seconds=5)
    third = errands.look("a", work, wait_seconds=5)

    assert (first.is_over, first.done, first.result) == (False, 10, None)
    assert (second.result, third.result, begun) == ("done", "done", [1])


def test_few_run_at_once_and_the_next_is_told_to_wait() -> None:
    goes_on = threading.Event()
    errands = Errands(running_max=1)
    errands.look("a", lambda _tell: goes_on.wait(5), wait_seconds=0)

    with pytest.raises(Unavailable, match="1 long checks run already"):
        errands.look("b", lambda _tell: 1, wait_seconds=0)
    goes_on.set()
    errands.look("a", lambda _tell: 0, wait_seconds=5)

    assert errands.look("b", lambda _tell: 1, wait_seconds=5).result == 1


@pytest.mark.parametrize(
    ("raised", "kind"), [(InputError("No key."), InputError), (ValueError("x"), Fault)], ids=["ours", "bug"]
)
def test_what_goes_wrong_is_heard_by_whoever_looks(raised: Exception, kind: type[Exception]) -> None:
    def work(_tell: Tell) -> None:
        raise raised

    seen = Errands().look("a", work, wait_seconds=5)

    assert seen.is_over
    assert type(seen.error) is kind


def test_one_that_cannot_be_begun_takes_nobodys_place(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_more(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    errands = Errands(running_max=1)
    with monkeypatch.context() as full, pytest.raises(Unavailable, match="no thread left"):
        full.setattr(threading.Thread, "start", no_more)
        errands.look("a", lambda _tell: 1, wait_seconds=0)

    assert errands.look("b", lambda _tell: 2, wait_seconds=5).result == 2
    assert errands.look("a", lambda _tell: 1, wait_seconds=5).result == 1


def _endless(tell: Tell) -> None:
    while True:
        tell(1)
        time.sleep(0.002)


def test_one_that_nobody_looks_at_is_stopped_and_may_begin_again() -> None:
    errands = Errands(unwatched_seconds=0.05)
    errands.look("a", _endless, wait_seconds=0)
    time.sleep(0.3)

    # The one that was stopped does not count any more, and its key is free for a new beginning.
    assert errands.look("a", lambda _tell: "anew", wait_seconds=5).result == "anew"


def test_one_that_is_looked_at_goes_on() -> None:
    errands = Errands(unwatched_seconds=0.3)
    for _ in range(8):
        seen = errands.look("a", _endless, wait_seconds=0.06)

    assert not seen.is_over
    errands.close()


def test_closing_stops_what_runs_and_takes_no_more() -> None:
    errands = Errands()
    errands.look("a", _endless, wait_seconds=0)

    errands.close()

    assert not any(thread.name == "errand a" and thread.is_alive() for thread in _after(0.2))
    with pytest.raises(Unavailable, match="stopping"):
        errands.look("b", lambda _tell: 1, wait_seconds=0)


def _after(seconds: float) -> list[threading.Thread]:
    time.sleep(seconds)
    return threading.enumerate()


def test_what_came_out_is_forgotten_after_a_while() -> None:
    errands = Errands()
    for number in range(20):
        errands.look(str(number), lambda _tell: 1, wait_seconds=5)

    assert errands.look("0", lambda _tell: 2, wait_seconds=5).result == 2
    assert errands.look("19", lambda _tell: 2, wait_seconds=5).result == 1


def test_each_owner_has_its_own() -> None:
    class Owner:
        pass

    one, other = Owner(), Owner()

    assert errands_of(one) is errands_of(one)
    assert errands_of(one) is not errands_of(other)


def test_the_errands_of_an_owner_that_goes_are_stopped() -> None:
    class Owner:
        pass

    owner = Owner()
    before = errands_of(owner)
    before.look("a", _endless, wait_seconds=0)

    close_errands(owner)

    assert errands_of(owner) is not before
    with pytest.raises(Unavailable, match="stopping"):
        before.look("a", _endless, wait_seconds=0)

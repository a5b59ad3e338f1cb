"""The desk batches what waits, keeps the order, and lets no job spoil another. The interleavings are forced."""

import threading
import time
from concurrent.futures import CancelledError, Future

import pytest

from accord.kit.desk import HAND_ON, Desk, DeskCounters
from accord.kit.errors import Fault, Unavailable

SECONDS = 10


class Counter:
    """A run callback that writes down its batches and waits at a gate when told to."""

    def __init__(self):
        self.batches: list[list[object]] = []
        self.entered = threading.Semaphore(0)
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self, jobs):
        self.batches.append(list(jobs))
        self.entered.release()
        assert self.gate.wait(SECONDS)
        return [self.answer(job) for job in jobs]

    def answer(self, job):
        return f"done {job}"


def open_desk(run, **options) -> Desk:
    return Desk(run, lines=options.pop("lines", lambda job: 1), name="desk", **options)


def busy(run: Counter, desk: Desk) -> Future:
    """Have the worker inside `run` with the job "first"; what is submitted now has to wait."""
    run.gate.clear()
    first = desk.submit("first")
    assert run.entered.acquire(timeout=SECONDS)
    return first


def test_a_lone_job_is_answered_at_once():
    run = Counter()
    desk = open_desk(run)

    assert desk.submit("a").result(SECONDS) == "done a"
    assert run.batches == [["a"]]
    desk.close()


def test_what_waits_while_a_batch_runs_becomes_the_next_batch_in_order():
    run = Counter()
    desk = open_desk(run)
    first = busy(run, desk)

    waiting = [desk.submit(n) for n in range(5)]
    assert not any(future.done() for future in [first, *waiting])
    run.gate.set()

    assert [future.result(SECONDS) for future in waiting] == [f"done {n}" for n in range(5)]
    assert run.batches == [["first"], [0, 1, 2, 3, 4]]
    desk.close()


def test_a_batch_is_cut_by_lines_and_a_job_is_never_split():
    run = Counter()
    desk = open_desk(run, lines=lambda job: 1 if job == "first" else job, lines_max=10)
    busy(run, desk)

    futures = [desk.submit(lines) for lines in (4, 6, 1, 25, 10, 9, 2)]
    run.gate.set()
    for future in futures:
        future.result(SECONDS)

    assert run.batches == [["first"], [4, 6], [1], [25], [10], [9], [2]]
    assert desk.counters().batch_lines_max == 25
    desk.close()


def test_a_full_queue_says_when_to_come_back():
    run = Counter()
    desk = open_desk(run, queue_max=2)
    busy(run, desk)
    kept = [desk.submit(1), desk.submit(2)]

    with pytest.raises(Unavailable) as caught:
        desk.submit(3)
    run.gate.set()

    assert (caught.value.retry_after_seconds, caught.value.retryable) == (1, True)
    assert [future.result(SECONDS) for future in kept] == ["done 1", "done 2"]
    assert run.batches == [["first"], [1, 2]]
    assert desk.counters().refused == 1
    desk.close()


def test_a_job_whose_caller_has_gone_is_dropped_before_it_is_taken():
    run = Counter()
    desk = open_desk(run, lines_max=2)
    busy(run, desk)
    futures = [desk.submit(n) for n in range(4)]

    assert futures[1].cancel()
    assert futures[3].cancel()
    run.gate.set()

    assert [futures[n].result(SECONDS) for n in (0, 2)] == ["done 0", "done 2"]
    with pytest.raises(CancelledError):
        futures[1].result(SECONDS)
    desk.close()
    # The dropped one in the middle took no place of the two lines.
    assert run.batches == [["first"], [0, 2]]
    assert (desk.counters().dropped, desk.counters().jobs) == (2, 3)


def test_a_dropped_job_does_not_end_the_batch_however_large_it_was():
    run = Counter()
    desk = open_desk(run, lines=lambda job: 25 if job == "large" else 1, lines_max=10)
    busy(run, desk)
    _, large, last = desk.submit("a"), desk.submit("large"), desk.submit("b")

    large.cancel()
    run.gate.set()
    last.result(SECONDS)

    assert run.batches == [["first"], ["a", "b"]]
    desk.close()


def test_a_job_that_was_taken_cannot_be_cancelled():
    run = Counter()
    desk = open_desk(run)
    first = busy(run, desk)

    assert not first.cancel()
    run.gate.set()

    assert first.result(SECONDS) == "done first"
    desk.close()


class Poisoned(Counter):
    def answer(self, job):
        if job == "poison":
            raise RuntimeError("poison")
        return super().answer(job)


def test_one_poisoned_job_does_not_spoil_its_neighbours():
    run = Poisoned()
    desk = open_desk(run)
    busy(run, desk)

    futures = [desk.submit(job) for job in ("a", "poison", "b")]
    run.gate.set()

    assert futures[0].result(SECONDS) == "done a"
    assert futures[2].result(SECONDS) == "done b"
    with pytest.raises(RuntimeError, match="poison"):
        futures[1].result(SECONDS)
    assert run.batches == [["first"], ["a", "poison", "b"], ["a"], ["poison"], ["b"]]
    assert desk.submit("after").result(SECONDS) == "done after"
    assert desk.counters().isolated == 1
    desk.close()


def test_a_lone_poisoned_job_is_not_run_twice():
    run = Poisoned()
    desk = open_desk(run)

    with pytest.raises(RuntimeError, match="poison"):
        desk.submit("poison").result(SECONDS)

    assert run.batches == [["poison"]]
    desk.close()


def test_an_answer_that_is_an_exception_is_raised_to_its_caller_alone():
    desk = open_desk(lambda jobs: [ValueError(job) if job == "bad" else job for job in jobs])

    assert desk.submit("good").result(SECONDS) == "good"
    with pytest.raises(ValueError, match="bad"):
        desk.submit("bad").result(SECONDS)
    desk.close()


class Stopped(BaseException):
    pass


def test_a_batch_that_is_stopped_is_not_tried_again_and_nobody_waits_for_ever():
    batches = []
    entered, gate = threading.Event(), threading.Event()

    def run(jobs):
        batches.append(jobs)
        if jobs == ["first"]:
            entered.set()
            gate.wait(SECONDS)
        elif "stop" in jobs:
            raise Stopped
        return jobs

    desk = open_desk(run)
    desk.submit("first")
    assert entered.wait(SECONDS)
    futures = [desk.submit("a"), desk.submit("stop")]
    gate.set()

    for future in futures:
        with pytest.raises(Stopped):
            future.result(SECONDS)
    assert desk.submit("next").result(SECONDS) == "next"
    assert batches == [["first"], ["a", "stop"], ["next"]]
    desk.close()


def test_a_wrong_number_of_answers_is_a_fault_and_nothing_runs_twice():
    batches = []

    def run(jobs):
        batches.append(jobs)
        return []

    desk = open_desk(run)

    with pytest.raises(Fault):
        desk.submit("a").result(SECONDS)
    assert batches == [["a"]]
    desk.close()


def test_closing_finishes_what_is_queued_and_takes_no_more():
    run = Counter()
    desk = open_desk(run)
    busy(run, desk)
    waiting = desk.submit("waiting")
    closer = threading.Thread(target=desk.close)
    closer.start()

    while not desk._closing:
        time.sleep(0.001)
    with pytest.raises(Unavailable):
        desk.submit("late")
    run.gate.set()
    closer.join(SECONDS)

    assert not closer.is_alive()
    assert waiting.result(0) == "done waiting"
    assert run.batches == [["first"], ["waiting"]]


def test_closing_without_draining_fails_what_is_queued():
    run = Counter()
    desk = open_desk(run)
    first = busy(run, desk)
    waiting = desk.submit("waiting")
    closer = threading.Thread(target=desk.close, args=(False,))
    closer.start()

    with pytest.raises(Unavailable):
        waiting.result(SECONDS)
    run.gate.set()
    closer.join(SECONDS)

    assert first.result(0) == "done first"
    assert run.batches == [["first"]]
    desk.close()


def test_a_caller_may_close_the_desk_from_its_answer():
    desk = open_desk(lambda jobs: jobs)
    closed = threading.Event()

    def close(_: Future) -> None:
        desk.close()
        closed.set()

    desk.submit("a").add_done_callback(close)

    assert closed.wait(SECONDS)


def test_the_counters_are_of_one_moment():
    run = Counter()
    desk = open_desk(run)
    busy(run, desk)
    futures = [desk.submit(n) for n in range(3)]

    waiting = desk.counters()
    run.gate.set()
    for future in futures:
        future.result(SECONDS)
    desk.close()

    assert waiting == DeskCounters(1, 1, 1, 1, 0, 0, 0, 3)
    assert desk.counters() == DeskCounters(2, 4, 3, 3, 0, 0, 0, 0)


def test_many_callers_each_get_their_own_answer():
    desk = open_desk(lambda jobs: [job * 2 for job in jobs], lines_max=7)
    wrong: list[int] = []

    def call(base: int) -> None:
        wrong.extend(n for n in range(base, base + 200) if desk.submit(n).result(SECONDS) != n * 2)

    threads = [threading.Thread(target=call, args=(k * 1_000,)) for k in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert wrong == []
    assert desk.counters().jobs == 3_200
    desk.close()


def test_a_job_for_the_next_desk_is_handed_on_and_answered_from_there():
    following = open_desk(lambda jobs: [f"made {job}" for job in jobs])
    first = open_desk(lambda jobs: [HAND_ON if job == "b" else job for job in jobs], onward=following)

    assert [desk.result(SECONDS) for desk in [first.submit(job) for job in "abc"]] == ["a", "made b", "c"]
    assert (first.counters().jobs, following.counters().jobs) == (3, 1)
    first.close()
    following.close()


def test_a_job_that_is_handed_on_to_a_full_desk_hears_so():
    run = Counter()
    following = open_desk(run, queue_max=1)
    first = open_desk(lambda jobs: [HAND_ON for _ in jobs], onward=following)
    busy(run, following)
    waiting = following.submit("waiting")

    with pytest.raises(Unavailable, match="1 requests waiting"):
        first.submit("too many").result(SECONDS)

    run.gate.set()
    assert waiting.result(SECONDS) == "done waiting"
    first.close()
    following.close()


def test_a_caller_whose_job_was_handed_on_cannot_take_it_back():
    run = Counter()
    following = open_desk(run)
    first = open_desk(lambda jobs: [HAND_ON for _ in jobs], onward=following)
    busy(run, following)
    job = first.submit("job")
    first.close()

    assert not job.cancel()

    run.gate.set()
    assert job.result(SECONDS) == "done job"
    following.close()


def test_a_job_that_nobody_takes_on_is_a_fault():
    desk = open_desk(lambda jobs: [HAND_ON for _ in jobs])

    with pytest.raises(Fault, match="nobody to hand a job on to"):
        desk.submit("job").result(SECONDS)
    desk.close()

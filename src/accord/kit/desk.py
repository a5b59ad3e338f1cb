"""How do many callers share one transaction without waiting for each other?

The desk has one worker. It takes everything that queued up while the last batch ran, runs it as one batch, and
only then answers each caller: the busier it gets, the larger the batches, and a lone caller never waits for a timer.
A batch is cut by lines; a job is never split. `run` is all or nothing: when it raises, nothing was done. A job that is for
another desk to do is handed on to it, and its caller hears from there.
"""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from enum import Enum
from typing import Generic, Literal, TypeVar

import msgspec

from accord.kit.errors import Fault, Unavailable

Job = TypeVar("Job")
Answer = TypeVar("Answer")


class Onward(Enum):
    """What `run` says in place of an answer."""

    hand_on = "hand_on"  # nothing was done for this job: it is for the next desk


HAND_ON = Onward.hand_on
HandOn = Literal[Onward.hand_on]


class DeskCounters(msgspec.Struct, frozen=True):
    """What the desk has done since it opened, seen at one moment."""

    batches: int  # batches run, a failed one included; its jobs run alone afterwards are not counted again
    jobs: int  # jobs taken into a batch
    batch_jobs_max: int  # jobs in the largest batch
    batch_lines_max: int  # lines in the batch with most lines
    isolated: int  # batches that failed and were run one job at a time
    dropped: int  # jobs whose caller was gone before they were taken
    refused: int  # jobs not taken in because the queue was full or the desk closed
    queue_depth: int  # jobs waiting now


class _Waiting(Generic[Job, Answer]):
    __slots__ = ("future", "is_taken", "job", "lines")

    def __init__(self, job: Job, lines: int) -> None:
        self.job = job
        self.lines = lines
        self.future: Future[Answer] = Future()
        self.is_taken = False  # it cannot be cancelled any more

    def take(self) -> bool:
        """Whether its caller is still there; from now on it cannot go."""
        self.is_taken = self.is_taken or self.future.set_running_or_notify_cancel()
        return self.is_taken


class Desk(Generic[Job, Answer]):
    """One worker that runs what has queued up, batch by batch, in the order of arrival."""

    def __init__(
        self,
        run: Callable[[list[Job]], list[Answer | BaseException | HandOn]],
        *,
        lines: Callable[[Job], int],
        lines_max: int = 256,
        queue_max: int = 4_096,
        name: str,
        onward: "Desk[Job, Answer] | None" = None,
    ) -> None:
        self._run = run
        self._onward = onward
        self._lines = lines
        self._lines_max = lines_max
        self._queue_max = queue_max
        self._name = name
        self._changed = threading.Condition()
        # All below is touched only while `_changed` is held.
        self._queue: deque[_Waiting[Job, Answer]] = deque()
        self._closing = False
        self._batches = self._jobs = self._batch_jobs_max = self._batch_lines_max = 0
        self._isolated = self._dropped = self._refused = 0
        self._worker = threading.Thread(target=self._work, name=name, daemon=True)
        self._worker.start()

    def submit(self, job: Job) -> "Future[Answer]":
        """Queue a job; its future is resolved after the batch it is in has ended.

        Cancelling the future before the job is taken drops the job; afterwards it cannot be cancelled.
        Raises: Unavailable when the queue is full or the desk is closed.
        """
        waiting: _Waiting[Job, Answer] = _Waiting(job, self._lines(job))
        self._put(waiting)
        return waiting.future

    def _put(self, waiting: _Waiting[Job, Answer]) -> None:
        with self._changed:
            if self._closing:
                self._refused += 1
                raise Unavailable(
                    f"The {self._name} is closing. Try again in a second.", retry_after_seconds=1
                )
            if len(self._queue) >= self._queue_max:
                self._refused += 1
                raise Unavailable(
                    f"The {self._name} has {len(self._queue)} requests waiting, the most it takes. Try again in a second.",
                    retry_after_seconds=1,
                )
            self._queue.append(waiting)
            self._changed.notify()

    def close(self, drain: bool = True) -> None:
        """Take no more jobs and wait for the worker to end: after all that is queued, or (`drain=False`) after its batch.

        What is then still queued fails with Unavailable. Closing twice is harmless.
        """
        with self._changed:
            self._closing = True
            left = [] if drain else list(self._queue)
            if not drain:
                self._queue.clear()
            self._changed.notify_all()
        for waiting in left:
            if waiting.take():
                waiting.future.set_exception(
                    Unavailable(f"The {self._name} was closed before this was done. Try again.")
                )
        if threading.current_thread() is not self._worker:
            self._worker.join()

    def counters(self) -> DeskCounters:
        """What was done so far, all numbers of the same moment."""
        with self._changed:
            return DeskCounters(
                batches=self._batches,
                jobs=self._jobs,
                batch_jobs_max=self._batch_jobs_max,
                batch_lines_max=self._batch_lines_max,
                isolated=self._isolated,
                dropped=self._dropped,
                refused=self._refused,
                queue_depth=len(self._queue),
            )

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._queue and not self._closing:
                    self._changed.wait()
                if not self._queue:
                    return
                batch = self._take()
            if batch:
                self._run_batch(batch)

    def _take(self) -> list[_Waiting[Job, Answer]]:
        """The next batch: the jobs in front whose lines fit, at least one; those whose caller has gone are dropped."""
        batch: list[_Waiting[Job, Answer]] = []
        lines = 0
        while self._queue:
            waiting = self._queue[0]
            if batch and lines + waiting.lines > self._lines_max and not waiting.future.cancelled():
                break
            self._queue.popleft()
            if waiting.take():
                batch.append(waiting)
                lines += waiting.lines
            else:
                self._dropped += 1
        if batch:
            self._batches += 1
            self._jobs += len(batch)
            self._batch_jobs_max = max(self._batch_jobs_max, len(batch))
            self._batch_lines_max = max(self._batch_lines_max, lines)
        return batch

    def _run_batch(self, batch: list[_Waiting[Job, Answer]]) -> None:
        try:
            answers = self._run([waiting.job for waiting in batch])
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to the callers
            if len(batch) == 1:
                batch[0].future.set_exception(error)
                return
            with self._changed:
                self._isolated += 1
            # One of them poisoned the batch; alone it can spoil only itself.
            for waiting in batch:
                self._run_batch([waiting])
        except BaseException as error:  # noqa: BLE001 - a waiting caller must hear of it
            # Not a failed job but somebody stopping us: nothing is tried again, and nobody is left waiting.
            for waiting in batch:
                waiting.future.set_exception(error)
        else:
            self._answer(batch, answers)

    def _answer(
        self, batch: list[_Waiting[Job, Answer]], answers: list[Answer | BaseException | HandOn]
    ) -> None:
        if len(answers) != len(batch):
            # What was done is done: running the jobs again would do it twice.
            for waiting in batch:
                waiting.future.set_exception(Fault(f"{len(answers)} answers came back for {len(batch)} jobs"))
            return
        for waiting, answer in zip(batch, answers, strict=True):
            if answer is HAND_ON:
                self._hand_on(waiting)
            elif isinstance(answer, BaseException):
                waiting.future.set_exception(answer)
            else:
                waiting.future.set_result(answer)

    def _hand_on(self, waiting: _Waiting[Job, Answer]) -> None:
        if self._onward is None:
            waiting.future.set_exception(Fault(f"the {self._name} has nobody to hand a job on to"))
            return
        try:
            waiting.lines = self._onward._lines(waiting.job)
            self._onward._put(waiting)
        except Unavailable as full:
            waiting.future.set_exception(full)

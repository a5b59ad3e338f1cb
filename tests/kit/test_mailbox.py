"""An event loop is woken once for a batch of answers, and whoever has gone spoils nothing."""

import asyncio
import threading
from concurrent.futures import Future

import pytest

from accord.kit.errors import Unavailable
from accord.kit.mailbox import Mailbox


class CountedLoop(asyncio.SelectorEventLoop):
    """Counts how often another thread wakes it."""

    woken = 0

    def call_soon_threadsafe(self, *args, **kwargs):
        self.woken += 1
        return super().call_soon_threadsafe(*args, **kwargs)


def run(work):
    """Run `work(mailbox)` on a loop of its own; what it came to, and how often the loop was woken."""
    loop = CountedLoop()
    try:
        found = loop.run_until_complete(work(Mailbox(loop)))
        return found, loop.woken
    finally:
        loop.close()


def from_another_thread(do) -> None:
    """Do it there, and wait for it without letting the loop run."""
    thread = threading.Thread(target=do)
    thread.start()
    thread.join()


def test_a_loop_is_woken_once_for_all_the_answers_of_a_batch():
    jobs = [Future() for _ in range(100)]

    async def work(mailbox):
        waiting = [asyncio.create_task(mailbox.answer(job)) for job in jobs]
        await asyncio.sleep(0)
        from_another_thread(lambda: [job.set_result(n) for n, job in enumerate(jobs)])
        return await asyncio.gather(*waiting)

    assert run(work) == (list(range(100)), 1)


def test_a_loop_is_woken_again_for_the_answers_of_the_next_batch():
    first, second = Future(), Future()

    async def work(mailbox):
        found = []
        for job in (first, second):
            waiting = asyncio.create_task(mailbox.answer(job))
            await asyncio.sleep(0)
            from_another_thread(lambda job=job: job.set_result("done"))
            found.append(await waiting)
        return found

    assert run(work) == (["done", "done"], 2)


def test_an_answer_that_was_there_before_anybody_waits_is_heard():
    job = Future()
    job.set_result("done")

    assert run(lambda mailbox: mailbox.answer(job)) == ("done", 1)


def test_what_a_job_raised_reaches_its_caller():
    job = Future()
    job.set_exception(Unavailable("It is closing."))

    with pytest.raises(Unavailable, match="It is closing"):
        run(lambda mailbox: mailbox.answer(job))


def test_who_goes_before_the_job_is_taken_takes_it_back_and_the_others_are_answered():
    gone, kept = Future(), Future()

    async def work(mailbox):
        leaving, waiting = (asyncio.create_task(mailbox.answer(job)) for job in (gone, kept))
        await asyncio.sleep(0)
        leaving.cancel()
        await asyncio.sleep(0)
        from_another_thread(lambda: kept.set_result("done"))
        return await waiting

    assert run(work)[0] == "done"
    assert gone.cancelled()


def test_who_goes_while_the_job_runs_leaves_the_others_their_answers():
    gone, kept = Future(), Future()
    gone.set_running_or_notify_cancel()

    async def work(mailbox):
        leaving, waiting = (asyncio.create_task(mailbox.answer(job)) for job in (gone, kept))
        await asyncio.sleep(0)
        leaving.cancel()
        await asyncio.sleep(0)
        from_another_thread(lambda: [gone.set_result("nobody hears it"), kept.set_result("done")])
        return await waiting

    assert run(work)[0] == "done"


def test_an_answer_after_the_loop_was_closed_troubles_nobody(caplog):
    job = Future()
    loop = CountedLoop()
    waiting = Mailbox(loop).answer(job)
    waiting.send(None)  # up to where it waits
    loop.close()

    job.set_result("late")

    assert caplog.records == []
    waiting.close()

"""How are several lives lived at the same time, and told of as if they had been lived one after the other?

Each in a process of its own. What is wrong in one of them counts only when all lives before it came to a good end, since
these would have been lived first; those behind it are then given up.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, wait
from multiprocessing.synchronize import Event
from typing import Any

from accord.kit.processes import deaf
from accord.simulation.lifetime import Told, Wanted, lived
from accord.simulation.run import Report

_TELL_EVERY_SECONDS = 0.5


class _GivenUp(Exception):
    """Nobody wants to know any more what comes of this life."""


class _Shared:
    """What a process shares with the one that began it: how far each life is, and whether to give up."""

    far: Any  # operations done and violations found, by turns, of each life
    is_over: Event


def side_by_side(wanted: list[Wanted], processes: int, told: Told | None) -> Iterator[Report]:
    """The reports of these lives in their order, each as soon as it and all before it are over."""
    context = multiprocessing.get_context("spawn")
    far = context.Array("Q", 2 * len(wanted), lock=False)
    is_over = context.Event()
    with ProcessPoolExecutor(
        min(processes, len(wanted)), mp_context=context, initializer=_share, initargs=(far, is_over)
    ) as pool:
        try:
            with deaf():
                lives = [pool.submit(_live, place, one) for place, one in enumerate(wanted)]
            for life in lives:
                yield _awaited(life, far, told)
        finally:
            is_over.set()  # those that run see it after their next step, and are waited for
            pool.shutdown(wait=True, cancel_futures=True)


def _awaited(life: Future[Report], far: Any, told: Told | None) -> Report:
    while True:
        is_over = not wait([life], timeout=_TELL_EVERY_SECONDS).not_done
        if told is not None:
            told(sum(far[::2]), sum(far[1::2]))
        if is_over:
            return life.result()


def _share(far: Any, is_over: Event) -> None:
    _Shared.far, _Shared.is_over = far, is_over


def _live(place: int, wanted: Wanted) -> Report:
    def on(ops: int, found: int) -> None:
        if _Shared.is_over.is_set():
            raise _GivenUp
        _Shared.far[2 * place] = ops
        _Shared.far[2 * place + 1] += found

    return lived(wanted, on)

"""How much of each lot does an option itself draw? The rest of it is supply for the next promise.

Usually that is the part for which the lot was asked. Where one option draws several times on a node at which it
also brings lots (two components that need the same screw), a later draw may live on what an earlier lot left over,
also a draw on an earlier day: it takes what stood there for later days, which the lot then makes good. So the draws are
followed in the order in which they were made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from accord.kit.days import Day
from accord.promise.decide.case import Case
from accord.promise.decide.stale import none_of_it
from accord.promise.model import Make, Take

if TYPE_CHECKING:
    from accord.promise.decide.plan import Plan


def settled(
    case: Case, plans: list[Plan], *, is_certain: bool = False
) -> tuple[tuple[Make, ...], tuple[Take, ...]]:
    """The receipts and draws of all plans, with what is needed of each lot.

    `is_certain`: they take nothing of what was counted too long ago, so that nothing of it lessens what is needed either.
    """
    takes = tuple([take for plan in plans for take in plan.takes])
    makes = [receipt for plan in plans for receipt in plan.makes]
    if not makes:
        return (), takes
    brought = {receipt.key for receipt in makes}
    draws = [take.key for receipt in makes for take in receipt.takes] + [take.key for take in takes]
    if all(draws.count(key) == 1 for key in brought):
        return tuple(makes), takes
    if is_certain and not case.supposes:
        with none_of_it(case):
            return _followed(case, plans), takes
    return _followed(case, plans), takes


class _Surplus:
    """What is left of the lots at one node, in the order in which they arrive."""

    def __init__(self) -> None:
        self.lots: list[tuple[Day, int, int]] = []  # arrival, position of the receipt, what is left

    def use(self, quantity: int) -> list[tuple[int, int]]:
        """(position, part) of the lots that a draw uses, the earliest first."""
        used, kept = [], []
        for arrives_on, position, left in sorted(self.lots):
            part = min(left, quantity)
            quantity -= part
            if part:
                used.append((position, part))
            if left > part:
                kept.append((arrives_on, position, left - part))
        self.lots = kept
        return used


def _followed(case: Case, plans: list[Plan]) -> tuple[Make, ...]:
    """The receipts with what is needed of each; the trial is left as it was.

    What stood there for the requester comes first; only what is beyond it needs a lot of this option. So the draws are
    made again in their order on a trial without the lots, each as far as that goes, and the rest is what lots are for.
    """
    trial = case.trial
    mark = trial.mark()
    makes: list[Make] = []
    needed: list[int] = []
    needed_on: list[Day] = []
    surplus: dict[str, _Surplus] = {}

    def take(draw: Take) -> None:
        own = surplus.get(draw.key)
        there = draw.quantity
        if own is not None and own.lots:
            there = min(there, trial.atp(draw.key, draw.on, life_days=draw.life_days, terms=case.terms))
            used = own.use(draw.quantity - there)
            for position, part in used:
                needed[position] += part
                needed_on[position] = min(needed_on[position], draw.on)
            there = draw.quantity - sum(part for _, part in used)
        if there:
            trial.take(draw.key, draw.on, there, draw.life_days)

    for plan in plans:
        for receipt in plan.makes:
            for draw in receipt.takes:
                take(draw)
            own = surplus.setdefault(receipt.key, _Surplus())
            own.lots.append((receipt.on, len(makes), receipt.quantity))
            makes.append(receipt)
            needed.append(0)
            needed_on.append(receipt.needed_on)
        for draw in plan.takes:
            take(draw)
    trial.undo(mark)
    return tuple(
        msgspec.structs.replace(receipt, needed=needed[place], needed_on=max(receipt.on, needed_on[place]))
        for place, receipt in enumerate(makes)
    )

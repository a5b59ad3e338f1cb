"""Which mutants are there, and in which systems was each a real defect?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from accord.simulation.mutants import deciding, keeping, meeting
from accord.simulation.mutants.breaking import Break, no_gate, together, unguarded


class Mutant(NamedTuple):
    """One guard that is broken on purpose."""

    words: str  # what is wrong, in one line
    seen_in: str
    breaks: Break


@contextmanager
def active(name: str) -> Iterator[None]:
    """Inside, the guard is broken. Raises: KeyError for a name that is no mutant's."""
    with MUTANTS[name].breaks():
        yield


def _behind(name: str, words: str, seen_in: str, breaks: Break) -> dict[str, Mutant]:
    """A mutant of deciding: alone, without the gate behind it, and without the CHECK behind that."""
    return {
        name: Mutant(words, seen_in, breaks),
        f"{name} without gate": Mutant(f"{words}; the gate is gone", seen_in, together(breaks, no_gate)),
        f"{name} without gate and CHECK": Mutant(
            f"{words}; the gate is gone and the CHECK is blind", seen_in, unguarded(breaks)
        ),
    }


MUTANTS: dict[str, Mutant] = {
    "none": Mutant("nothing: a control of the simulator itself, which nobody may notice", "nowhere", together()),
    "M1": Mutant("no lock between look and write", "saleor #543, vendure #3508, django-shop #888", meeting.no_lock),
    "M2": Mutant("no lock for what takes long", "eventyay #1359", meeting.some_without_lock),
    **_behind("M3", "lines of an order are checked alone", "medusa #16502", deciding.lines_alone),
    "M4": Mutant("a row that is locked is skipped and made anew", "odoo #268942", meeting.skip_locked),
    "M5": Mutant("the sum forgets what is drawn", "odoo #62139, medusa #12401, oscar #2102", keeping.drift),
    "M6": Mutant("the key of a request is kept in a second transaction", "classic", meeting.key_in_second_transaction),
    **_behind("M7", "an expired hold is made firm without a look", "pretix", deciding.expired_hold_converted),
    **_behind("M8", "only the due day is looked at", "classic", deciding.due_day_only),
    "M9": Mutant("acknowledged before it is durable", "classic", keeping.acknowledged_too_early),
    "M10": Mutant("the application's clock says when a hold is over", "clock skew", keeping.app_clock),
    "M11": Mutant("the lock is let go between check and write", "odoo #32857", meeting.lock_released),
    "M12": Mutant("keys are locked in the order of the cart", "erpnext #42342, #53638", meeting.cart_order),
    "M13": Mutant("a promise competes with its own hold", "OCA #2225", deciding.own_hold_subtracted),
    "M14": Mutant("a hold does not follow the quote's edits", "IBM Sterling", deciding.hold_stays_behind),
    **_behind("M15", "today's stock is promised although a later promise needs it", "Tryton 8.2", deciding.later_days_unseen),
    "M16": Mutant("who wants the same at once keeps all others from it", "Tryton 8.2", meeting.mutual_refusal),
    **_behind("M17", "the check before the gate sees always enough", "saleor", deciding.always_enough),
    "M18": Mutant("the sum forgets what is given back", "Medusa, Vendure", keeping.drift_of_returns),
    "M19 orphan": Mutant("the promise is written, what it takes is not", "medusa #16825", keeping.orphans),
    "M19 around the gate": Mutant("rows are written past the gate", "medusa #16569", keeping.around_the_gate),
    "M19 decrease": Mutant("nobody looks who lived on supply that got less", "classic", keeping.not_judged),
    "M19 rounding": Mutant("less is drawn than is promised", "classic", deciding.rounded),
    "M19 zone": Mutant("the day begins in another zone", "classic", keeping.other_zone),
    "M19 substitute": Mutant("what stands in for another item is promised twice", "classic", deciding.substituted_twice),
    "M19 component": Mutant("two goods are made of the same component", "classic", deciding.components_shared),
    "M19 transfer": Mutant("two sites promise the same transfer", "classic", deciding.transfer_promised_twice),
    "graph": Mutant("master data changes between reach and lock", "foreseen", meeting.graph_moved),
    "shipped twice": Mutant("a count is lowered by shipments that are in it", "foreseen", keeping.shipped_twice),
    "shares": Mutant("what is set aside for others is given away", "classic", deciding.no_shares),
    "shares without gate": Mutant(
        "what is set aside for others is given away; the gate is gone", "classic", together(deciding.no_shares, no_gate)
    ),
    "own approval": Mutant("who asked for something approves it himself", "foreseen", deciding.own_approval),
    "limit unseen": Mutant("what was promised before does not count", "foreseen", deciding.limits_unseen),
    "limit unseen without gate and CHECK": Mutant(
        "what was promised before does not count; the gate is gone and the CHECK is blind", "foreseen",
        unguarded(deciding.limits_unseen),
    ),
    "limit undrawn": Mutant("what is promised is not written on the limit", "foreseen", deciding.limits_undrawn),
}  # fmt: skip

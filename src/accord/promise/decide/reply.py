"""What does a source answer: how many by when, at what cost, and why not?"""

from __future__ import annotations

from accord.kit.days import Day
from accord.ledger.decide.graph import Source
from accord.ledger.model import Lane, Operation
from accord.promise.model import Evidence, Limit, Make, Take


class Reply:
    """Yes: a quantity of an item is at a site on a day, and what that takes. The trial holds the draws already."""

    __slots__ = ("cost_minor", "evidence", "from_stock", "makes", "takes")

    def __init__(
        self,
        *,
        from_stock: int,
        cost_minor: int,
        takes: tuple[Take, ...],
        makes: tuple[Make, ...],
        evidence: tuple[Evidence, ...],
    ) -> None:
        self.from_stock = from_stock  # of the quantity, from supply that was there before
        self.cost_minor = (
            cost_minor  # of the quantity asked for, holding included, not of what a lot makes too much
        )
        self.takes = takes  # the draw on the node and on shares of it
        self.makes = makes  # in the order they must be proposed: what another one needs comes before it
        self.evidence = evidence


class Short:
    """No: the step that was short, of the source that gets nearest."""

    __slots__ = ("limit", "retry_on")

    def __init__(self, limit: Limit, retry_on: Day | None) -> None:
        self.limit = limit
        self.retry_on = retry_on  # no earlier day can succeed; None = no day can


class Lot:
    """One lot that a source brings: its receipt, and the receipts below it."""

    __slots__ = ("below", "make")

    def __init__(self, make: Make, below: tuple[Make, ...]) -> None:
        self.make = make
        self.below = below


def ceil_div(n: int, d: int) -> int:
    """n / d rounded up; d > 0."""
    return -(-n // d)


def half_up(n: int, d: int) -> int:
    """n / d rounded half up; d > 0, n >= 0."""
    return (2 * n + d) // (2 * d)


LOTS_MAX = 1_000  # of one source for one need


def lots(source: Source, quantity: int) -> list[int]:
    """The lots that together bring at least `quantity`, in the order in which they run.

    The total is the next multiple of the lot multiple that is no less than the quantity and the smallest lot.
    Above the largest lot (rounded down to the multiple) it is cut into largest lots and a rest; a rest below the
    smallest lot is raised to it. Empty where that would be more than LOTS_MAX: so many are a plan and no promise, and each
    of them would be tried while others wait.
    """
    multiple = source.lot_multiple
    total = ceil_div(max(quantity, source.lot_min), multiple) * multiple
    if source.lot_max is None:
        return [total]
    largest = max(source.lot_max // multiple, 1) * multiple
    if total <= largest:
        return [total]
    whole, rest = divmod(total, largest)
    if whole + (rest > 0) > LOTS_MAX:
        return []
    sizes = [largest] * whole
    if rest:
        sizes.append(max(rest, ceil_div(source.lot_min, multiple) * multiple))
    return sizes


def name_of(source: Source) -> str:
    """The name by which options speak of a source: "make:…", "move:…", "buy:…"."""
    match source:
        case Operation():
            return f"make:{source.id}"
        case Lane():
            return f"move:{source.id}"
        case _:
            return f"buy:{source.id}"

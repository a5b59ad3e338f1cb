"""What we found when we looked at each of frePPLe's engine tests: the same, or why not.

Only plans under constraints are promises; of those each is here. `same` counts the demands whose whole quantity we have
on the same day, or that neither of us can deliver.
"""

from __future__ import annotations

import msgspec


class Verdict(msgspec.Struct, frozen=True):
    """The finding for one expected plan."""

    kind: str  # same, differs, not supported
    same: int
    demands: int
    because: str = ""


_WHOLE_DAYS = "a day is our smallest time: what is finished during a day is usable on the next"
_ONE_UNIT = "a lot runs on one unit of a resource; frePPLe makes many small ones side by side"
_DEPENDENCIES = "demands 7, 8 and 9: an operation that waits for other operations is not supported"
_APPROVED = (
    "demands 6, 11, 12, 13 and 14: frePPLe moves approved orders and plans their material anew; here an order keeps its"
    " date and its material"
)
_LATER_STEP = (
    "demands 11 and 12: material of a later step of a routing is needed at the start of the first, a day sooner; demand"
    " 14: the approved order keeps the material that frePPLe gives to the demand"
)

VERDICTS: dict[tuple[str, int], Verdict] = {
    ("buffer_max", 1): Verdict("same", 24, 24),
    ("buffer_max", 4): Verdict(
        "differs",
        22,
        24,
        "the plan waits for the next confirmed order (autofence) before it makes or buys anew; we do not wait",
    ),
    ("constraints_combined_2", 1): Verdict(
        "differs", 0, 10, f"seven levels of a few hours each: {_WHOLE_DAYS}"
    ),
    ("constraints_leadtime_2", 1): Verdict(
        "differs",
        0,
        1,
        f"three pieces in one lot, where frePPLe makes three lots of one at once; and {_WHOLE_DAYS}",
    ),
    ("constraints_leadtime_4", 1): Verdict("same", 1, 1),
    ("constraints_leadtime_4", 2): Verdict("same", 1, 1),
    ("constraints_material_2", 1): Verdict("same", 6, 6),
    ("constraints_material_4", 1): Verdict("same", 1, 1),
    ("constraints_resource_1", 1): Verdict(
        "differs",
        4,
        5,
        "frePPLe does not look for capacity more than four days early (maxearly); we do, and are on time",
    ),
    ("constraints_resource_3", 1): Verdict("same", 3, 3),
    ("constraints_resource_5", 1): Verdict("differs", 0, 2, _ONE_UNIT),
    ("constraints_resource_7", 1): Verdict(
        "not supported", 2, 11, "resources whose capacity is kept in buckets: work on them is not used"
    ),
    ("constraints_resource_9", 1): Verdict("differs", 0, 1, f"an hour of work: {_WHOLE_DAYS}"),
    ("distribution_1", 2): Verdict("same", 5, 5),
    ("flow_alternate_2", 1): Verdict(
        "not supported", 0, 1, "a program (user exit) that forbids combinations of alternative materials"
    ),
    ("flow_effective", 1): Verdict("same", 7, 7),
    ("load_alternate", 1): Verdict("same", 1, 1),
    ("operation_approved", 1): Verdict("differs", 6, 14, f"{_APPROVED}. Not supported, {_DEPENDENCIES}"),
    ("operation_approved", 5): Verdict("differs", 6, 14, f"{_APPROVED}. Not supported, {_DEPENDENCIES}"),
    ("operation_approved", 8): Verdict("differs", 8, 14, f"{_LATER_STEP}. Not supported, {_DEPENDENCIES}"),
    ("operation_effective", 1): Verdict(
        "differs",
        61,
        65,
        f"demands 2 and 3: {_ONE_UNIT}. Demand 6: an operation must be in force when it starts, in frePPLe when it ends."
        " Demand 7: work starts as late as possible, when the operation is no longer in force; frePPLe makes it a year early",
    ),
    ("pegging_1", 1): Verdict("same", 5, 5),
    ("safety_stock", 1): Verdict("same", 6, 6),
    ("wip_1", 1): Verdict("not supported", 0, 0, "the model has no demand: there is no day to compare"),
}

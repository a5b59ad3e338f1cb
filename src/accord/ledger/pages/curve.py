"""How does the supply of a node look: what is there or comes, against what is taken, as lines and as the same table?"""

from __future__ import annotations

from accord.kit import charts
from accord.kit.charts import Frame, Mark, Stairs
from accord.ledger import said, service
from accord.ledger.decide.outlook import Entry, Level, chosen
from accord.ledger.decide.outlook import Mark as Kind
from accord.ledger.pages.shown import Shown

WEEKS = (8, 26)
_TABLE_MAX = 60  # days in the table; later ones are in the lists
_RECEIPTS = frozenset({Kind.receipt})


def curve(sheet: service.NodeSheet, weeks: int) -> dict[str, object]:
    """The chart in three sizes, and its table."""
    shown = Shown(sheet)
    until = sheet.today + weeks * 7
    steps = [step for step in sheet.levels if step.on <= until]
    return {
        "weeks": weeks,
        "sizes": [
            _drawn(sheet, shown, weeks, charts.WIDE, "wide", with_days=True),
            _drawn(sheet, shown, weeks, charts.MIDDLE, "middle", with_days=True),
            _drawn(sheet, shown, weeks, charts.NARROW, "narrow", with_days=False),
        ],
        "words": _words(sheet, shown, weeks),
        "has_holds": any(step.holds for step in steps),
        "is_short": any(step.left < 0 for step in steps),
        "rows": [_row(step, sheet, shown) for step in steps[:_TABLE_MAX]],
        "is_cut": len(steps) > _TABLE_MAX,
    }


def _drawn(
    sheet: service.NodeSheet, shown: Shown, weeks: int, frame: Frame, name: str, *, with_days: bool
) -> dict[str, object]:
    steps = sheet.levels
    marks = _marks(sheet, shown, with_quantity=with_days)
    drawn: Stairs = charts.stairs(
        frame,
        [
            [(step.on, step.supply) for step in steps],
            [(step.on, step.commitments + step.needs + step.holds) for step in steps],
            [(step.on, step.commitments + step.needs) for step in steps],
        ],
        today=sheet.today,
        days=weeks * 7,
        marks=marks,
    )
    return {
        "name": name,
        "drawn": drawn,
        "right": frame.width - frame.right,
        "bottom": frame.height - frame.bottom,
        "levels": [(tick.at, shown.number(tick.value)) for tick in drawn.levels],
        "days": [(tick.at, said.short_day(tick.value)) for tick in drawn.days],
    }


def _marks(sheet: service.NodeSheet, shown: Shown, *, with_quantity: bool) -> list[Mark]:
    """One mark a day on which something comes, at the height that supply has then."""
    height = {step.on: step.supply for step in sheet.levels}
    by_day: dict[int, list[Entry]] = {}
    for entry in chosen(sheet.entries, _RECEIPTS):
        by_day.setdefault(entry.on, []).append(entry)
    found = []
    for on, group in sorted(by_day.items()):
        first = group[0].supply
        assert first is not None  # a receipt is a supply
        more = f" and {len(group) - 1} more" if len(group) > 1 else ""
        quantity = f"+{shown.number(sum(entry.quantity for entry in group))} " if with_quantity else ""
        found.append(Mark(on, height[on], f"{quantity}{shown.document(first)}{more}, {said.short_day(on)}"))
    return found


def _words(sheet: service.NodeSheet, shown: Shown, weeks: int) -> str:
    """The chart in a sentence, for those who do not see it."""
    last = [step for step in sheet.levels if step.on <= sheet.today + weeks * 7][-1]
    taken = last.commitments + last.needs + last.holds
    return (
        f"Supply and what is taken of it over {weeks} weeks: {shown.number(sheet.levels[0].supply)} there now,"
        f" {shown.number(last.supply)} there or come by the end, {shown.number(taken)} taken by then."
        " The table below has every number."
    )


def _row(step: Level, sheet: service.NodeSheet, shown: Shown) -> dict[str, str]:
    found = [entry for entry in sheet.entries if entry.on == step.on and entry.mark is Kind.receipt]
    names = [shown.document(entry.supply) for entry in found[:2] if entry.supply is not None]
    more = f" and {len(found) - 2} more" if len(found) > 2 else ""
    on = step.on
    return {
        "on": "today" if on == sheet.today else shown.day(on),
        "comes": ", ".join(names) + more,
        "supply": shown.number(step.supply),
        "supply_href": shown.rows("supply", until=on),
        "commitments": shown.number(step.commitments),
        "commitments_href": shown.rows("commitments", until=on),
        "holds": shown.number(step.holds),
        "holds_href": shown.rows("holds", until=on),
        "needs": shown.number(step.needs),
        "needs_href": shown.rows("needs", until=on),
        "left": shown.number(step.left),
        "left_href": shown.rows("left", until=on),
        "free": shown.number(step.free),
        "free_href": shown.rows("free", until=on),
        "tone": "bad" if step.left < 0 else "",
    }

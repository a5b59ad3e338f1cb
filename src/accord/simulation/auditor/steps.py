"""Did what was just decided break a promise that stood (I1)?

After a step that decided something, each key whose version moved is looked at: what the decision itself added and took
away is told apart from what time did in the same transaction (holds that ended, receipts that did not come), and on no
day on which the decision lowered the projection may the result be below zero.
"""

from __future__ import annotations

from collections import defaultdict

from accord.simulation.auditor.coverage import unfilled
from accord.simulation.auditor.rows import Row, Rows, Violation, capacity


def decided(rows: Rows, key: str, before: int, supplies: list[Row], draws: list[Row]) -> list[Violation]:
    """What a decision did to one key since version `before`; the rows are those in force or ended since."""
    new_draws = [row for row in draws if row["version_from"] > before and row["version_to"] is None]
    gone_draws = [
        row
        for row in draws
        if row["version_from"] <= before
        and row["version_to"] is not None
        and (row["expires_at"] is None or row["expires_at"] > rows.now)
    ]
    # A proposed receipt that is there before and after was moved by time, not by the decision.
    new = {row["id"]: row for row in supplies if row["version_from"] > before and row["version_to"] is None}
    gone = {
        row["id"]: row for row in supplies if row["version_from"] <= before and row["version_to"] is not None
    }
    moved = set(new) & set(gone)
    new_supply = [row for id, row in new.items() if row["proposed_by"] and id not in moved]
    gone_supply = [row for id, row in gone.items() if row["proposed_by"] and id not in moved]
    today = rows.today(key)
    carries = key.startswith("node:")
    change: dict[int, int] = defaultdict(int)
    for row in new_draws:
        change[max(row["on_day"], today)] -= row["quantity"]
    for row in gone_draws:
        change[max(row["on_day"], today)] += row["quantity"]
    for row in new_supply:
        if row["counts"] == "counted":
            change[max(row["on_day"], today)] += row["quantity"]
    for row in gone_supply:
        if row["counts"] == "counted":
            change[max(row["on_day"], today)] -= row["quantity"]
    level: dict[int, int] = defaultdict(int)
    for row in rows.live(key):
        level[max(row["on_day"], today)] -= row["quantity"]
    if carries:
        for row in rows.counted(key):
            level[max(row["on_day"], today)] += row["quantity"]
    found = []
    lowered = left = 0
    for day in sorted({*change, *level}):
        if carries:
            lowered, left = lowered + change[day], left + level[day]
        else:
            lowered, left = change[day], level[day] + capacity(rows.records, key, day)
        if lowered < 0 and left < 0:
            found.append(
                Violation("I1", key, f"a decision took {-lowered} by day {day}, which leaves {left}")
            )
            break
    if carries and not found and any(row["expires_on"] for row in rows.counted(key)):
        found += _lots(rows, key, today, new_draws, gone_draws, new_supply, gone_supply)
    return found


def _lots(
    rows: Rows,
    key: str,
    today: int,
    new_draws: list[Row],
    gone_draws: list[Row],
    new_supply: list[Row],
    gone_supply: list[Row],
) -> list[Violation]:
    """With lots that expire: no more may be without a lot after the decision than without it."""
    after = unfilled(rows.counted(key), rows.live(key), today)
    made, added = {row["id"] for row in new_draws}, {row["id"] for row in new_supply}
    before = unfilled(
        [row for row in rows.counted(key) if row["id"] not in added] + gone_supply,
        [row for row in rows.live(key) if row["id"] not in made] + gone_draws,
        today,
    )
    if after <= before:
        return []
    return [Violation("I1", key, f"a decision left {after} without a lot that lasts, {before} before it")]

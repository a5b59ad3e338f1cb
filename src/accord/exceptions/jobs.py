"""What runs by itself for exceptions? A midnight makes news where nobody says anything: receipts that did not come, orders not shipped."""

from __future__ import annotations

from accord.db.engine import Database
from accord.exceptions import service


def is_midnight(db: Database) -> bool:
    """Whether a site's local midnight passed and its day was not rolled."""
    return bool(service.midnights(db))


def roll(db: Database) -> int:
    """Roll the day of every site whose local midnight passed; how many sites."""
    return service.roll_days(db)

"""What happens to the rules, in order?"""

from accord.policy.service.editions import (
    EditionDue,
    Tested,
    activate,
    agree,
    difference,
    doubts,
    editions,
    state,
    still,
    tested,
)
from accord.policy.service.records import HEAD, Record, book, book_at, put, version

__all__ = [
    "HEAD",
    "EditionDue",
    "Record",
    "Tested",
    "activate",
    "agree",
    "book",
    "book_at",
    "difference",
    "doubts",
    "editions",
    "put",
    "state",
    "still",
    "tested",
    "version",
]

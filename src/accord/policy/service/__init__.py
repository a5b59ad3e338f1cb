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
from accord.policy.service.records import (
    HEAD,
    Record,
    book,
    book_at,
    hold,
    put,
    put_in,
    restated_since,
    undo_in,
    version,
)

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
    "hold",
    "put",
    "put_in",
    "restated_since",
    "state",
    "still",
    "tested",
    "undo_in",
    "version",
]

"""What happens to the rules, in order?"""

from accord.policy.service.editions import Tested, activate, difference, editions, state, tested
from accord.policy.service.records import Record, book, book_at, put, version

__all__ = [
    "Record",
    "Tested",
    "activate",
    "book",
    "book_at",
    "difference",
    "editions",
    "put",
    "state",
    "tested",
    "version",
]

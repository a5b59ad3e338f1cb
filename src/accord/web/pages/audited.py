"""How is what was done, and what is wrong with the record of it, said to people?"""

from __future__ import annotations

import re

from accord.db.audit import What

# The types of entries one can search by, in the order of a promise's life, and their words.
TYPES = {
    "PromiseHeld": "Promise held",
    "PromiseCommitted": "Promise committed",
    "PromiseAmended": "Promise amended",
    "PromiseReleased": "Promise released",
    "PromiseCancelled": "Promise cancelled",
    "PromiseRefused": "Promise refused",
    "HoldExpired": "Hold expired",
    "ApprovalAsked": "Approval asked",
    "ApprovalGiven": "Approval given",
    "ApprovalDeclined": "Approval declined",
    "SupplyChanged": "Supply changed",
    "SupplyUndone": "Supply undone",
    "ExceptionOpened": "Exception opened",
    "ExceptionClosed": "Exception closed",
    "PolicyStated": "Terms stated",
    "PolicyUndone": "Terms undone",
    "EditionStated": "Rights stated",
    "EditionAgreed": "Rights agreed to",
    "EditionInForce": "Rights in force",
    "EditionWithdrawn": "Rights withdrawn",
    "KeyMade": "Key made",
    "KeyRevoked": "Key revoked",
    "PasswordLinkMade": "Password link made",
    "PasswordSet": "Password set",
    "PersonalErased": "Person erased",
}

# Which member of an entry says what it is about; the first that is there.
ABOUT = ("promise", "commitment", "approval", "key", "account", "id", "cause", "request")

# What is wrong with the record, as a sentence: what it means.
FOUND: dict[What, str] = {
    "entry_changed": "An entry was changed: its hash is not that of what it says.",
    "entry_missing": "Entries are missing: there is a gap in the numbers.",
    "personal_changed": "What identifies a person is not what was written.",
    "personal_missing": "What identifies a person is gone, and no erasure says so.",
    "chain_empty": "A chain was begun, and none of its entries is there.",
    "chain_unknown": "Entries belong to a chain that was never begun.",
    "end_missing": "The end of a chain was cut off: a checkpoint saw more.",
    "chain_missing": "A chain that a checkpoint saw is gone.",
    "head_changed": "A chain was written anew: a checkpoint saw another hash there.",
    "checkpoint_changed": "A checkpoint was changed, or signed with another key.",
    "checkpoint_missing": "A checkpoint is missing: there is a gap in the numbers.",
}

_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")


def named(type: str) -> str:
    """The words of a type, also of one that is new here."""
    return TYPES.get(type) or _HUMP.sub(" ", str(type)).capitalize()

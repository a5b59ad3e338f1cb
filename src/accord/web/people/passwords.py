"""Which passwords are good enough, and how is one kept?

Kept is an argon2id hash. A password has at least twelve characters, of any kind; it is refused when it is among those
that everybody tries first, or is the name. Each check takes tens of megabytes for a fifth of a second, on purpose, so only a few run
at once: who comes in a crowd waits or is sent away, and the server goes on promising.
"""

from __future__ import annotations

import secrets
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from accord.kit.errors import InputError, Unavailable

LENGTH_MIN = 12
LENGTH_MAX = 1_000  # bytes: longer ones only cost time
_TYPED_MAX = 4 * LENGTH_MAX  # characters: to bring many marks into one order takes the square of their number

# RFC 9106, the recommendation for less memory, on one lane: a second processor core belongs to the promises.
HASHER = PasswordHasher(time_cost=3, memory_cost=65_536, parallelism=1)

_AT_ONCE = threading.BoundedSemaphore(2)
_WAIT_SECONDS = 5

# What is tried first of what is long enough; compared without case and blanks.
_WORDS = """
    password1234 password12345 password123456 passwordpassword passw0rdpassw0rd adminadminadmin administrator
    administrator1 administrator123 123456789012 1234567890123 12345678901234 123456789123 1234567891011 012345678910
    123123123123 111111111111 000000000000 121212121212 112233445566 987654321098 qwertyuiop12 qwertyuiop123
    qwertyuiopasdf qwertyqwerty qwerty123456 qwertz123456 1q2w3e4r5t6y 1qaz2wsx3edc zaq12wsxcde3 asdfghjkl123
    abcdefghijkl abcdefg12345 abcd1234abcd abc123abc123 letmeinletmein letmein12345 welcome12345 welcomewelcome
    iloveyou1234 iloveyouiloveyou changeme1234 changemechangeme changemeplease sunshine1234 superman1234 football1234
    baseball1234 princess1234 dragon123456 monkey123456 master123456 trustno1trustno1 secretsecret secret123456
    correcthorsebatterystaple accordaccord accord123456 summer202020 winter202020 testtesttest test12345678 guestguestguest
"""
_COMMON = frozenset(_WORDS.split())


def check(password: str, *names: str) -> str:
    """The password as it is kept, where it is good enough for somebody with these names. Raises: InputError."""
    password = normal(password)
    if len(password) < LENGTH_MIN:
        detail = f"A password has at least {LENGTH_MIN} characters, of any kind. A few words of your own are easy to keep."
        raise InputError.at("password", "too_short", detail)
    if len(password.encode()) > LENGTH_MAX:
        raise InputError.at("password", "too_long", f"A password has at most {LENGTH_MAX:,} characters.")
    plain = _plain(password)
    if plain in _COMMON or len(set(plain)) < 3:
        raise InputError.at(
            "password", "too_common", "This password is tried first by whoever guesses. Choose another."
        )
    if plain in {_plain(name) for name in names if name}:
        raise InputError.at("password", "is_the_name", "The password is the name. Choose another.")
    return password


def normal(password: str) -> str:
    """One form for what keyboards write in several (NFC); what is too long in any form stays as it is."""
    if len(password) > _TYPED_MAX:
        return password
    return unicodedata.normalize("NFC", password)


def hashed(password: str) -> str:
    """What is kept of a password. Raises: Unavailable while too many are checked."""
    with _one_of_few():
        return HASHER.hash(password)


def fits(kept: str | None, password: str) -> bool:
    """Whether this is the password; without one to compare with, it is as much work and never fits. Raises: Unavailable."""
    password = normal(password)
    too_long = len(password.encode()) > LENGTH_MAX
    with _one_of_few():
        try:
            return HASHER.verify(kept or _nobodys(), "" if too_long else password) and kept is not None
        except (VerificationError, InvalidHashError):
            return False


def is_outdated(kept: str) -> bool:
    """Whether it was hashed with other parameters than those of today."""
    return HASHER.check_needs_rehash(kept)


@cache
def _nobodys() -> str:
    """A hash that no password has, made once with today's parameters."""
    return HASHER.hash(secrets.token_urlsafe(32))


def warm() -> None:
    """Make what an unknown name is compared with, so that not the first one takes twice as long."""
    _nobodys()


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


@contextmanager
def _one_of_few() -> Iterator[None]:
    if not _AT_ONCE.acquire(timeout=_WAIT_SECONDS):
        raise Unavailable("Too many people sign in at this moment. Try again.", retry_after_seconds=2)
    try:
        yield
    finally:
        _AT_ONCE.release()

"""How a value becomes the same bytes every time, and those bytes a fingerprint."""

import hashlib

import msgspec

_ENCODER = msgspec.json.Encoder(order="deterministic")


def canonical(obj: object) -> bytes:
    """The JSON bytes of a value, the same for equal values: keys and sets sorted, no white space.

    Struct fields keep their declared order, which is part of the type, not of the value.
    """
    return _ENCODER.encode(obj)


def digest(data: bytes) -> str:
    """SHA-256 as 64 lower-case hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()

"""What did this person ask last, in this browser?

Asking changes nothing at the server, so it keeps no list of questions. The last few stay in a cookie that no script can read; it
names whose they are, so that the next person at the same machine does not see them.
"""

from __future__ import annotations

import base64
import binascii

import msgspec
from litestar.datastructures import Cookie

from accord.promise.pages.submitting import Visitor

KEPT = 5
_NAME = "asks"
_LENGTH_MAX = 160  # of one question: a cookie holds 4 kB in all
_A_MONTH = 30 * 86_400


class _Kept(msgspec.Struct, frozen=True):
    actor: str
    asks: tuple[str, ...] = ()


def read(request: Visitor) -> tuple[str, ...]:
    """The last questions, the latest first."""
    try:
        packed = base64.urlsafe_b64decode(request.cookies.get(_NAME, "").encode())
        kept = msgspec.json.decode(packed, type=_Kept)
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        return ()
    return kept.asks[:KEPT] if kept.actor == request.state.actor else ()


def with_one(request: Visitor, q: str) -> Cookie:
    """The cookie with one more question."""
    before = read(request)
    asks = before if len(q) > _LENGTH_MAX else (q, *[one for one in before if one != q])[:KEPT]
    packed = base64.urlsafe_b64encode(msgspec.json.encode(_Kept(request.state.actor, asks))).decode()
    is_safe = request.url.scheme == "https"
    return Cookie(
        key=_NAME, value=packed, path="/", max_age=_A_MONTH, httponly=True, samesite="lax", secure=is_safe
    )

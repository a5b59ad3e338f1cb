"""In which cookie does a browser carry its session?

Over https it is called `__Host-accord`, which a browser only takes with Secure, for this host alone and for every
path. Over http, which is this machine or a network of one's own, the name holds the port: browsers do not tell ports
of one host apart, and two servers on one machine would sign each other's people out.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from litestar.types import Scope

from accord.web.people.sessions import LIFE_SECONDS


def name(scope: Scope, host: str) -> str:
    """What the cookie is called on this server."""
    if scope["scheme"] == "https":
        return "__Host-accord"
    try:
        port = urlsplit(f"//{host}").port
    except ValueError:
        port = None
    return f"accord_{port or 80}"


def token(scope: Scope, headers: dict[str, str]) -> str:
    """The token that came with a request; "" when there is none."""
    return value(headers.get("cookie", ""), name(scope, headers.get("host", "")))


def value(header: str, name: str) -> str:
    """One cookie of those that came, "" when it is not among them.

    Programs on other ports of a host put theirs beside ours, however they are written: the standard library's reader gives up all of
    them for one that it cannot read.
    """
    for one in header.split(";"):
        key, equals, found = one.strip().partition("=")
        if equals and key == name:
            return found
    return ""


def kept(scope: Scope, host: str, token: str) -> str:
    """The header that hands a token to the browser."""
    return _header(scope, host, token, LIFE_SECONDS)


def dropped(scope: Scope, host: str) -> str:
    """The header that takes it away again."""
    return _header(scope, host, "", 0)


def _header(scope: Scope, host: str, value: str, seconds: int) -> str:
    secure = "; Secure" if scope["scheme"] == "https" else ""
    return f"{name(scope, host)}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"

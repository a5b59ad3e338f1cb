"""What does a page load beside itself, and under which addresses?

Few files that are fetched once: all sheets are one, and what is fetched for a page carries the digest of all of it in its
address, `/static/<version>/…`, so that a browser never asks for it again and never has an old one beside a new one. A
new sheet is a file in the folder, a new module one that `accord.js` imports; nothing lists them.

Everything is read once, when the server starts, and answered from memory: an address that is not among what was read is
not there, whatever it says.
"""

from __future__ import annotations

import gzip
import re
from functools import cache
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from typing import Any

import msgspec
from litestar import Request, get
from litestar.params import FromPath
from litestar.response import Response

from accord.kit.errors import NotFound

FOLDER = Path(__file__).parents[1] / "static"
SHEET = "all.css"  # the sheets in one
ENTRY = "accord.js"  # the module every page starts
FIRST = ("tokens.css", "accord.css", "shell.css", "kit.css")  # what the other sheets build upon
FOR_EVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"  # an address without a version may answer something else tomorrow

_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
_IMPORT = re.compile(r"""^(?:import|export)\b[^"';]*?["']\./([^"']+)["']""", re.MULTILINE)
_NO_GAIN = 256  # bytes; below that a compressed file is no smaller


class Asset(msgspec.Struct, frozen=True):
    """One file as it is sent."""

    body: bytes
    packed: bytes  # by gzip; empty where that gains nothing
    tag: str  # its ETag
    media_type: str


class Assets(msgspec.Struct, frozen=True):
    """All of them."""

    version: str
    files: dict[str, Asset]  # by name below /static
    modules: tuple[str, ...]  # what the entry imports, near and far: fetched together with it

    def address(self, name: str) -> str:
        """Where a page finds a file. Raises: KeyError when there is none of that name."""
        if name not in self.files:
            raise KeyError(f"no file {name!r} in static")
        return f"/static/{self.version}/{name}"


@cache
def assets() -> Assets:
    """What this program brings along."""
    return read(FOLDER)


def read(folder: Path) -> Assets:
    """What is in a folder."""
    found = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.suffix in _TYPES
    }
    found[SHEET] = _one_sheet({name: body for name, body in found.items() if name.endswith(".css")})
    version = sha256(b"".join(name.encode() + b"\0" + found[name] for name in sorted(found))).hexdigest()[:12]
    return Assets(version, {name: _asset(name, body) for name, body in found.items()}, _reached(found))


def _one_sheet(sheets: dict[str, bytes]) -> bytes:
    """The sheets one after the other: first what the others build upon, then by name."""
    order = sorted(sheets, key=lambda name: (FIRST.index(name) if name in FIRST else len(FIRST), name))
    return b"\n".join(sheets[name] for name in order)


def _reached(found: dict[str, bytes]) -> tuple[str, ...]:
    """The modules that the entry imports, near and far, in the order in which they are met."""
    met: list[str] = [ENTRY] if ENTRY in found else []
    for name in met:
        for other in _IMPORT.findall(found[name].decode()):
            if other in found and other not in met:
                met.append(other)
    return tuple(met[1:])


def _asset(name: str, body: bytes) -> Asset:
    packed = gzip.compress(body, 9, mtime=0) if len(body) >= _NO_GAIN else b""
    tag = f'"{sha256(body).hexdigest()[:16]}"'
    return Asset(body, packed if len(packed) < len(body) else b"", tag, _TYPES[Path(name).suffix])


@get("/{name:path}", opt={"operation": "server.files"}, include_in_schema=False)
async def static(name: FromPath[str], request: Request[Any, Any, Any]) -> Response[bytes]:
    """One file, packed where the browser takes that; for ever when its address names the version."""
    known = assets()
    wanted = str(name).lstrip("/")
    version, _, rest = wanted.partition("/")
    is_versioned = version == known.version
    found = known.files.get(rest if is_versioned else wanted)
    if found is None:
        raise NotFound("There is no such file. Open the page anew: it names the files of this version.")
    headers = {
        "ETag": found.tag,
        "Cache-Control": FOR_EVER if is_versioned else ASK_AGAIN,
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    if found.tag in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    body = found.body
    if found.packed and "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        body = found.packed
    return Response(body, media_type=found.media_type, headers=headers)

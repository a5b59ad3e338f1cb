"""Which pieces are there?"""

from __future__ import annotations

from importlib import import_module

from prove.model import Piece

# The modules that hold them, each as a tuple called PIECES; in the order of the page.
MODULES: tuple[str, ...] = (
    "simulated",
    "kills",
    "served",
    "crashes",
    "faults",
    "full_disks",
    "upgraded",
    "backups",
    "contended",
    "once",
    "tampered",
    "replayed",
    "parity",
    "rights",
    "isolation",
    "injected",
    "overload",
    "fuzzed",
    "described",
    "imports",
)


def all_pieces() -> tuple[Piece, ...]:
    """Every piece, in the order of the page."""
    return tuple(piece for module in MODULES for piece in import_module(f"prove.{module}").PIECES)

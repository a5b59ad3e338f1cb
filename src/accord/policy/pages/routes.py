"""Which pages does this part have?"""

from __future__ import annotations

from typing import Any

PAGES: list[Any] = []

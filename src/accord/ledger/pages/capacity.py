"""What do people see of resources?"""

from __future__ import annotations

from typing import Any

PAGES: list[Any] = []

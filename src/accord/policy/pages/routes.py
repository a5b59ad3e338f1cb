"""Which pages does this part have?"""

from __future__ import annotations

from accord.policy.pages import editing, viewing

PAGES = [*viewing.PAGES, *editing.PAGES]

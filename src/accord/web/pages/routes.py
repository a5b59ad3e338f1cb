"""Which pages are about the people and programs that come in?"""

from __future__ import annotations

from accord.web.pages import account, keys, people, signing_in, vouching

PAGES = [*signing_in.PAGES, *vouching.PAGES, *account.PAGES, *people.PAGES, *keys.PAGES]

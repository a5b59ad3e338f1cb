"""Which pages are of the server itself, and of no part?"""

from __future__ import annotations

from accord.web.pages import account, audit, finding, keys, people, signing_in, sources, vouching

PAGES = [
    *signing_in.PAGES,
    *vouching.PAGES,
    *account.PAGES,
    *people.PAGES,
    *keys.PAGES,
    *audit.PAGES,
    *sources.PAGES,
    *finding.PAGES,
]

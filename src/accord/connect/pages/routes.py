"""Which pages does this part have?"""

from __future__ import annotations

from typing import Any

from accord.connect.pages.checking import PAGES as CHECKING
from accord.connect.pages.ending import PAGES as ENDING
from accord.connect.pages.listing import PAGES as LISTING
from accord.connect.pages.recognising import PAGES as RECOGNISING
from accord.connect.pages.trying import PAGES as TRYING

PAGES: list[Any] = [*LISTING, *RECOGNISING, *CHECKING, *TRYING, *ENDING]

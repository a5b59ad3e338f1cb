"""Takes a picture of every screen: light and dark, wide and as on a phone. `make screenshots`

The pictures lie in build/screenshots/ID-THEME-WIDTH.png, to be looked at; two of them are taken as the window shows them and put in
docs/pictures, where the README shows them, when asked with --readme.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.browser import chromium  # noqa: E402
from tests.browser.entering import enter  # noqa: E402
from tests.browser.screens import SCREENS, THEMES  # noqa: E402

PICTURES = ROOT / "docs" / "pictures"
SIZES = {1440: 900, 390: 844}
OF_README = {"ask-answered-light-1440": "ask.png", "supply-node-dark-1440": "supply.png"}


def main() -> int:
    """Take them. Exit 1 when a screen could not be reached or something went wrong in it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="screens whose id contains this")
    parser.add_argument("--to", type=Path, default=ROOT / "build" / "screenshots")
    parser.add_argument("--readme", action="store_true", help="put two of them in docs/pictures")
    given = parser.parse_args()
    if chromium.found() is None:
        print(chromium.ABSENT, file=sys.stderr)
        return 1
    given.to.mkdir(parents=True, exist_ok=True)
    wrong: list[str] = []
    began, taken = time.monotonic(), 0
    with tempfile.TemporaryDirectory(prefix="accord-screens-") as folder:
        file = Path(folder) / "halden.db"
        subprocess.run([chromium.ACCORD, "demo", "--no-serve", "--db", file], check=True, capture_output=True)
        with chromium.served(file) as address, chromium.chromium() as browser:
            for screen in SCREENS:
                if given.only not in screen.id:
                    continue
                for theme in THEMES:
                    context = browser.new_context(base_url=address, locale="en-GB", color_scheme=theme)
                    watch = chromium.Watch(context, address)
                    watch.expect("status of 4")
                    page = context.new_page()
                    for width, height in SIZES.items():
                        page.set_viewport_size({"width": width, "height": height})
                        name = f"{screen.id}-{theme}-{width}"
                        try:
                            enter(page, screen.role)
                            screen.way(page)
                        except Exception as error:  # noqa: BLE001 - the others are still taken
                            wrong.append(f"{name}: {str(error).splitlines()[0]}")
                            continue
                        page.screenshot(path=given.to / f"{name}.png", full_page=True, animations="disabled")
                        if given.readme and name in OF_README:
                            page.screenshot(path=PICTURES / OF_README[name], animations="disabled")
                        taken += 1
                    wrong += [f"{screen.id}-{theme}: {one}" for one in watch.end()]
                    context.close()
                print(f"{screen.id}: {taken} pictures, {time.monotonic() - began:.0f} s", file=sys.stderr)
    for one in wrong:
        print(f"wrong: {one}", file=sys.stderr)
    print(f"{taken} pictures in {os.path.relpath(given.to)}, {len(wrong)} things wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

"""How htmx gets into the package: copied at build time from the wheel that ships it, never committed."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# name in the wheel -> name under web/static/vendor
FILES = {"htmx-2.min.js": "htmx.min.js", "ext/hx-preload-2.min.js": "htmx-preload.min.js"}


class CopyHtmx(BuildHookInterface[Any]):
    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        spec = find_spec("django_htmx")
        if spec is None or spec.origin is None:
            raise RuntimeError(
                "django-htmx is not installed: it is a build requirement, for its copy of htmx"
            )
        source = Path(spec.origin).parent / "static" / "django_htmx"
        target = Path(self.root) / "src" / "accord" / "web" / "static" / "vendor"
        target.mkdir(parents=True, exist_ok=True)
        for theirs, ours in FILES.items():
            if not (source / theirs).is_file():
                raise RuntimeError(
                    f"django-htmx no longer ships {theirs}: name its successor in hatch_build.py"
                )
            shutil.copyfile(source / theirs, target / ours)

"""Draft the step that leads from the newest schema to the tables of the code: `python scripts/draft_step.py add_notes`.

Read what it wrote, and complete it: it sees new tables, columns and indexes, not renamed ones, changed CHECKs or data.
The test in `tests/db/test_migrations.py` says whether the steps lead to the tables on both engines. With `--first`, the
first step is written anew from an empty database: only before the first release.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext

import accord
from accord.db.engine import open_database
from accord.db.migrations import head, upgrade, versions
from accord.db.schema import metadata

VERSIONS = Path(accord.__file__).parent / "db" / "upgrades" / "versions"
HEAD = '''"""{title}"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy import BigInteger, Boolean, Integer, LargeBinary, text
from sqlalchemy.dialects import postgresql

revision = "{revision}"
down_revision = {before}
branch_labels = None
depends_on = None

Words = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def index_where(name: str, table: str, columns: list[str], *, unique: bool, where: str) -> None:
    """An index of some of a table's rows."""
    op.create_index(name, table, columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where))


def upgrade() -> None:
    """Take this step."""
    {body}
'''


def main() -> int:
    """Write the file and say which."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "name", nargs="?", default="first", help="what the step does, as words_with_underscores"
    )
    parser.add_argument("--first", action="store_true", help="write the first step anew")
    options = parser.parse_args()
    root = Path(accord.__file__).parent
    for path in sorted([*root.glob("*/store.py"), *root.glob("*/store/__init__.py")]):
        import_module(f"accord.{path.relative_to(root).parts[0]}.store")

    number = 1 if options.first else len(versions()) + 1
    revision = f"{number:04}_{'first' if options.first else options.name}"
    with tempfile.TemporaryDirectory() as folder:
        db = open_database(f"sqlite:///{folder}/newest.db")
        if not options.first:
            upgrade(db)
        with db.write() as tx:
            context = MigrationContext.configure(
                tx.connection,
                opts={
                    "render_item": render,
                    "user_module_prefix": None,
                    "target_metadata": metadata,
                    "compare_type": True,
                },
            )
            steps = produce_migrations(context, metadata)
            assert steps.upgrade_ops is not None
            body = render_python_code(
                steps.upgrade_ops, render_item=render, user_module_prefix=None, migration_context=context
            )
        db.close()
    # What both engines are told twice is said once, and Alembic's banners go.
    body = re.sub(
        r"op\.create_index\((.*?), sqlite_where=sa\.text\((.*?)\), postgresql_where=sa\.text\(\2\)\)",
        r"index_where(\1, where=\2)",
        body,
    )
    body = re.sub(r" *# ###.*\n?", "", body)
    path = VERSIONS / f"{revision}.py"
    path.write_text(
        HEAD.format(
            title="The first schema." if options.first else options.name.replace("_", " ").capitalize() + ".",
            revision=revision,
            before="None" if options.first else f'"{head()}"',
            body=body.strip(),
        )
    )
    for command in (["check", "--fix", "-q"], ["format", "-q"]):
        subprocess.run([Path(sys.executable).parent / "ruff", *command, path], check=False)
    print(path)
    return 0


def render(kind: str, thing: Any, _context: Any) -> str | Literal[False]:
    """Types by the short names that the step imports."""
    if kind != "type":
        return False
    return {"Text": "Words", "BigInteger": "BigInteger()", "Integer": "Integer()", "Boolean": "Boolean()",
            "LargeBinary": "LargeBinary()"}.get(type(thing).__name__, False)  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())

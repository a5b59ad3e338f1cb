"""What happens when a file or another system's model comes in? Read, translate, tell; then promise what is open."""

from accord.connect.service.bringing import Options, Progress, import_files, import_frepple, import_pasted
from accord.connect.service.promising import open_lines, promise_open
from accord.connect.service.steps import (
    UPLOAD_MAX,
    check,
    commit,
    dry_run,
    put_files,
    rejected_rows,
    run,
    runs,
    tidy,
)
from accord.connect.service.undoing import undo

__all__ = [
    "UPLOAD_MAX",
    "Options",
    "Progress",
    "check",
    "commit",
    "dry_run",
    "import_files",
    "import_frepple",
    "import_pasted",
    "open_lines",
    "promise_open",
    "put_files",
    "rejected_rows",
    "run",
    "runs",
    "tidy",
    "undo",
]

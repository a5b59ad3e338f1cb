"""How does a command speak: data on standard output, all else on standard error?

With --json a command gives exactly one object. Without, people get sentences and tables; colour and movement only
where somebody is looking (a terminal, and NO_COLOR is not set). Nobody is asked anything unless both ends are a
terminal.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console

    from accord.db.engine import Database

_WIDE = 200  # where nobody looks, tables are not cut to a window


class Terminal:
    """The two streams of one command, and the database it was told to use."""

    def __init__(self, *, db: str | None, as_json: bool) -> None:
        self.db = db
        self.as_json = as_json

    # --- data ---

    def give(self, value: object) -> None:
        """The one object of --json."""
        import msgspec

        click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2))

    def say(self, text: str = "") -> None:
        """A line of data for people; nothing with --json."""
        if not self.as_json:
            click.echo(text)

    def show(self, renderable: object) -> None:
        """A table or another thing of rich, for people; nothing with --json."""
        if not self.as_json:
            self._console(err=False).print(renderable)

    def table(
        self, columns: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[str] = ()
    ) -> None:
        """Rows under headings; the columns named in `right` are numbers."""
        if self.as_json:
            return
        from rich.table import Table
        from rich.text import Text

        made = Table(box=None, pad_edge=False, header_style="bold")
        for column in columns:
            made.add_column(column, justify="right" if column in right else "left", overflow="fold")
        for row in rows:
            made.add_row(*[Text(cell) for cell in row])  # Text: names are no markup
        self.show(made)

    # --- everything else ---

    def note(self, text: str) -> None:
        """A remark beside the data."""
        click.echo(text, err=True)

    def next(self, command: str) -> None:
        """The last line: what one would do next."""
        if not self.as_json:
            click.echo(f"Next: {command}", err=True)

    @property
    def may_ask(self) -> bool:
        """Whether somebody is there to answer a question."""
        return not self.as_json and sys.stdin.isatty() and sys.stderr.isatty()

    def confirm(self, question: str) -> bool:
        """Ask a person yes or no; only where `may_ask`."""
        return click.confirm(question, default=False, err=True)

    @contextmanager
    def progress(self, title: str, *, total: int | None = None, unit: str = "") -> Iterator[Progress]:
        """A bar on standard error with count, rate, time left and problems; silent where nobody looks."""
        bar = Progress(self, title, total, unit)
        with bar.running():
            yield bar

    # --- the database ---

    @contextmanager
    def database(self, *, create: bool = True) -> Iterator[Database]:
        """The database this command works on, made and brought up to date first where that is needed."""
        from accord.cli.opening import opened

        with opened(self.db, note=self.note, create=create) as db:
            yield db

    def _console(self, *, err: bool) -> Console:
        from rich.console import Console

        stream = sys.stderr if err else sys.stdout
        return Console(
            file=stream,
            width=None if stream.isatty() else _WIDE,
            force_terminal=False if is_plain() else None,
            highlight=False,
            markup=False,
            emoji=False,
        )


def is_plain() -> bool:
    """Whether the person wants neither colour nor movement (no-color.org: set, and not empty)."""
    return bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"


class Progress:
    """How far a long piece of work is; called with (done, total, problems) as the work goes on."""

    def __init__(self, terminal: Terminal, title: str, total: int | None, unit: str) -> None:
        self._terminal = terminal
        self._title = title
        self._total = total
        self._unit = unit
        self._done = 0
        self._bar: Any = None
        self._task: Any = None

    def __call__(self, done: int, total: int | None = None, problems: int = 0, **_: object) -> None:
        if self._bar is None:
            return
        self._total = total if total is not None else self._total
        fields = {"problems": f"· {problems:,} need you" if problems else "", "count": self._count(done)}
        self._bar.update(self._task, completed=done, total=self._total, **fields)

    def begin(self, what: str) -> None:
        """Another stretch of the work begins, counted from nothing: "Import orders.csv: check"."""
        if self._bar is not None:
            self._bar.reset(
                self._task, description=f"{self._title}: {what}", total=None, count="0", problems=""
            )

    def more(self, count: int) -> None:
        """So many more are done."""
        self._done += count
        self(self._done)

    def _count(self, done: int) -> str:
        return f"{done:,}/{self._total:,}" if self._total else f"{done:,}"

    @contextmanager
    def running(self) -> Iterator[None]:
        if not sys.stderr.isatty() or is_plain():
            yield
            return
        from rich.progress import BarColumn, ProgressColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar
        from rich.text import Text

        class Rate(ProgressColumn):
            def render(self, task: Any) -> Text:
                speed = task.finished_speed or task.speed
                if not speed:
                    return Text("")
                return Text(f"· {speed / 1000:.1f} k/s" if speed >= 1000 else f"· {speed:.0f}/s")

        with Bar(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[count]}"),
            Rate(),
            TextColumn("·"),
            TimeRemainingColumn(compact=True, elapsed_when_finished=True),
            TextColumn("{task.fields[problems]}"),
            console=self._terminal._console(err=True),
            transient=False,
        ) as bar:
            self._bar = bar
            self._task = bar.add_task(self._title, total=self._total, count="0", problems="")
            yield
        self._bar = None


def takes_database(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options every command has: --db and --json; the command gets them as one `Terminal`."""
    from functools import wraps

    @click.option(
        "--db",
        envvar="ACCORD_DB",
        metavar="URL",
        help="Database: sqlite:///path, postgresql://…, or the path of a file. Default: ACCORD_DB, else a file in your data folder.",
    )
    @click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
    @wraps(command)
    def with_terminal(*args: Any, db: str | None, as_json: bool, **kwargs: Any) -> Any:
        return command(Terminal(db=db, as_json=as_json), *args, **kwargs)

    return with_terminal

"""How a document is run: its console blocks are typed into one shell, and what comes out must match what it shows.

In a block that begins with ```console, a line after `$ ` is typed (`> ` goes on with it), and the lines under it are what
must come out. `...` stands for any text within a line, and alone on a line for any lines. A command that is shown
to fail is followed by `$ echo $?` and its exit code; any other failure is a finding.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

MARK = "\x1e"


@dataclass(frozen=True)
class Step:
    """One command of a document, and what the document says comes out."""

    line: int  # in the document, from 1
    command: str
    expected: str


def steps(text: str) -> list[Step]:
    """The commands of a document's console blocks, in order."""
    found: list[Step] = []
    inside = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("```"):
            inside = line == "```console" and not inside
        elif inside and line.startswith("$ "):
            found.append(Step(number, line[2:], ""))
        elif inside and found and not found[-1].expected and line.startswith("> "):
            found[-1] = Step(found[-1].line, f"{found[-1].command}\n{line[2:]}", "")
        elif inside and found:
            last = found[-1]
            found[-1] = Step(last.line, last.command, f"{last.expected}{line}\n")
    return found


def run(path: Path, *, folder: Path, surroundings: Mapping[str, str], seconds: int = 120) -> list[str]:
    """Type every command of the document into one shell in `folder`; what differs from the document, in words."""
    todo = steps(path.read_text())
    # Each command leaves its exit code behind for the next, so that `echo $?` works as it does by hand.
    script = "".join(
        f"{step.command}\n__code=$?; printf '{MARK}%s{MARK}' $__code; (exit $__code)\n" for step in todo
    )
    shell = subprocess.run(
        ["bash", "--norc", "--noprofile", "-c", f"exec 2>&1\n{script}"],
        cwd=folder, env=dict(surroundings), stdin=subprocess.DEVNULL, capture_output=True, text=True,
        check=False, timeout=seconds,
    )  # fmt: skip
    said = shell.stdout.split(MARK)
    outputs, codes = said[0::2], said[1::2]

    differences = []
    for index, step in enumerate(todo):
        where = f"{path.name}:{step.line}: $ {step.command}"
        if index >= len(codes):
            differences.append(f"{where}\n  was not reached: the shell ended at the command before")
            break
        if codes[index] != "0" and (index + 1 == len(todo) or todo[index + 1].command != "echo $?"):
            differences.append(f"{where}\n  ended with code {codes[index]}:\n{outputs[index]}")
        elif not matches(step.expected, outputs[index]):
            differences.append(
                f"{where}\n  says:\n{step.expected}\n  but what came out is:\n{outputs[index]}"
            )
    return differences


def matches(expected: str, output: str) -> bool:
    """Whether the output is what the document shows, trailing blanks aside."""
    pattern = ""
    for line in expected.rstrip().splitlines():
        if line.strip() == "...":
            pattern += r"(?:.*\n)*?"
        else:
            pattern += r".*?".join(re.escape(piece.rstrip()) for piece in line.split("...")) + r"[ \t]*\n"
    body = "".join(f"{line.rstrip()}\n" for line in output.rstrip().splitlines())
    return re.fullmatch(pattern, body) is not None

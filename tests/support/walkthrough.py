"""Follows a page of the documentation that says how something is added, in a copy of the source.

In: a section of the page. Before each block of it stands the path of the file it is about, and
a colon: a `diff` changes the file, another block is the whole of a new one, `bash` is run.
Promise: a change whose place is not in the file just once is an error that names the place.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

BLOCK = re.compile(
    r"(?:^`(?P<path>[\w./-]+)`:\n\n)?^```(?P<language>\w+)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
#: What an addition is made to and tried with.
PARTS = ("src", "tests", "docs", "portal", "hatch_build.py", "pyproject.toml")
#: Large and only read, so that a link to them will do.
LINKED = ("src/logster/web/static", "portal/node_modules")


class Step(NamedTuple):
    """One block, and the file it is about."""

    path: str
    language: str
    text: str


def steps_of(page: str, section: str) -> list[Step]:
    """The blocks of a section, in order."""
    (text,) = re.findall(rf"^## {section}$(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    return [
        Step(found["path"] or "", found["language"], found["text"])
        for found in BLOCK.finditer(text)
    ]


def copy_source(root: Path, copy: Path) -> None:
    """Make a copy of the source that can be changed, and tried with the same Python."""
    made = shutil.ignore_patterns("static", "node_modules", "__pycache__", ".vite")
    for part in PARTS:
        if (root / part).is_dir():
            shutil.copytree(root / part, copy / part, ignore=made)
        else:
            shutil.copy(root / part, copy / part)
    for link in LINKED:
        (copy / link).symlink_to(root / link)


def environment_of(copy: Path) -> dict[str, str]:
    """Commands in the copy import what is there."""
    return os.environ | {"PYTHONPATH": str(copy / "src")}


def follow(steps: list[Step], copy: Path) -> list[str]:
    """Make the files and changes of all steps; gives the commands that are left to be run."""
    commands = []
    for step in steps:
        if step.language == "bash":
            commands += step.text.replace(".venv/bin/python", sys.executable).splitlines()
        elif step.language == "diff":
            change(copy / step.path, step.text)
        else:
            with (copy / step.path).open("x", encoding="utf-8") as file:
                file.write(step.text)
    return commands


def change(path: Path, diff: str) -> None:
    """Make the changes of a diff; the places of a file are apart by a line of @@."""
    text = path.read_text("utf-8")
    for hunk in diff.split("@@\n"):
        lines = hunk.splitlines(keepends=True)
        before = "".join(line[1:] for line in lines if line[0] in " -")
        after = "".join(line[1:] for line in lines if line[0] in " +")
        assert f"\n{text}".count(f"\n{before}") == 1, f"{path.name} has not one place for:\n{hunk}"
        text = f"\n{text}".replace(f"\n{before}", f"\n{after}")[1:]
    path.write_text(text, "utf-8")

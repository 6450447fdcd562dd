"""What is to be sent: a text, files and folders, or standard input.

In: the arguments of `logster send`. Out: an `Input`, or an error that says what would do.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import click
import msgspec

from logster.cli.answer import ClientError
from logster.follow.folders import is_compressed


class Input(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be sent: a text, or paths, or standard input."""

    text: str | None = None
    paths: tuple[Path, ...] = ()
    is_stdin: bool = False


def read_input(what: tuple[str, ...], message: str | None) -> Input:
    """Tell a text from paths from standard input."""
    if message is not None:
        if what:
            raise click.UsageError("Give --message or files, not both.")
        return Input(text=_printable(message))
    if what == ("-",) or (not what and not sys.stdin.isatty()):
        return Input(is_stdin=True)
    if not what:
        raise click.UsageError("Nothing to send: give a text, files, folders, or - for stdin.")
    missing = [name for name in what if not _exists(name)]
    if not missing:
        return Input(paths=tuple(Path(name) for name in what))
    if len(what) > 1 or _looks_like_path(missing[0]):
        raise ClientError(
            f"There is no file or folder {missing[0]!r}. A text is one argument, in quotes; "
            "one that looks like a file's name goes behind --message."
        )
    return Input(text=_printable(what[0]))


def _printable(text: str) -> str:
    """Check a text; bytes of the shell that are no UTF-8 become readable."""
    if not text.strip():
        raise click.UsageError("The message is empty.")
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _exists(name: str) -> bool:
    try:
        return bool(name.strip()) and Path(name).exists()
    except (OSError, ValueError):  # a text can be longer than any name
        return False


def _looks_like_path(name: str) -> bool:
    return bool(re.fullmatch(r"\S*/\S*|[^\s.]+(\.\w{1,5})+", name)) and "://" not in name


def check_follow(
    given: Input, *, follow: bool, skips: bool, state: Path | None, has_no_state: bool
) -> None:
    """See that what is to be followed can grow, and that the options fit together."""
    if not follow:
        options = {"--skip-existing": skips, "--state": state, "--no-state": has_no_state}
        for name in (name for name, value in options.items() if value):
            raise click.UsageError(f"{name} needs --follow.")
        return
    if not given.paths:
        raise click.UsageError("--follow needs files or folders; a pipe is followed anyway.")
    if state and has_no_state:
        raise click.UsageError("Give --state or --no-state, not both.")
    for path in given.paths:
        if is_compressed(path) and not path.is_dir():
            raise ClientError(f"{path} is compressed, so nothing will be added to it.")
        if not path.is_dir() and not path.is_file():
            raise ClientError(
                f"{path} is no file that grows; a pipe is read by `logster send - < {path}`."
            )

"""`logster export`: what a search finds, as a file.

In: a search text, a time, a form. Out: NDJSON, CSV or Parquet, in a file or on standard
output; the progress on a terminal's standard error.
Promise: a file that is there is whole: an export that breaks off leaves none behind.
Exit code 0: found (Parquet: always); 1: nothing found; 2: could not ask, or broke off.
"""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from logster.cli import FailedError
from logster.cli.answer import AnswerError
from logster.cli.bar import show_growth
from logster.cli.client import Client
from logster.cli.search import EXIT_NONE, point_out, question_options
from logster.cli.target import load_target, target_options
from logster.cli.terminal import Screen, note

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

FORMS = ("ndjson", "csv", "parquet")
#: A page of a search that finds little may take the server's whole `query_timeout_s`, and more
#: than one when it must make pages smaller.
SILENCE_S = 150.0
EXIT_INTERRUPTED = 130


@click.command("export")
@question_options
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(FORMS),
    help="Default: as the name of the output ends, or ndjson.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write; default: standard output.",
)
@click.option("-c", "--column", "columns", multiple=True, help="A field or property; repeatable.")
@click.option("-n", "--limit", type=click.IntRange(1), help="At most so many, newest first.")
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
@target_options
def command(  # noqa: PLR0917  click hands one argument per option
    query: tuple[str, ...],
    times: dict[str, Any],
    form: str | None,
    output: Path | None,
    columns: tuple[str, ...],
    limit: int | None,
    quiet: bool,
    url: str | None,
    key: str | None,
) -> None:
    """Save everything that matches QUERY, newest first, as NDJSON, CSV or Parquet."""
    text = " ".join(query)
    form = form or _form_of(output)
    if output is None and form == "parquet" and sys.stdout.isatty():
        raise click.UsageError("Parquet is not for a terminal; name a file with --output.")
    params = {"q": text, **times, "format": form, "limit": limit}
    given: dict[str, Any] = {name: value for name, value in params.items() if value is not None}
    given["column"] = columns
    with Client(load_target(url, key)) as client:
        try:
            with (
                client.stream(
                    "/api/v1/export", given | {"column": columns}, {}, SILENCE_S
                ) as answer,
                _opened(output, form) as file,
            ):
                line_count = _copy(answer, file, is_shown=not quiet)
        except AnswerError as error:
            raise FailedError(point_out(error, text)) from error
        except KeyboardInterrupt:
            raise SystemExit(EXIT_INTERRUPTED) from None
    head_count = 1 if form == "csv" else 0
    if form != "parquet" and line_count <= head_count:
        note("Nothing found.")
        raise SystemExit(EXIT_NONE)


def _form_of(output: Path | None) -> str:
    ending = output.suffix.removeprefix(".").lower() if output else ""
    return ending if ending in FORMS else "ndjson"


def _copy(answer: httpx.Response, file: BinaryIO | Screen, *, is_shown: bool) -> int:
    """Write the answer as it comes; gives how many lines there were."""
    size = line_count = 0
    with show_growth("export", is_shown=is_shown) as grow:
        for piece in answer.iter_bytes():
            file.write(piece)
            size += len(piece)
            line_count += piece.count(b"\n")
            grow(size)
    return line_count


@contextlib.contextmanager
def _opened(output: Path | None, form: str) -> Iterator[BinaryIO | Screen]:
    """A file under another name until it is whole, or standard output."""
    if output is None and sys.stdout.isatty():
        yield Screen(form)
        return
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    try:
        if output.exists() and not output.is_file():  # a pipe, or /dev/null, stays what it is
            with output.open("wb") as file:
                yield file
        else:
            yield from _new_file(output)
    except OSError as error:
        raise FailedError(f"{output} cannot be written: {error.strerror}.") from error


def _new_file(output: Path) -> Iterator[BinaryIO]:
    """A file under another name, until it is whole: for us alone, or for whom the old one was."""
    part = output.with_name(output.name + ".part")
    try:
        with part.open("wb") as file:
            if output.exists():
                os.fchmod(file.fileno(), stat.S_IMODE(output.stat().st_mode))
            yield file
        part.replace(output)
    finally:
        part.unlink(missing_ok=True)

"""`logster send`: a message, files, folders or standard input to the server.

In: a text, paths or a stream. Out: every line an event; a summary on standard error.
Promise: every line is either sent, refused with its place and reason, or named as not
sent; memory does not grow with the input. Exit code 0: all sent; 1: some refused;
2: could not send; 130: interrupted.
"""

from __future__ import annotations

import re
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from logster.cli import EXIT_FAILED
from logster.cli.batches import Outbox, Tally
from logster.cli.client import (
    Client,
    ClientError,
    Patience,
    load_target,
    target_options,
)
from logster.cli.events import Choices
from logster.cli.notes import Notes
from logster.cli.run import Run
from logster.cli.sources import STDIN_NAME, Progress, Stream, follow_rows, read_files
from logster.cli.state import state_path
from logster.cli.stop import Stop
from logster.cli.terminal import note, show
from logster.event import Severity
from logster.fields.severity import severity_of
from logster.follow.charset import UTF_8, EncodingError, check_encoding
from logster.follow.folders import find_files, is_compressed
from logster.follow.follower import Follower
from logster.follow.positions import Positions
from logster.follow.rows import Row

if TYPE_CHECKING:
    from collections.abc import Iterator


EXIT_REFUSED = 1

#: A server that restarts or is upgraded is back by then; a script should not hang for longer.
DEFAULT_PATIENCE_S = 120.0


def _severity(ctx: click.Context, parameter: click.Parameter, value: str | None) -> int | None:  # noqa: ARG001  click's signature
    if value is None:
        return None
    number = int(value) if value in {"0", "1", "2", "3", "4", "5", "6"} else severity_of(value)
    if number is None:
        raise click.BadParameter(
            f"{value!r} is no severity. Use a number from 0 to 6, or one of "
            f"{', '.join(severity.name.title() for severity in Severity)}."
        )
    return number


def _properties(
    ctx: click.Context,  # noqa: ARG001  click's signature
    parameter: click.Parameter,  # noqa: ARG001  click's signature
    pairs: tuple[str, ...],
) -> dict[str, str]:
    for pair in pairs:
        if not pair.partition("=")[0] or "=" not in pair:
            raise click.BadParameter(f"{pair!r} is not NAME=VALUE.")
    return {name: value for name, _, value in (pair.partition("=") for pair in pairs)}


def _encoding(ctx: click.Context, parameter: click.Parameter, name: str | None) -> str:  # noqa: ARG001  click's signature
    try:
        return check_encoding(name) if name else UTF_8
    except EncodingError as error:
        raise click.BadParameter(str(error)) from None


@click.command("send")
@click.argument("what", nargs=-1, metavar="[TEXT | FILE… | FOLDER… | -]")
@click.option("-m", "--message", help="A text, even if it looks like the name of a file.")
@click.option("-a", "--application", help="Default: the file's name without ending, or 'stdin'.")
@click.option("-c", "--category", help="The category of every event.")
@click.option("-u", "--user", help="The user of every event.")
@click.option(
    "-s",
    "--severity",
    callback=_severity,
    help="0 to 6 or a name. Default: as the line says, or Info.",
)
@click.option(
    "-p", "--property", "properties", multiple=True, callback=_properties, metavar="NAME=VALUE"
)
@click.option("-f", "--follow", is_flag=True, help="Go on as the files grow, like tail -F.")
@click.option("--skip-existing", is_flag=True, help="With --follow: send only what is new.")
@click.option(
    "--state",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="With --follow: where the positions are kept.  [default: by paths and server]",
)
@click.option("--no-state", is_flag=True, help="With --follow: keep no positions.")
@click.option(
    "--encoding",
    callback=_encoding,
    metavar="NAME",
    help="Of files without a byte order mark.  [default: UTF-8, or UTF-16 that is plain]",
)
@click.option("--now", "uses_arrival_time", is_flag=True, help="Ignore the times in the lines.")
@click.option("--utc", "is_utc", is_flag=True, help="Times without a zone are UTC, not local.")
@click.option("--join-traces", "joins_traces", is_flag=True, help="A stack trace is one event.")
@click.option(
    "--batch-size",
    type=click.IntRange(1, 100_000),
    default=2000,
    show_default=True,
    metavar="LINES",
)
@click.option(
    "--patience",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="Time to try again while the server is away.  [default: 120; with --follow: for ever]",
)
@click.option("-q", "--quiet", is_flag=True, help="No progress and no summary.")
@target_options
def command(  # noqa: PLR0917  click hands one argument per option
    what: tuple[str, ...],
    message: str | None,
    follow: bool,
    skip_existing: bool,
    state: Path | None,
    no_state: bool,
    encoding: str,
    batch_size: int,
    patience: float | None,
    quiet: bool,
    url: str | None,
    key: str | None,
    **choices: Any,
) -> None:
    """Send a message, files, folders (with all below them) or standard input.

    Files ending in .gz and .zst are read too. Each line is an event; its time and
    severity are taken from the line when it says them. With --follow it goes on where it
    stopped the last time.
    """
    load = _sort_out(what, message)
    _check_follow(load, follow=follow, skips=skip_existing, state=state, has_no_state=no_state)
    if patience is None and not follow:
        patience = DEFAULT_PATIENCE_S
    notes, progress, stop = Notes(), Progress(None), Stop()
    target = load_target(url, key)
    with ExitStack() as stack:
        client = stack.enter_context(Client(target))
        stack.enter_context(stop)
        outbox = Outbox(
            client,
            Patience(patience),
            batch_size=batch_size,
            on_refusal=notes.refused,
            on_wait=notes.wait,
        )
        positions = None
        if follow:
            path = None if no_state else state or state_path(load.paths, target.url)
            positions = stack.enter_context(Positions(path, notes.say))
        run = Run(
            outbox,
            Choices(**choices),
            progress,
            notes,
            stop,
            is_endless=follow or load.is_stdin,
            is_text=load.text is not None,
            positions=positions,
        )
        source = _Source(load, progress, notes, stop, encoding)
        if positions:
            source.follow(positions, skips_existing=skip_existing, is_kept=not no_state)
        shows_progress = load.text is None and not quiet
        run.send(source.rows(), source.left_over, shows_progress=shows_progress)
        source.close()
    if not quiet:
        _show_end(load, run, outbox.tally)
    raise SystemExit(_exit_code_of(outbox.tally, notes))


def _check_follow(
    load: _Load, *, follow: bool, skips: bool, state: Path | None, has_no_state: bool
) -> None:
    if not follow:
        given = {"--skip-existing": skips, "--state": state, "--no-state": has_no_state}
        for name in (name for name, value in given.items() if value):
            raise click.UsageError(f"{name} needs --follow.")
        return
    if not load.paths:
        raise click.UsageError("--follow needs files or folders; a pipe is followed anyway.")
    if state and has_no_state:
        raise click.UsageError("Give --state or --no-state, not both.")
    for path in load.paths:
        if is_compressed(path) and not path.is_dir():
            raise ClientError(f"{path} is compressed, so nothing will be added to it.")
        if not path.is_dir() and not path.is_file():
            raise ClientError(
                f"{path} is no file that grows; a pipe is read by `logster send - < {path}`."
            )


class _Source:
    """Where the rows come from, and what is left of them when a run is ended early."""

    def __init__(
        self, load: _Load, progress: Progress, notes: Notes, stop: Stop, encoding: str
    ) -> None:
        self._load = load
        self._progress = progress
        self._notes = notes
        self._stop = stop
        self._encoding = encoding
        self._follower: Follower | None = None
        self._is_kept = False
        self._stream: Stream | None = None

    def follow(self, positions: Positions, *, skips_existing: bool, is_kept: bool) -> None:
        """Follow the paths; `is_kept` when somebody will go on from the positions."""
        self._is_kept = is_kept
        self._follower = Follower(
            self._load.paths,
            positions,
            self._notes,
            skip_existing=skips_existing,
            encoding=self._encoding,
        )

    def rows(self) -> Iterator[Row | None]:
        """All rows, and None where there is a pause."""
        load = self._load
        if load.text is not None:
            return iter([Row("", 1, load.text)])
        if self._follower:
            return follow_rows(self._follower, self._stop)
        if load.is_stdin:
            self._stream = Stream(
                sys.stdin.buffer, STDIN_NAME, self._progress, self._notes, self._encoding
            )
            return self._stream.read(self._stop)
        files = find_files(load.paths, self._notes.skip, self._notes.unreadable)
        self._progress.total_bytes = sum(found.stat.st_size for found in files)
        return read_files(files, self._progress, self._notes, self._encoding)

    def left_over(self) -> Iterator[Row]:
        """Lines without their end: sent as they are, unless it may still come."""
        if self._stream:
            yield from self._stream.finish()
        elif self._follower and self._is_kept:
            for source, number in self._follower.unfinished:
                self._notes.say(
                    f"{source}:{number}: this line has not ended and is not sent. "
                    "The next run sends it once it has."
                )
        elif self._follower:
            yield from self._follower.finish()

    def close(self) -> None:
        """Let go of the files; what could not be read to the end stays counted."""
        if self._follower:
            self._notes.unreadable_count = self._follower.unreadable_count
            self._follower.close()


class _Load(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be sent: a text, or paths, or standard input."""

    text: str | None = None
    paths: tuple[Path, ...] = ()
    is_stdin: bool = False


def _sort_out(what: tuple[str, ...], message: str | None) -> _Load:
    """Tell a text from paths from standard input."""
    if message is not None:
        if what:
            raise click.UsageError("Give --message or files, not both.")
        return _Load(text=_printable(message))
    if what == ("-",) or (not what and not sys.stdin.isatty()):
        return _Load(is_stdin=True)
    if not what:
        raise click.UsageError("Nothing to send: give a text, files, folders, or - for stdin.")
    missing = [name for name in what if not _exists(name)]
    if not missing:
        return _Load(paths=tuple(Path(name) for name in what))
    if len(what) > 1 or _looks_like_path(missing[0]):
        raise ClientError(
            f"There is no file or folder {missing[0]!r}. A text is one argument, in quotes; "
            "one that looks like a file's name goes behind --message."
        )
    return _Load(text=_printable(what[0]))


def _show_end(load: _Load, run: Run, tally: Tally) -> None:
    if load.text is None:
        note(run.summary())
    elif tally.last_id:
        show(tally.last_id)


def _exit_code_of(tally: Tally, notes: Notes) -> int:
    if notes.unreadable_count:
        return EXIT_FAILED
    return EXIT_REFUSED if tally.refused else 0


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

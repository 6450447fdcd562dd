"""`logster send`: a message, files, folders or standard input to the server.

In: a text, paths or a stream. Out: every line an event; a summary on standard error.
Promise: every line is either sent, refused with its place and reason, or named as not
sent; memory does not grow with the input. Exit code 0: all sent; 1: some refused;
2: could not send; 130: interrupted.
"""

from __future__ import annotations

import contextlib
import re
import signal
import sys
import time
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from logster.cli import EXIT_FAILED
from logster.cli.bar import show_bar
from logster.cli.batches import Entry, Outbox, Refusal, Tally
from logster.cli.client import (
    AwayError,
    Client,
    ClientError,
    Patience,
    load_target,
    target_options,
)
from logster.cli.lines import Clock, read_line, severity_of
from logster.cli.sources import (
    MAX_LINE_BYTES,
    STDIN_NAME,
    Progress,
    Row,
    find_files,
    follow_files,
    is_compressed,
    read_files,
    read_stream,
)
from logster.cli.traces import join_rows
from logster.event import Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from logster.cli.bar import Bar

EXIT_REFUSED = 1
EXIT_INTERRUPTED = 130

#: What a line is when it does not say: neither noise nor alarm.
DEFAULT_SEVERITY = Severity.INFO
#: A server that restarts or is upgraded is back by then; a script should not hang for longer.
DEFAULT_PATIENCE_S = 120.0
#: A held line is sent at the latest after this time, when more of them trickle in.
FLUSH_S = 0.75
#: More would flood the screen; the rest is counted.
MAX_SHOWN_REFUSALS = 20


class Choices(msgspec.Struct, frozen=True, kw_only=True):
    """What the flags say about every line."""

    application: str | None = None
    category: str | None = None
    user: str | None = None
    severity: int | None = None
    properties: dict[str, str] = {}
    uses_arrival_time: bool = False
    joins_traces: bool = False
    is_utc: bool = False


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
    batch_size: int,
    patience: float | None,
    quiet: bool,
    url: str | None,
    key: str | None,
    **choices: Any,
) -> None:
    """Send a message, files, folders (with all below them) or standard input.

    Files ending in .gz and .zst are read too. Each line is an event; its time and
    severity are taken from the line when it says them.
    """
    load = _sort_out(what, message)
    if skip_existing and not follow:
        raise click.UsageError("--skip-existing needs --follow.")
    if follow and not load.paths:
        raise click.UsageError("--follow needs files or folders; a pipe is followed anyway.")
    if patience is None and not follow:
        patience = DEFAULT_PATIENCE_S
    progress = Progress(None)
    with Client(load_target(url, key)) as client:
        outbox = Outbox(
            client,
            Patience(patience),
            batch_size=batch_size,
            on_refusal=_Refusals().show,
            on_wait=_show_wait,
        )
        is_endless = follow or load.is_stdin
        run = _Run(outbox, Choices(**choices), progress, is_endless=is_endless)
        if follow:
            rows: Iterator[Row | None] = follow_files(
                lambda: _files_to_follow(load.paths), skip_existing=skip_existing
            )
        else:
            rows = _rows_of(load, progress, run.show_unreadable)
        run.finish(rows, shows_progress=load.text is None and not quiet)
    if not quiet:
        _show_end(load, run, outbox.tally)
    raise SystemExit(_exit_code_of(outbox.tally))


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


def _rows_of(
    load: _Load, progress: Progress, on_unreadable: Callable[[Path, str], None]
) -> Iterator[Row | None]:
    if load.text is not None:
        return iter([Row("", 1, load.text)])
    if load.is_stdin:
        return read_stream(sys.stdin.buffer, STDIN_NAME, progress)
    files = find_files(load.paths, _show_skipped)
    progress.total_bytes = sum(path.stat().st_size for path in files)
    return read_files(files, progress, on_unreadable)


def _show_end(load: _Load, run: _Run, tally: Tally) -> None:
    if load.text is None:
        click.echo(run.summary(), err=True)
    elif tally.last_id:
        click.echo(tally.last_id)


def _exit_code_of(tally: Tally) -> int:
    if tally.unreadable:
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


def _files_to_follow(paths: Iterable[Path]) -> list[Path]:
    compressed = [str(path) for path in paths if is_compressed(path)]
    if compressed:
        raise ClientError(f"{compressed[0]} is compressed, so nothing will be added to it.")
    files = find_files(paths, lambda _path, _why: None)
    return [path for path in files if not is_compressed(path)]


class _Run:
    """One `send` from its first row to its last."""

    def __init__(
        self, outbox: Outbox, choices: Choices, progress: Progress, *, is_endless: bool
    ) -> None:
        self._outbox = outbox
        self._choices = choices
        self._progress = progress
        self._is_endless = is_endless
        self._started = self._flushed_at = time.monotonic()
        self._lines = 0
        self._sources: set[str] = set()
        self._last = Row("", 0, "")

    def finish(self, rows: Iterator[Row | None], *, shows_progress: bool) -> None:
        """Send all rows; on Ctrl-C or SIGTERM say what was not sent."""
        if self._choices.joins_traces:
            rows = join_rows(rows)
        with _interruptible(), show_bar(self._progress, is_shown=shows_progress) as bar:
            try:
                self._send_all(rows, bar)
            except KeyboardInterrupt:
                self._stop_early()
            except ClientError as error:
                raise ClientError(f"{error}\n{self._left_over()}") from error

    def _send_all(self, rows: Iterator[Row | None], bar: Bar) -> None:
        for row in rows:
            if row:
                self._take(row)
            if time.monotonic() - self._flushed_at >= FLUSH_S and (row is None or self._is_endless):
                self._flush()
            bar.update(self._lines)
        self._flush()
        bar.update(self._lines)

    def _flush(self) -> None:
        self._outbox.flush()
        self._flushed_at = time.monotonic()

    def _take(self, row: Row) -> None:
        self._lines += 1
        self._last = row
        self._sources.add(row.source)
        if row.text is None:
            reason = f"longer than {MAX_LINE_BYTES} bytes"
            self._outbox.refuse(Refusal(row.source, row.number, reason))
        elif row.text.strip():
            self._outbox.put(Entry(row.source, row.number, render_event(row, self._choices)))
        else:
            self._outbox.tally.blank += 1

    def show_unreadable(self, path: Path, why: str) -> None:
        """Note a file that cannot be read (any farther)."""
        self._outbox.tally.unreadable += 1
        click.echo(f"{path} cannot be read: {why}", err=True)

    def _stop_early(self) -> None:
        if self._is_endless:
            # This is how following ends: what is held goes out, without waiting for a server.
            self._outbox.patience = Patience(0)
            with contextlib.suppress(ClientError):
                self._outbox.flush()
            if not self._outbox.held:
                return
        click.echo(f"Interrupted. {self._left_over()}", err=True)
        raise SystemExit(EXIT_INTERRUPTED)

    def _left_over(self) -> str:
        """Say what was and was not sent, and where to go on."""
        held = self._outbox.held
        if held:
            return (
                f"{self.summary()} Not confirmed: {held[0].source} from line {held[0].number} on "
                f"({len(held):,} lines were read, more may follow)."
            )
        behind = f" Nothing behind {self._last.source} line {self._last.number} was read."
        return self.summary() + (behind if self._lines else "")

    def summary(self) -> str:
        """Say in one sentence what became of the lines."""
        tally = self._outbox.tally
        seconds = time.monotonic() - self._started
        parts = [f"{tally.sent:,} lines sent"]
        if tally.refused:
            parts.append(f"{tally.refused:,} refused")
        if tally.unreadable:
            parts.append(f"{tally.unreadable:,} files not read to the end")
        if tally.blank:
            parts.append(f"{tally.blank:,} blank ones left out")
        files = f" of {len(self._sources)} files" if len(self._sources) > 1 else ""
        return f"{', '.join(parts)}{files} in {seconds:.1f} s ({tally.sent / seconds:,.0f}/s)."


_ENCODER = msgspec.json.Encoder()


def render_event(row: Row, choices: Choices) -> bytes:
    """Make the event of a line, as JSON for the native API."""
    zone = UTC if choices.is_utc else None
    line = read_line(row.text or "", Clock(datetime.now(UTC), zone))
    severity = choices.severity if choices.severity is not None else line.severity
    event: dict[str, Any] = {
        **line.members,
        "Message": line.message,
        "Severity": DEFAULT_SEVERITY if severity is None else severity,
    }
    application = choices.application or _application_of(row.source)
    if application:
        event["Application"] = application
    if choices.category:
        event["Category"] = choices.category
    if choices.user:
        event["User"] = choices.user
    if line.timestamp and not choices.uses_arrival_time:
        event["Timestamp"] = line.timestamp
    if line.properties or choices.properties:
        event["Properties"] = {**line.properties, **choices.properties}
    return _ENCODER.encode(event)


#: Rotation and compression add endings to the one a file has.
_ENDINGS = re.compile(r"(?<=.)(\.(log|txt|json|jsonl|ndjson|out|err|gz|zst|zstd|\d+))+$")


@lru_cache(maxsize=256)  # the lines of one file come together
def _application_of(source: str) -> str:
    """Name a file without folder and endings: /var/log/app.log.2.gz is app."""
    name = Path(source).name
    shorter = _ENDINGS.sub("", name)
    return shorter if shorter != name else Path(name).stem


class _Refusals:
    """Shows the first refused lines, and says that there are more."""

    def __init__(self) -> None:
        self._count = 0

    def show(self, refusal: Refusal) -> None:
        self._count += 1
        if self._count <= MAX_SHOWN_REFUSALS:
            place = f"{refusal.source}:{refusal.number}: " if refusal.source else ""
            click.echo(f"{place}refused: {refusal.reason}", err=True)
        elif self._count == MAX_SHOWN_REFUSALS + 1:
            click.echo("More lines are refused; they are counted below.", err=True)


def _show_wait(error: AwayError, pause_s: float) -> None:
    click.echo(f"{error} Trying again in {pause_s:.1f} s.", err=True)


def _show_skipped(path: Path, why: str) -> None:
    click.echo(f"{path}: left out: {why}. Name the file to send it anyway.", err=True)


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Let SIGTERM, by which services are stopped, end a run as Ctrl-C does."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)

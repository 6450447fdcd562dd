"""`logster send`: a message, files, folders or standard input to the server.

    options   what flags mean
    input     arguments -> what is to be sent
    source    all of it -> rows; from `files` and `stream`, and as files grow from `logster.follow`
    joiner    rows of one stack trace -> one row
    events    row -> event of the native API
    batches   events -> batches, sent until the server has answered them
    run       one `send` from its first row to its last
    stop      how it is ended: Ctrl-C and SIGTERM
    state     where the positions of followed files are kept
    notes     what people are told meanwhile

In: a text, paths or a stream. Out: every line an event; a summary on standard error.
Promise: every line is either sent, refused with its place and reason, or named as not
sent; memory does not grow with the input. Exit code 0: all sent; 1: some refused;
2: could not send; 130: interrupted.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import click

from logster.cli import EXIT_FAILED
from logster.cli.bar import Progress
from logster.cli.client import Client
from logster.cli.retry import Retries
from logster.cli.send.batches import Outbox
from logster.cli.send.events import Choices
from logster.cli.send.input import check_follow, read_input
from logster.cli.send.notes import Notes
from logster.cli.send.options import send_options
from logster.cli.send.run import Run
from logster.cli.send.source import Source
from logster.cli.send.state import state_path
from logster.cli.send.stop import Stop
from logster.cli.target import load_target, target_options
from logster.cli.terminal import note, show
from logster.follow.positions import Positions

if TYPE_CHECKING:
    from pathlib import Path

    from logster.cli.send.batches import Tally
    from logster.cli.send.input import Input

EXIT_REFUSED = 1

#: A server that restarts or is upgraded is back by then; a script should not hang for longer.
DEFAULT_RETRY_S = 120.0


@click.command("send")
@send_options
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
    retry_s: float | None,
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
    given = read_input(what, message)
    check_follow(given, follow=follow, skips=skip_existing, state=state, has_no_state=no_state)
    if retry_s is None and not follow:
        retry_s = DEFAULT_RETRY_S
    notes, progress, stop = Notes(), Progress(None), Stop()
    target = load_target(url, key)
    with ExitStack() as stack:
        client = stack.enter_context(Client(target))
        stack.enter_context(stop)
        outbox = Outbox(
            client,
            Retries(retry_s),
            batch_size=batch_size,
            on_refusal=notes.refused,
            on_wait=notes.wait,
        )
        positions = None
        if follow:
            path = None if no_state else state or state_path(given.paths, target.url)
            positions = stack.enter_context(Positions(path, notes.say))
        run = Run(
            outbox,
            Choices(**choices),
            progress,
            notes,
            stop,
            is_endless=follow or given.is_stdin,
            is_text=given.text is not None,
            positions=positions,
        )
        source = Source(given, progress, notes, stop, encoding)
        if positions:
            source.follow(positions, skips_existing=skip_existing, is_kept=not no_state)
        shows_progress = given.text is None and not quiet
        run.send(source.rows(), source.left_over, shows_progress=shows_progress)
        source.close()
    if not quiet:
        _show_end(given, run, outbox.tally)
    raise SystemExit(_exit_code_of(outbox.tally, notes))


def _show_end(given: Input, run: Run, tally: Tally) -> None:
    if given.text is None:
        note(run.summary())
    elif tally.last_id:
        show(tally.last_id)


def _exit_code_of(tally: Tally, notes: Notes) -> int:
    if notes.unreadable_count:
        return EXIT_FAILED
    return EXIT_REFUSED if tally.refused else 0

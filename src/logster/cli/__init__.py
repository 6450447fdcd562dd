"""The command line: `logster COMMAND`.

In: arguments, the environment, standard input. Out: text on standard output, notes
and progress on standard error, an exit code.
Promise: every command lives in its own module and is imported when it is asked for,
so that `logster --help` answers at once; an error is one sentence that says what to do.
"""

from __future__ import annotations

import importlib
import os
import sys
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, cast

import click

from logster import __version__
from logster.cli.terminal import note, one_line
from logster.errors import LogsterError
from logster.folder.permissions import UMASK

if TYPE_CHECKING:
    from collections.abc import Mapping

#: name -> the line `logster --help` shows; the module of the same name holds `command`.
COMMANDS: dict[str, str] = {
    "serve": "Run the server.",
    "send": "Send a message, files, folders or standard input.",
    "search": "Find events.",
    "stats": "Count events, and take numbers from them.",
    "tail": "Watch events as they arrive.",
    "patterns": "Show messages by their shape.",
    "export": "Save what a search finds as NDJSON, CSV or Parquet.",
    "issues": "List, resolve, mute, assign and merge groups of errors.",
    "gate": "Say whether a release may go on.",
    "doctor": "Check every part, and send one message the whole way.",
    "key": "Create, list and revoke API keys.",
    "user": "Create, list and disable accounts, set a password.",
    "retention": "Show and change how long events are kept.",
    "receipts": "Count what became of events, and try refused ones again.",
    "spool": "Show what waits for the store; replay what was set aside.",
}

#: A command that could not do its work; click uses the same number for wrong usage.
EXIT_FAILED = 2
#: Whoever read our output has left, as `head` does: what a shell says after SIGPIPE.
EXIT_UNREAD = 141


class FailedError(click.ClickException):
    """An error of ours, shown as one sentence."""

    exit_code = EXIT_FAILED

    def show(self, file: Any = None) -> None:  # noqa: ARG002  click's signature
        """Print it as everything is printed: it may quote a server."""
        note(f"Error: {self.format_message()}")


class LazyGroup(click.Group):
    """A group that knows its commands' names and imports each on demand."""

    def __init__(
        self, *args: Any, lazy: Mapping[str, str] | None = None, package: str = "", **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._lazy = lazy or {}
        self._package = package

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        """Give the names in the order of the table, the order people need them."""
        return list(self._lazy)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002  click's signature
        cmd_name: str,
    ) -> click.Command | None:
        """Import the module of the command and give its `command`."""
        if cmd_name not in self._lazy:
            return None
        module = importlib.import_module(f"{self._package}.{cmd_name}")
        return cast(click.Command, module.command)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say which one may be meant."""
        name = args[0]
        if name not in self._lazy and name[:1].isalpha():
            near = [known for known in self._lazy if known.startswith(name.lower())]
            near = near or get_close_matches(name.lower(), self._lazy, 1)
            suggestion = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
            ctx.fail(f"No such command '{one_line(name)}'.{suggestion}")
        return super().resolve_command(ctx, args)

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002  click's signature
        formatter: click.HelpFormatter,
    ) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self._lazy.items()))

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; turn our errors into a sentence and an exit code."""
        try:
            return super().invoke(ctx)
        except LogsterError as error:
            raise FailedError(str(error)) from error
        except BrokenPipeError:
            # Nobody reads what is still buffered: else Python complains of it at its end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise SystemExit(EXIT_UNREAD) from None
        except OSError as error:
            place = f"{error.filename}: " if error.filename else ""
            raise FailedError(f"{place}{error.strerror or error}.") from error


@click.group(
    cls=LazyGroup,
    lazy=COMMANDS,
    package=__name__,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="logster")
@click.pass_context
def main(context: click.Context) -> None:
    """Logster: logs and errors from any program, kept safely, found quickly."""
    # Exports, state and what is written to a data folder are for their owner alone.
    before = os.umask(UMASK)
    context.call_on_close(lambda: os.umask(before))

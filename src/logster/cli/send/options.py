"""The options of `logster send`, and what their texts stand for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from logster.event import Severity
from logster.fields.severity import severity_of
from logster.follow.charset import UTF_8, EncodingError, check_encoding

if TYPE_CHECKING:
    from collections.abc import Callable


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


#: In the order of `logster send --help`.
_OPTIONS = (
    click.argument("what", nargs=-1, metavar="[TEXT | FILE… | FOLDER… | -]"),
    click.option("-m", "--message", help="A text, even if it looks like the name of a file."),
    click.option(
        "-a", "--application", help="Default: the file's name without ending, or 'stdin'."
    ),
    click.option("-c", "--category", help="The category of every event."),
    click.option("-u", "--user", help="The user of every event."),
    click.option(
        "-s",
        "--severity",
        callback=_severity,
        help="0 to 6 or a name. Default: as the line says, or Info.",
    ),
    click.option(
        "-p", "--property", "properties", multiple=True, callback=_properties, metavar="NAME=VALUE"
    ),
    click.option("-f", "--follow", is_flag=True, help="Go on as the files grow, like tail -F."),
    click.option("--skip-existing", is_flag=True, help="With --follow: send only what is new."),
    click.option(
        "--state",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help="With --follow: where the positions are kept.  [default: by paths and server]",
    ),
    click.option("--no-state", is_flag=True, help="With --follow: keep no positions."),
    click.option(
        "--encoding",
        callback=_encoding,
        metavar="NAME",
        help="Of files without a byte order mark.  [default: UTF-8, or UTF-16 that is plain]",
    ),
    click.option("--now", "uses_arrival_time", is_flag=True, help="Ignore the times in the lines."),
    click.option("--utc", "is_utc", is_flag=True, help="Times without a zone are UTC, not local."),
    click.option("--join-traces", "joins_traces", is_flag=True, help="A stack trace is one event."),
    click.option(
        "--batch-size",
        type=click.IntRange(1, 100_000),
        default=2000,
        show_default=True,
        metavar="LINES",
    ),
    click.option(
        "--patience",
        "retry_s",
        type=click.FloatRange(min=0),
        metavar="SECONDS",
        help="Time to try again while the server is away.  [default: 120; with --follow: for ever]",
    ),
    click.option("-q", "--quiet", is_flag=True, help="No progress and no summary."),
)


def send_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options to the command."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function

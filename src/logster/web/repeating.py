"""What tries a refused body again: the reader and the intake, as the API sees them.

In: a body that the ledger has kept. Out: what came of it now.
Promise: without ingestion in this process nothing is tried, and it is said.
"""

import typing

from logster.errors import ConflictError
from logster.event import Rejection
from logster.outcome import Refused


class Taken(typing.Protocol):
    """What a retry says of the events: a receipt of the intake."""

    @property
    def ids(self) -> list[int]:
        """The ids of the accepted."""
        ...

    @property
    def rejections(self) -> list[Rejection]:
        """Those that cannot be kept, still."""
        ...


@typing.runtime_checkable
class Retries(typing.Protocol):
    """`ingest.retry.Retries` says what each of these does."""

    @property
    def protocols(self) -> tuple[str, ...]:
        """The names of all dialects."""
        ...

    async def retry(self, refused: Refused, name: str) -> Taken:
        """Take a body in; raises RefusedError."""
        ...


class NoRetries:
    """Of an application without ingestion."""

    protocols: tuple[str, ...] = ()

    async def retry(self, refused: Refused, name: str) -> Taken:  # noqa: ARG002 - as the others
        """Refuse."""
        raise ConflictError("Nothing is taken in here.")

"""What is wrong just now, for health, metrics, *System* and the log.

In: what the parts of a worker report: a fault begins, a fault is over. Out: the faults of all
workers of this server.
Promise: a fault is one line in the log when it begins and one when it is over, however often it
is met between; whoever asks any worker learns of those of all.

Each worker keeps its own in a file of the folder where the metrics are (see `metrics`).
"""

from __future__ import annotations

import contextlib
import logging
import os
import time
from pathlib import Path

import msgspec

from logster import metrics

log = logging.getLogger(__name__)

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
_PATTERN = "faults-*.json"


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """Something that somebody should mend.

    `part` is what does not work (store, spool), `cause` a word for metrics. `message` and `advice`
    are for everybody who asks for the server's health; `detail` has paths and the words of others,
    and is for the log and for operators. With `is_blocking` the server is not ready, without it
    accepts and searches all the same.
    """

    part: str
    cause: str
    message: str
    advice: str
    detail: str = ""
    is_blocking: bool = True
    since: float = 0.0

    @property
    def told(self) -> str:
        """What is wrong and what to do, for everybody."""
        return f"{self.message.rstrip('.')}. {self.advice}".rstrip()


class Faults:
    """The faults of one worker."""

    def __init__(self, name: str) -> None:
        """`name` tells the worker from the others; the next worker of that name begins anew."""
        folder = os.environ.get(FOLDER_VARIABLE)
        self._file = Path(folder) / f"faults-{name}.json" if folder else None
        self._known: dict[str, Fault] = {}
        self._keep()

    def begin(self, source: str, fault: Fault) -> None:
        """Note what `source` meets; the same again is no news."""
        before = self._known.get(source)
        if before and (before.cause, before.message) == (fault.cause, fault.message):
            return
        if before:
            self._show(before, 0)
        self._known[source] = msgspec.structs.replace(fault, since=time.time())
        self._show(fault, 1)
        log.error("%s: %s", fault.part, " ".join(filter(None, (fault.told, fault.detail))))
        self._keep()

    def end(self, source: str) -> bool:
        """Note that all is well with `source`; whether it was not."""
        fault = self._known.pop(source, None)
        if fault is None:
            return False
        self._show(fault, 0)
        lasted_s = time.time() - fault.since
        log.warning("%s: well again after %.1f s (%s)", fault.part, lasted_s, fault.cause)
        self._keep()
        return True

    def list(self) -> list[Fault]:
        """Those of this worker."""
        return list(self._known.values())

    @staticmethod
    def _show(fault: Fault, value: int) -> None:
        metrics.FAULT.labels(fault.part, fault.cause).set(value)

    def _keep(self) -> None:
        if self._file:
            # A full folder: then the others do not learn of it, and this worker's health does.
            with contextlib.suppress(OSError):
                self._file.write_bytes(msgspec.json.encode(self.list()))


def list_faults() -> list[Fault]:
    """The faults of all workers, the same one once, oldest first."""
    found: dict[tuple[str, str, str], Fault] = {}
    folder = os.environ.get(FOLDER_VARIABLE)
    for path in sorted(Path(folder).glob(_PATTERN)) if folder else ():
        with contextlib.suppress(OSError, msgspec.DecodeError):
            for fault in _decoder.decode(path.read_bytes()):
                found.setdefault((fault.part, fault.cause, fault.message), fault)
    return sorted(found.values(), key=lambda fault: fault.since)


_decoder = msgspec.json.Decoder(list[Fault])

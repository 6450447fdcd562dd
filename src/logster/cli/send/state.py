"""Where `send --follow` keeps its positions, when nobody says where.

As a systemd unit with `StateDirectory=`: in that folder, one file for the unit, so that a path
may be added to it without sending the others again. Else in the state folder of XDG, one file
for each set of paths and each server.
"""

from __future__ import annotations

import os
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def state_path(paths: Iterable[Path], url: str) -> Path:
    """Name the state file."""
    unit = os.environ.get("STATE_DIRECTORY", "").split(":")[0]
    if unit:
        return Path(unit) / "follow.json"
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    named = "\0".join([url, *sorted({str(path.absolute()) for path in paths})])
    digest = blake2b(named.encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()
    return Path(home) / "logster" / f"follow-{digest}.json"

"""A sick disk and a wrong clock for a server: shim.c, compiled on the fly and preloaded.

In: a folder. Out: the variables that put a server under the shim, and the two dials.
"""

from __future__ import annotations

import functools
import mmap
import shutil
import struct
import subprocess
import tempfile
from pathlib import Path

import pytest

SOURCE = Path(__file__).with_name("shim.c")
#: `struct dials` of shim.c.
DIALS = struct.Struct("qq56s56s56sq56s")


class Shim:
    """The dials of one server; several processes see a change at once."""

    def __init__(self, folder: Path) -> None:
        control = folder / "shim.control"
        control.write_bytes(bytes(DIALS.size))
        with control.open("r+b") as file:
            self._dials = mmap.mmap(file.fileno(), DIALS.size)
        self.environment = {"LD_PRELOAD": str(compile_shim()), "LOGSTER_SHIM": str(control)}

    def slow_syncs(self, ms: int) -> None:
        """Each sync of a file takes this much longer from now on."""
        self._dials[:8] = struct.pack("q", ms)

    def shift_clock(self, seconds: int) -> None:
        """The wall clock is this far ahead from now on."""
        self._dials[8:16] = struct.pack("q", seconds)

    def fill_disk(self, part_of_path: str) -> None:
        """Nothing can be written to files with this in their path, until it is called with ""."""
        self._dials[16:72] = struct.pack("56s", part_of_path.encode())

    def refuse_rename(self, part_of_path: str) -> None:
        """No file with this in its path can be renamed, until it is called with ""."""
        self._dials[72:128] = struct.pack("56s", part_of_path.encode())

    def kill_at_rename(self, part_of_path: str) -> None:
        """A process dies when it is about to rename a file with this in its path; "": none."""
        self._dials[128:184] = struct.pack("56s", part_of_path.encode())

    def close_folder(self, part_of_path: str, error: int = 0) -> None:
        """Nothing with this in its path can be made, for this reason; ends with ""."""
        self._dials[184:] = struct.pack("q56s", error, part_of_path.encode())


@functools.cache
def compile_shim() -> Path:
    """The library, compiled once; it stays until the process ends."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    assert compiler is not None, "no C compiler"
    folder = Path(tempfile.mkdtemp(prefix="logster-shim-"))
    library = folder / "shim.so"
    command = [compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE), "-ldl"]
    subprocess.run(command, check=True)
    return library


def has_compiler() -> bool:
    """Whether this machine can make the shim."""
    return bool(shutil.which("cc") or shutil.which("gcc"))


needs_shim = pytest.mark.skipif(
    not has_compiler(), reason="a sick disk and a wrong clock need a C compiler (cc)"
)

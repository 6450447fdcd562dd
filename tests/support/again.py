"""Tests that failed beside others, once more and alone: `make test` ends with it.

In: what the last run of pytest wrote down. Out: an exit code; what passed alone is named.
Promise: only a few are tried again, only of the rings with servers and clocks of their own, with
the same seed and examples; what fails alone has failed. See docs/decisions/052.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

#: A fault of the program that shows in more tests than these is none of the machine.
MAX_AGAIN = 5
#: Elsewhere nothing waits for another process: what fails there would fail again.
RINGS = ("tests/flow/", "tests/served/")
_FAILED = ".pytest_cache/v/cache/lastfailed"
#: The same random values as beside the others.
_ALONE = ("-q", "-n", "0", "--randomly-seed=last")


def run_again(root: Path) -> int:
    """Run alone what failed under `root`; 0 when all of it passes."""
    failed = sorted(json.loads((root / _FAILED).read_text("utf-8")))
    if not 0 < len(failed) <= MAX_AGAIN or not all(name.startswith(RINGS) for name in failed):
        return 1
    _say(f"\nAlone and once more: {len(failed)} that failed beside others\n")
    command = [sys.executable, "-m", "pytest", *_ALONE, *sys.argv[1:], *failed]
    code = subprocess.run(command, cwd=root, check=False).returncode
    if code == 0:
        _say("FAILED BESIDE OTHERS, PASSED ALONE: look into it when it comes again\n")
        _say("".join(f"  {name}\n" for name in failed))
    return code


def _say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(run_again(Path.cwd()))

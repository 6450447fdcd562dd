"""Codes of errors: ClickHouse's, and two of our own.

In: an engine's message. Out: its code; for a code, the HTTP status of the answer.
"""

from __future__ import annotations

import re

TIMEOUT_CODE = 159
#: All places are taken, and all places to wait.
BUSY_CODE = 202
CANCELLED_CODE = 394
ACCESS_CODE = 497
AUTH_CODE = 516
#: ClickHouse has neither: a question ended the engine, and a person may ask none.
STUCK_CODE = 10_001
CLOSED_CODE = 10_002
_UNKNOWN_CODE = 1002

_ERROR_CODE = re.compile(r"Code: (\d+)")

#: The engine's error codes that have an HTTP status of their own; others are 500.
_STATUSES = {
    **dict.fromkeys((6, 26, 27, 33, 38, 41, 46, 47, 53, 62, 70, 72, 117, 456, 457), 400),
    **dict.fromkeys((60, 81), 404),
    **dict.fromkeys((164, 497, 516), 403),
    159: 408,
    STUCK_CODE: 408,
    CLOSED_CODE: 403,
    241: 500,
    202: 503,
    394: 499,
}


def code_of(error: BaseException) -> int:
    """The code in an engine's message; ClickHouse's for an unknown error when there is none."""
    match = _ERROR_CODE.search(str(error))
    return int(match[1]) if match else _UNKNOWN_CODE


def status_of(code: int) -> int:
    """The HTTP status of an engine error."""
    return _STATUSES.get(code, 500)

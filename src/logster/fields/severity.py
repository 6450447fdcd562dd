"""Severities of other programs: words, letters, and numbers of syslog, OpenTelemetry, Python.

In: a word, a letter or a number, as somebody's logger writes it. Out: our severity, 0 Trace to
6 Off (`event.Severity`), or None where it says none.
Promise: pure. A number alone is never guessed at: 3 is Warn for one logger and Error for another,
so who knows whose it is asks the function of that name.
"""

from __future__ import annotations

from typing import Any

#: The words of the native API and of searches, lower case; nothing else is taken there.
SEVERITY_NAMES: dict[str, int] = {
    "trace": 0,
    "debug": 1,
    "info": 2,
    "information": 2,
    "warn": 3,
    "warning": 3,
    "error": 4,
    "fatal": 5,
    "critical": 5,
    "off": 6,
    "none": 6,
}
#: Every word that a log says its severity with, lower case.
SEVERITY_WORDS: dict[str, int] = {
    **SEVERITY_NAMES,
    "verbose": 0,
    "finest": 0,
    "finer": 0,
    "fine": 1,
    "dbg": 1,
    "config": 1,
    "inf": 2,
    "notice": 2,
    "wrn": 3,
    "err": 4,
    "severe": 4,
    "crit": 5,
    "alert": 5,
    "emerg": 5,
    "emergency": 5,
    "panic": 5,
    "ftl": 5,
}
#: The letters of glog and logcat, and of short console formats.
SEVERITY_LETTERS: dict[str, int] = {"V": 0, "D": 1, "I": 2, "W": 3, "E": 4, "F": 5, "A": 5}
#: The short forms of console formats, in two to four letters.
SEVERITY_SHORT_WORDS: dict[str, int] = {
    **dict.fromkeys(("tr", "trc", "trce", "ver", "vrb", "verb"), 0),
    **dict.fromkeys(("de", "deb", "debu", "dbug"), 1),
    **dict.fromkeys(("in", "informational"), 2),
    **dict.fromkeys(("wa", "war"), 3),
    **dict.fromkeys(("er", "erro", "eror"), 4),
    **dict.fromkeys(("fa", "fat", "fatl", "cr", "cri", "crt"), 5),
}

#: The words of syslog's eight numbers, which systemd's journal and GELF have, too.
SYSLOG_NAMES = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")
#: Syslog's number of facility and severity in one, at most.
MAX_PRIORITY = 23 * 8 + 7
#: OpenTelemetry has four numbers for each severity: 1 to 4 are Trace, 21 to 24 Fatal.
MAX_OTEL = 24
_OTEL_STEP = 4

#: pino's and bunyan's numbers, trace to fatal.
_TENS = {10: 0, 20: 1, 30: 2, 40: 3, 50: 4, 60: 5}


def severity_of(value: Any) -> int | None:
    """A severity that stands alone: a word, or one of the tens that pino and bunyan write."""
    if isinstance(value, str):
        return SEVERITY_WORDS.get(value.strip().lower())
    return _TENS.get(value) if isinstance(value, int) else None


def severity_of_level(value: Any) -> int | None:
    """A severity that stands where a level is sure to stand: there a letter says it as well."""
    if isinstance(value, str):
        return _LEVELS.get(value.strip().lower())
    return severity_of(value)


#: A letter means what the words that begin with it mean.
_LEVELS: dict[str, int] = {
    **SEVERITY_SHORT_WORDS,
    **SEVERITY_WORDS,
    **dict(zip("tvdiwefca", (0, 0, 1, 2, 3, 4, 5, 5, 5), strict=True)),
}


def severity_of_syslog(number: int) -> int | None:
    """The severity of 0 (emergency) to 7 (debug); journald's and GELF's are the same."""
    return SEVERITY_WORDS[SYSLOG_NAMES[number]] if 0 <= number < len(SYSLOG_NAMES) else None


def severity_of_priority(number: int) -> int | None:
    """The severity in what stands between `<` and `>` of a syslog line: facility times 8 and it."""
    return severity_of_syslog(number % 8) if 0 <= number <= MAX_PRIORITY else None


def severity_of_otel(number: int) -> int | None:
    """The severity of OpenTelemetry's 1 to 24; its 0 says nothing."""
    return (number - 1) // _OTEL_STEP if 1 <= number <= MAX_OTEL else None


def severity_of_python(number: int) -> int | None:
    """The severity of a level of Python's `logging`, of those between its names the lower one.

    DEBUG is 10 and CRITICAL 50; what is below DEBUG is a trace, NOTSET says nothing.
    """
    return min(number // 10, 5) if number > 0 else None

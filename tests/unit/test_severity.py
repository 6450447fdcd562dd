"""Severities of other programs."""

from __future__ import annotations

import logging

import pytest

from logster.event import Severity
from logster.fields.severity import (
    SEVERITY_NAMES,
    SEVERITY_WORDS,
    severity_of,
    severity_of_otel,
    severity_of_priority,
    severity_of_python,
    severity_of_syslog,
)

TRACE, DEBUG, INFO, WARN, ERROR, FATAL, OFF = Severity


@pytest.mark.parametrize(
    ("value", "severity"),
    [("Warning", WARN), (" NOTICE ", INFO), ("emerg", FATAL), (30, INFO), (3, None), ("x", None)],
)
def test_a_severity_that_stands_alone(value: object, severity: Severity | None) -> None:
    assert severity_of(value) == severity


def test_words_are_lower_case_and_every_severity_has_its_name() -> None:
    assert all(word == word.lower() for word in SEVERITY_WORDS)
    assert {SEVERITY_NAMES[level.name.lower()] for level in Severity} == set(Severity)


def test_syslog_counts_from_emergency_to_debug() -> None:
    found = [severity_of_syslog(number) for number in range(-1, 9)]

    assert found == [None, FATAL, FATAL, FATAL, ERROR, WARN, INFO, INFO, DEBUG, None]


@pytest.mark.parametrize(
    ("number", "severity"), [(0, FATAL), (11, ERROR), (34, FATAL), (191, DEBUG), (192, None)]
)
def test_a_priority_is_a_facility_and_a_severity(number: int, severity: Severity | None) -> None:
    assert severity_of_priority(number) == severity


def test_opentelemetry_has_four_numbers_for_each_severity() -> None:
    found = [severity_of_otel(number) for number in range(1, 25)]

    assert found == [each for each in Severity if each != OFF for _ in range(4)]
    assert [severity_of_otel(number) for number in (-1, 0, 25)] == [None] * 3


@pytest.mark.parametrize(
    ("level", "severity"),
    [
        (logging.NOTSET, None),
        (5, TRACE),
        (logging.DEBUG, DEBUG),
        (logging.INFO, INFO),
        (25, INFO),
        (logging.WARNING, WARN),
        (logging.ERROR, ERROR),
        (logging.CRITICAL, FATAL),
        (60, FATAL),
    ],
)
def test_a_level_of_python_is_the_one_that_it_has_reached(
    level: int, severity: Severity | None
) -> None:
    assert severity_of_python(level) == severity

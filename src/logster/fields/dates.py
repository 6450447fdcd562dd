"""What everybody who reads a date knows: the months, how far a zone is away, a leap day."""

from __future__ import annotations

from datetime import timedelta

#: As they begin in English, lower case.
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
#: Among so many years is one with a 29th of February, even around 2100.
LEAP_YEARS_WITHIN = 9
#: Kiribati's; nobody's clock is farther ahead of UTC, or behind it.
MAX_OFFSET = timedelta(hours=14)

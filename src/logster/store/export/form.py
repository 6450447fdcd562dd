"""The kinds of files that an export can be."""

from __future__ import annotations

import enum

from logster.errors import QueryError


class Form(enum.StrEnum):
    """The kinds of files."""

    NDJSON = "ndjson"
    CSV = "csv"
    PARQUET = "parquet"


def parse_form(text: str) -> Form:
    """The kind of this name; raises `QueryError`."""
    try:
        return Form(text)
    except ValueError:
        raise QueryError(f"{text[:30]!r} is no format; {', '.join(Form)} are") from None


#: The answer adds the charset to what is text.
MEDIA_TYPES = {
    Form.NDJSON: "application/x-ndjson",
    Form.CSV: "text/csv; header=present",
    Form.PARQUET: "application/vnd.apache.parquet",
}

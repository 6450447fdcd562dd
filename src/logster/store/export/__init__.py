"""Everything a search finds, as a file: NDJSON, CSV, Parquet.

In: a `Selection`, a `Form`, columns. Out: pieces of bytes, newest event first.
"""

"""Measurements of the running server; see docs/performance.md."""

"""Errors become issues: what was raised, which issue it belongs to, and how that issue fares."""

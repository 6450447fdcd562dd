"""Logster: logs and errors from any program, kept safely, found quickly."""

__version__ = "0.1.0"

"""Disk to the engine and back. In: blocks and questions. Out: rows."""

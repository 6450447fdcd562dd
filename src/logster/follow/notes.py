"""What following tells people, each once for as long as it is true."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path


class Notes(Protocol):
    """Who hears what people should know."""

    def skip(self, path: Path, why: str) -> None:
        """A file of a folder is left out."""

    def unreadable(self, path: Path, why: str) -> None:
        """A file or folder cannot be read."""

    def undecodable(self, source: str, line: int, encoding: str) -> None:
        """A line has bytes that are no text of the encoding."""


class Once:
    """Tells each note once, for as long as it is true."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._told: set[tuple[str, Path]] = set()
        self._now: set[tuple[str, Path]] = set()
        self.undecodable = notes.undecodable
        self.unreadable_now: set[Path] = set()
        self._seen_unreadable: set[Path] = set()

    def begin(self) -> None:
        """A look begins."""
        self._now = set()
        self._seen_unreadable = set()

    def end(self) -> None:
        """A look is over: what was not true in it may be told again."""
        self._told = self._now
        self.unreadable_now = self._seen_unreadable

    def skip(self, path: Path, why: str) -> None:
        """A file of a folder is left out."""
        if self._is_news("skip", path):
            self._notes.skip(path, why)

    def unreadable(self, path: Path, why: str) -> None:
        """A file or folder cannot be read."""
        self._seen_unreadable.add(path)
        if self._is_news("unreadable", path):
            self._notes.unreadable(path, why)

    def _is_news(self, kind: str, path: Path) -> bool:
        is_news = (kind, path) not in self._told | self._now
        self._now.add((kind, path))
        return is_news

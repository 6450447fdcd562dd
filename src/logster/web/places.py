"""Room for what lasts, live views and exports: nobody takes it all.

In: who asks. Out: a place, or RetryLaterError that says what is taken by whom.
Promise: at most `most` at a time on one worker, `most_of_one` of them of one key or person; a
workspace has no more than are still free, so there is always one left for another workspace.
"""

from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

from logster.errors import RetryLaterError
from logster.web.access import Principal

RETRY_AFTER_S = 10


class Places:
    """The places of one kind on this worker."""

    def __init__(self, what: str, *, most: int, most_of_one: int) -> None:
        """`what` they are, in words: live views, exports."""
        self._what = what
        self._most = most
        self._most_of_one = most_of_one
        self._held: Counter[Hashable] = Counter()
        self.count = 0

    def check_room(self, principal: Principal) -> None:
        """Raise RetryLaterError when one more would be too many."""
        workspace, one = _holders_of(principal)
        free = self._most - self.count
        if self._held[one] >= self._most_of_one:
            whose = "You have" if principal.session else "This key has"
            raise self._refusal(whose, self._held[one], f"{self._most_of_one} is the most for one")
        if free <= 0:
            raise self._refusal("All workspaces have", self.count, "that is the most for a worker")
        if self._held[workspace] >= free:
            rest = f"the last {free} are for other workspaces"
            raise self._refusal("This workspace has", self._held[workspace], rest)

    @contextmanager
    def place(self, principal: Principal) -> Iterator[None]:
        """Hold a place."""
        holders = _holders_of(principal)
        self.count += 1
        self._held.update(holders)
        try:
            yield
        finally:
            self.count -= 1
            self._held.subtract(holders)
            self._held = +self._held  # who holds nothing is forgotten

    def _refusal(self, whose: str, held: int, rest: str) -> RetryLaterError:
        return RetryLaterError(
            f"{whose} {held} {self._what} open, and {rest}; close one, or try again.",
            RETRY_AFTER_S,
        )


def _holders_of(principal: Principal) -> tuple[Hashable, Hashable]:
    """The workspace, and the key or person."""
    one = ("person", principal.session.user) if principal.session else ("key", principal.key)
    return ("workspace", principal.workspace), one

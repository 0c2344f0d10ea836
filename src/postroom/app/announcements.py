"""What the processes of one store tell each other, beside what changed for an account: that an administrator did something, that certificates
are new, that a login failed.

A topic and words, by the store's way for hints (`store.changes`): one may be lost, and then everything is looked at. Not here: what is done
about it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from postroom.store.changes import PROCESSES, Announced, Changes

ADMINISTRATION: Final = "administration"  # domains, accounts, aliases, the queue
CERTIFICATES: Final = "certificates"  # their files were written anew


class Announcements:
    """Hears what others announce: calls what `heard` has for the topic, or `missed` when hints may have been lost."""

    def __init__(
        self, changes: Changes, heard: Mapping[str, Callable[..., None]], missed: Callable[[], None]
    ) -> None:
        self._heard = heard
        self._missed = missed
        self._subscription = changes.subscribe(PROCESSES, self._look)

    def close(self) -> None:
        """Hears nothing any more."""
        self._subscription.close()

    def _look(self) -> None:
        for change in self._subscription.take():
            if not isinstance(change, Announced):
                self._missed()
            elif change.topic in self._heard:  # else it is from a later version
                self._heard[change.topic](*change.words)

"""Switches of a lab, as tests use them: faults that end with the test, and the clock.

RFC 5321 §4.2 (replies), §4.5.4.1 (what a queue does with time). Not here: which faults there are (`lab.faults.rules`).
"""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Self, Unpack

from postroom.lab.faults.rules import FaultRule, Terms

if TYPE_CHECKING:
    from postroom.lab.testing.lab import Lab


class MailFaults:
    """Faults of one test."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._mine: list[FaultRule] = []
        self._named: list[str] = []

    def add(self, at: str, **terms: Unpack[Terms]) -> FaultRule:
        """Has something go wrong, for example `add("rcpt", reply="451 4.2.1 Busy", times=2)` or `add("imap FETCH", drop=True)`; see `FaultRule`."""
        rule = self._lab.fault(at, **terms)
        self._mine.append(rule)
        return rule

    def switch_on(self, name: str) -> None:
        """Switches a fault with a name on, such as `no-mx` or `expired-certificate@crepes.test`; see docs/faults.md."""
        if not self._lab.is_on(name):
            self._lab.switch_on(name)
            self._named.append(name)

    def switch_off(self, name: str) -> None:
        """Switches it off again."""
        self._lab.switch_off(name)
        self._named = [one for one in self._named if one != name]

    def clear(self) -> None:
        """All is well again."""
        for name in self._named:
            self._lab.switch_off(name)
        self._named.clear()
        if self._mine:
            self._lab.clear_faults(*self._mine)
            self._mine.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()


class MailClock:
    """The clock of a lab."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def advance(self, step: str) -> None:
        """By `+5h`, `+30m`, `+1d12h`: what is due until then happens now."""
        self._lab.advance(step)

    def now(self) -> float:
        """Unix seconds."""
        return self._lab.now()

"""Faults that are switched on: at a step of SMTP, for the next so many transactions that match, until they are used up or taken away.

RFC 5321 §4.2 (replies), §4.5.3.2.6 (a reply that is lost). Deterministic: the first rule that matches has its turn, and says how often it had. Not
here: the door that asks (`lab.faults`), faults of an address, of certificates and of the DNS (`lab.mishaps`).
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Iterator
from typing import Final, Literal, TypedDict, Unpack

from postroom.message.errors import Dictated, EnhancedStatus

Step = Literal["mail", "rcpt", "data", "after-data"]
STEPS: Final[tuple[Step, ...]] = ("mail", "rcpt", "data", "after-data")
_REPLY: Final = re.compile(r"([45])(\d\d)(?: ([45])\.(\d{1,3})\.(\d{1,3}))?(?: (.+))?", re.ASCII)
ALWAYS: Final = 0


class BadFault(ValueError):
    """A fault that cannot be; the text names it and the remedy."""


class Terms(TypedDict, total=False):
    """What a fault is; see `FaultRule`."""

    reply: str
    delay: float
    drop: bool
    times: int
    sender: str
    recipient: str
    domain: str


class FaultRule:
    """What goes wrong at a step. `hits` is how often it did.

    `reply` is what is said instead, such as `451 4.3.0 Come back later`; `delay` seconds pass before (of the lab's clock); `drop` cuts the connection
    without a word. `times` 0, as without, is always. `sender` and `recipient` are patterns of addresses (`*@crepes.test`); at `data` and `after-data` one
    of the recipients must match. `after-data` is when the message was taken already: its reply is lost, or is another. `domain` is the one whose server
    has the fault, "" every server of the lab. Raises `BadFault`.
    """

    def __init__(self, at: Step, **terms: Unpack[Terms]) -> None:
        if at not in STEPS:
            raise BadFault(f"there is no step {at!r}; there are {', '.join(STEPS)}")
        self.at = at
        self.delay = terms.get("delay", 0.0)
        self.drop = terms.get("drop", False)
        self.domain = terms.get("domain", "")
        self.hits = 0
        self.number = 0  # by which it is known from outside
        self._times = terms.get("times", ALWAYS)
        self._patterns = (terms.get("sender", "*").lower(), terms.get("recipient", "*").lower())
        reply = terms.get("reply", "")
        self._refusal = _refusal(reply) if reply else None
        if not (reply or self.delay or self.drop):
            raise BadFault("a fault needs a reply, a delay, or drop")
        if self.delay < 0 or self._times < 0:
            raise BadFault("delay and times are not below 0")

    @property
    def spent(self) -> bool:
        """Whether it has done what it was to do."""
        return self._times != ALWAYS and self.hits >= self._times

    def matches(self, at: Step, sender: str, recipients: Iterable[str]) -> bool:
        """Whether this is its turn; addresses as they are written, "" for the empty sender. At `mail` no recipient is known."""
        of_sender, of_recipient = self._patterns
        if at != self.at or self.spent or not fnmatch.fnmatchcase(sender.lower(), of_sender):
            return False
        return at == "mail" or any(fnmatch.fnmatchcase(one.lower(), of_recipient) for one in recipients)

    def refusal(self) -> Dictated | None:
        """What is said; None when nothing else is."""
        if self._refusal is None:
            return None
        code, status, words = self._refusal
        return Dictated(code, status, words)

    def __str__(self) -> str:
        return f"{self.at}: {self._refusal[0] if self._refusal else 'drop' if self.drop else 'delay'}, {self.hits} times"


class FaultRules:
    """The faults of one lab, in the order in which they were added."""

    def __init__(self) -> None:
        self._rules: list[FaultRule] = []
        self._last = 0

    def add(self, rule: FaultRule) -> FaultRule:
        """One more; it has a number from now on."""
        self._last += 1
        rule.number = self._last
        self._rules.append(rule)
        return rule

    def remove(self, rule: FaultRule) -> None:
        """Ends it; one that has ended stays so."""
        if rule in self._rules:
            self._rules.remove(rule)

    def clear(self) -> None:
        """Ends all."""
        self._rules.clear()

    def turn(self, at: Step, sender: str, recipients: Iterable[str], domain: str = "") -> FaultRule | None:
        """The rule whose turn it is at the server of a domain, counted; None when all is well."""
        known = tuple(recipients)
        for rule in self._rules:
            if rule.domain in ("", domain) and rule.matches(at, sender, known):
                rule.hits += 1
                return rule
        return None

    def __iter__(self) -> Iterator[FaultRule]:
        return iter(tuple(self._rules))


def _refusal(reply: str) -> tuple[int, EnhancedStatus, str]:
    """`451 4.3.0 words`; the enhanced status and the words may be left out."""
    found = _REPLY.fullmatch(reply)
    if found is None or (found[3] and found[3] != found[1]):
        raise BadFault(f"{reply!r} is no refusal: write it as 451 4.3.0 Come back later")
    klass = int(found[1])
    status = EnhancedStatus(klass, int(found[4]), int(found[5])) if found[3] else EnhancedStatus(klass, 0, 0)
    return int(found[1] + found[2]), status, found[6] or "As asked for by a fault of the lab"

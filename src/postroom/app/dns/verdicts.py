"""What became of looking for a record: verdict, reason, and the exact remedy.

Not here: how a record is looked for (`check`).
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Any

import msgspec

from postroom.app.dns.forms import WrittenRecord
from postroom.proto.dns.answer import Answer


class Verdict(enum.StrEnum):
    """From the best to the worst."""

    OK = "ok"
    WARNING = "warning"
    NOT_RUN = "not run"
    MISSING = "missing"
    WRONG = "wrong"


class Checked(msgspec.Struct, frozen=True):
    """A record that was looked for. `found` is what is there, as zone files write it; `fix` is what to do, "" for nothing. Mail works without an
    `optional` one. `unknown`: the DNS did not answer, so that nothing was found out."""

    topic: str
    name: str
    type: str
    verdict: Verdict
    reason: str
    fix: str = ""
    found: tuple[str, ...] = ()
    optional: bool = False
    unknown: bool = False

    @property
    def bad(self) -> bool:
        """Whether something is to be done so that mail works."""
        return self.verdict is Verdict.WRONG or (self.verdict is Verdict.MISSING and not self.optional)


FAILED, UNKNOWN = 10, 14  # exit codes


def exit_code(results: Iterable[Checked]) -> int:
    """0 when all is well, 10 when something is to be done, 14 when the DNS did not answer."""
    seen = list(results)
    if any(one.bad for one in seen):
        return FAILED
    return UNKNOWN if any(one.unknown for one in seen) else 0


def said(
    record: WrittenRecord, verdict: Verdict, reason: str, answer: Answer[Any] | None = None, fix: str = ""
) -> Checked:
    """The verdict on a record that was looked for."""
    found = tuple(answer.texts()) if answer is not None else ()
    name = record.name.removesuffix(".")
    return Checked(record.topic, name, record.type, verdict, reason, fix, found, record.optional)


def publish(record: WrittenRecord) -> str:
    """The remedy where nothing is there."""
    return f"publish: {record.zone_file}"


def replace(record: WrittenRecord, wrong: str) -> str:
    """The remedy where something else is there."""
    return f"instead of {wrong} publish: {record.zone_file}"


def unanswered(record: WrittenRecord, answer: Answer[Any]) -> Checked:
    """The DNS has not said whether there is such a record."""
    reason = f"not run because the name servers gave no answer for {answer.name} ({answer.rcode})"
    fix = "look at the name servers of the domain, or ask others with --resolver HOST:PORT"
    checked = said(record, Verdict.NOT_RUN, reason, None, fix)
    return msgspec.structs.replace(checked, unknown=True)


def impossible(record: WrittenRecord, because: str) -> Checked:
    """The check needs something that is not there."""
    return said(record, Verdict.NOT_RUN, f"not run because {because}")

"""All checks, and reading a message with them.

A check that has nothing to look at says why it was not run. Whether links can be reached is told from outside (`Followed`): nothing here connects to anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from postroom.message.proof.access import ACCESS
from postroom.message.proof.body import BODY
from postroom.message.proof.bulk import BULK
from postroom.message.proof.clients import CLIENTS
from postroom.message.proof.files import FILES
from postroom.message.proof.findings import Check, Finding, Group, Said, Verdict, shown
from postroom.message.proof.header import HEADER
from postroom.message.proof.letter import Letter
from postroom.message.proof.links import LINKS, host_of, without_links
from postroom.message.proof.sender import SENDER

# What came of following links: by address "" when something answered, else why not. None: nobody asked for it.
Followed = Mapping[str, str]
UNASKED: Final = "not run because nobody asked for it, and a check that is not asked connects to nothing"

CHECKS: Final[tuple[Check, ...]] = (*HEADER, *BODY, *CLIENTS, *ACCESS, *LINKS, *FILES, *BULK, *SENDER)
REACHED: Final = Check(
    "link-reached",
    Group.LINKS,
    "Each link answers; only with `--follow`",
    "RFC 9110 §15",
    "all links answer",
    lambda _letter: (),
    without_links,
)


def proofread(raw: bytes, followed: Followed | None = None) -> list[Finding]:
    """Each check's verdicts on a whole message, in the order of the table."""
    letter = Letter(raw)
    found: list[Finding] = []
    for check in CHECKS:
        if check is BULK[0]:
            found += _reached(letter, followed)
        found += _findings(check, letter)
    return sorted(found, key=lambda one: _ORDER[one.group])


_ORDER: Final = {group: place for place, group in enumerate(Group)}


def problems(findings: Iterable[Finding], without: Iterable[str] = ()) -> list[Finding]:
    """What is bad among them, but for these checks and groups. Raises ValueError for a name that is none."""
    left_out = set(without)
    if unknown := left_out - {check.name for check in (*CHECKS, REACHED)} - set(Group):
        raise ValueError(f"no check or group is called {', '.join(sorted(unknown))}: see docs/checks.md")
    return [
        one
        for one in findings
        if one.verdict is Verdict.BAD and one.check not in left_out and one.group not in left_out
    ]


def web_links(raw: bytes) -> list[str]:
    """The links of a message that can be followed."""
    return [href for href in Letter(raw).addresses_of_web if host_of(href)]


def _findings(check: Check, letter: Letter) -> list[Finding]:
    why = check.need(letter) if check.need is not None else ""
    if why:
        return [Finding(check.name, check.group, Verdict.NOT_RUN, f"not run because {why}")]
    said = list(check.look(letter)) or [Said(Verdict.GOOD, check.good)]
    return [Finding(check.name, check.group, *one) for one in said]


def _reached(letter: Letter, followed: Followed | None) -> list[Finding]:
    why = without_links(letter)
    if not why and followed is None:
        return [Finding(REACHED.name, REACHED.group, Verdict.NOT_RUN, UNASKED)]
    dead = [f"{href} ({words})" for href, words in (followed or {}).items() if words]
    if why or not dead:
        reason = f"not run because {why}" if why else REACHED.good
        return [Finding(REACHED.name, REACHED.group, Verdict.NOT_RUN if why else Verdict.GOOD, reason)]
    fix = "put the page there, or mend the address"
    return [Finding(REACHED.name, REACHED.group, Verdict.BAD, f"no answer: {shown(dead)}", fix)]

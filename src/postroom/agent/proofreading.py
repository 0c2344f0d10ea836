"""`postroom mail check`, and how the findings of a proof-reading are shown: by group, what is bad first, each with its remedy.

The exit code is 3 when something is bad. Not here: the checks (`message.proof`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import typer

from postroom.agent.invocation import CommandFailed
from postroom.agent.mailbox import Mailbox
from postroom.agent.session import MailSession
from postroom.agent.terminal import Terminal, count_text
from postroom.message.proof.findings import Finding, Group, Verdict
from postroom.message.proof.table import problems, proofread

FOUND: Final = 3  # the exit code when something is bad
_PREFIX: Final = "not run because "


def check(session: MailSession, number: str, folder: str, without: Sequence[str]) -> None:
    """`postroom mail check`."""

    async def fetch(mailbox: Mailbox) -> bytes:
        (entry,) = await mailbox.chosen([number])
        return await mailbox.message(entry.number)

    judge(session.terminal, proofread(session.in_mailbox(fetch, folder)), without)


def judge(terminal: Terminal, findings: Sequence[Finding], without: Sequence[str]) -> None:
    """Shows the findings; leaves with `FOUND` when one is bad that is not left out."""
    try:
        wrong = problems(findings, without)
    except ValueError as error:
        raise CommandFailed(f"--without: {error}", 2) from error
    for one in findings:
        terminal.record(one)
    for line in lines(findings):
        terminal.say(line)
    if wrong:
        terminal.note(f"{count_text(len(findings), 'finding')}, {len(wrong)} of them bad")
        raise typer.Exit(FOUND)


def lines(findings: Iterable[Finding]) -> list[str]:
    """What a person reads."""
    found = list(findings)
    told: list[str] = []
    for group in Group:
        mine = [one for one in found if one.group is group]
        if mine:
            told += [str(group), *_of_group(mine)]
    return told


def _of_group(findings: Sequence[Finding]) -> list[str]:
    told: list[str] = []
    for verdict in (Verdict.BAD, Verdict.NOTE):
        for one in findings:
            if one.verdict is verdict:
                told += [f"  {verdict.value:<5} {one.check}: {one.reason}", f"        {one.fix}"]
    good = [one.check for one in findings if one.verdict is Verdict.GOOD]
    reasons = dict.fromkeys(one.reason for one in findings if one.verdict is Verdict.NOT_RUN)
    if good:
        told.append(f"  good  {', '.join(good)}")
    for reason in reasons:
        names = [one.check for one in findings if one.verdict is Verdict.NOT_RUN and one.reason == reason]
        told.append(f"  not run because {reason.removeprefix(_PREFIX)}: {', '.join(names)}")
    return told

"""`postroom dmarc`: what a domain asks for, where its reports go, and what would come of a message. Of any domain.

RFC 9989, RFC 9990 §4. Not here: the evaluation itself (`mailauth.dmarc`), and messages in files (`postroom check message`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

import msgspec
import typer

from postroom.agent.invocation import CommandFailed, command, commands
from postroom.app.cli.asking import Asking, AuthorIn, ResolverAt, Said, asked, author_domain, domain_of, once
from postroom.app.cli.configuration import nowhere
from postroom.app.cli.session import Administration
from postroom.mailauth.dkim.results import SignatureResult
from postroom.mailauth.dkim.results import Verdict as Dkim
from postroom.mailauth.dmarc.author import Authors
from postroom.mailauth.dmarc.destinations import Destination, destinations
from postroom.mailauth.dmarc.discovery import Discovery, Undiscovered
from postroom.mailauth.dmarc.evaluation import Terms, evaluate
from postroom.mailauth.dmarc.record import Record
from postroom.mailauth.dmarc.suffixes import SuffixList
from postroom.mailauth.dmarc.verdict import Result, Verdict
from postroom.mailauth.spf import verdict as spf
from postroom.message.address import parse_mailbox

EXITS: Mapping[Result, int] = MappingProxyType(
    {Result.PASS: 0, Result.FAIL: 10, Result.NONE: 13, Result.TEMPERROR: 14, Result.PERMERROR: 15}
)

app = commands("DMARC.")


class Checked(msgspec.Struct, frozen=True):
    """What is printed: `result` is what would come of the message that the options describe."""

    domain: str
    result: str
    words: str
    policy_domain: str
    organizational_domain: str
    record: str
    policy: str
    method: str
    destinations: tuple[Destination, ...]
    remarks: tuple[str, ...]
    asked: list[Said]


@app.callback()
def group() -> None:
    """DMARC."""


@app.command()
@command(nowhere)
def check(
    session: Administration,
    domain: AuthorIn,
    *,
    mail_from: Annotated[
        str, typer.Option(metavar="DOMAIN", help="The domain of MAIL FROM for which SPF passed.")
    ] = "",
    signed_by: Annotated[
        list[str] | None,
        typer.Option(metavar="DOMAIN", help="A domain whose DKIM signature passed; repeatable."),
    ] = None,
    suffixes: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Find policies by this Public Suffix List (RFC 7489).")
    ] = None,
    resolver: ResolverAt = "",
) -> None:
    """Show a domain's DMARC record, the policy for mail from it, and where reports on it may go.

    With --mail-from and --signed-by, say what would come of such a message. The exit code is 0 when there is a policy (or the message would pass), 10
    fail, 13 no policy, 14 temperror, 15 permerror.
    """
    author = author_domain(domain)
    evidence = _evidence(mail_from, signed_by or [])
    suffix_list = _suffix_list(suffixes)
    checked, result = _checked(author, evidence, suffix_list, resolver)
    session.terminal.record(checked)
    for line in _lines(checked):
        session.terminal.say(line)
    code = 0 if result is Result.FAIL and not (mail_from or signed_by) else EXITS[result]
    if code:
        raise typer.Exit(code)


_Evidence = tuple[spf.Verdict | None, list[SignatureResult]]


def _checked(
    author: str, evidence: _Evidence, suffixes: SuffixList | None, resolver: str
) -> tuple[Checked, Result]:
    async def work(asking: Asking) -> tuple[Verdict, str, list[Destination]]:
        verdict = await evaluate(asking, Authors((author,)), *evidence, Terms(suffixes))
        discovery, wanted = Discovery(asking, suffixes), list[Destination]()
        try:
            organization = await discovery.organization_of(author)
            if verdict.published is not None:
                wanted = await destinations(asking, discovery, verdict.published)
        except Undiscovered:
            organization = ""
        return verdict, organization, wanted

    (verdict, organization, wanted), said = asked(resolver, work)
    published = verdict.published
    checked = Checked(
        author,
        verdict.result.value,
        verdict.words,
        published.domain if published else "",
        organization,
        published.record.text if published else "",
        verdict.policy.value if published else "",
        verdict.method.value,
        tuple(wanted),
        tuple(remarks(published.record)) if published else (),
        once(said),
    )
    return checked, verdict.result


def remarks(record: Record) -> Iterator[str]:
    """What is wrong with a record, and what to write instead."""
    if not record.readable:
        yield "p=, sp= or np= is missing or none of none, quarantine, reject: the whole record counts as p=none, if it counts at all"
    if not record.reports:
        yield "it asks for no aggregate reports: add rua=mailto:ADDRESS to hear how the domain is used"
    if record.percent != 100:
        yield "pct= is not known to RFC 9989 any more: write t=y to try a policy out"
    if record.testing and record.readable:
        yield "t=y asks for one level less than the policy says"


def _lines(checked: Checked) -> Iterator[str]:
    if not checked.record:
        yield f"{checked.result}: {checked.words}"
    else:
        yield f"{checked.policy} is asked for mail from {checked.domain} that fails"
        yield f"  record of {checked.policy_domain}: {checked.record}"
        yield f"{checked.result}: {checked.words}"
    if checked.organizational_domain:
        yield f"  organizational domain ({checked.method}): {checked.organizational_domain}"
    for one in checked.destinations:
        agreed = "agreed" if one.agreed else "has not agreed"
        outside = one.problem or f"{agreed} ({one.asked})"
        yield f"  reports to {one.address}: " + (outside if one.external else "its own")
    for remark in checked.remarks:
        yield f"  remark: {remark}"
    for said in checked.asked:
        yield f"  {said}"


def _evidence(mail_from: str, signed_by: list[str]) -> _Evidence:
    sender = None
    if mail_from:
        identity = spf.mail_from_identity(parse_mailbox(f"x@{domain_of(mail_from)}"), "")
        sender = spf.Verdict(spf.Result.PASS, identity, spf.Client(""))
    return sender, [SignatureResult(Dkim.PASS, domain=domain_of(one)) for one in signed_by]


def _suffix_list(file: Path | None) -> SuffixList | None:
    if file is None:
        return None
    try:
        return SuffixList(file.read_text("utf-8").splitlines())
    except OSError as error:
        raise CommandFailed(f"{file}: {error.strerror}") from error
    except ValueError as error:
        raise CommandFailed(f"{file}: {error}") from error

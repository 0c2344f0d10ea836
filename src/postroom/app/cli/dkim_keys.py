"""`postroom dkim list|create|rotate|retire|delete|test`: the keys by which the mail of our domains is signed.

RFC 6376 §3.1. Not here: the signatures of a message in a file (`cli.signatures`).
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from postroom.agent.invocation import CommandFailed, command
from postroom.agent.terminal import Column
from postroom.app.cli.asking import ResolverAt, asked
from postroom.app.cli.session import Administration, Yes, administration
from postroom.app.cli.signatures import EXITS, leave
from postroom.app.cli.signatures import dkim as app
from postroom.app.dns.forms import explained
from postroom.app.operations import dkim
from postroom.app.operations.dkim import CreateKeys, KeyRecord, ListKeys, NamedKey, RotateKeys, Sample
from postroom.mailauth.dkim.results import Verdict
from postroom.mailauth.dkim.verification import verify

__all__ = ["app"]

Domain = Annotated[str, typer.Argument(metavar="DOMAIN", help="One of this system's.")]
Selector = Annotated[str, typer.Argument(metavar="SELECTOR", help="The name of the key.")]
AtOnce = Annotated[bool, typer.Option("--now", help="Sign with it without waiting for the DNS.")]


def _day(seconds: int) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%d %H:%M") if seconds else ""


COLUMNS = (
    Column[KeyRecord]("Domain", lambda one: one.domain),
    Column[KeyRecord]("Selector", lambda one: one.selector),
    Column[KeyRecord]("Algorithm", lambda one: one.algorithm),
    Column[KeyRecord]("Phase", lambda one: one.phase),
    Column[KeyRecord]("Since (UTC)", lambda one: _day(one.since)),
    Column[KeyRecord]("Next", lambda one: f"{one.next}{(one.until and f', from {_day(one.until)}') or ''}"),
)


class TestedKey(msgspec.Struct, frozen=True):
    """What a verifier says of one key."""

    domain: str
    selector: str
    algorithm: str
    verdict: str
    reason: str


@app.command("list")
@command(administration)
def list_(
    session: Administration,
    domain: Annotated[str, typer.Argument(metavar="DOMAIN", help="Of this domain only.")] = "",
) -> None:
    """List keys: which sign, which wait, which only remain to be verified by."""
    if not session.terminal.listing(session.perform(dkim.LIST, ListKeys(domain), domain), COLUMNS):
        session.terminal.note("no key yet; make some with: postroom dkim create DOMAIN")


@app.command()
@command(administration)
def create(
    session: Administration,
    domain: Domain,
    *,
    algorithm: Annotated[str, typer.Option(metavar="rsa|ed25519|both", help="What kind of key.")] = "both",
    selector: Annotated[str, typer.Option(metavar="NAME", help="Its name; made up where not given.")] = "",
    key: Annotated[Path | None, typer.Option(metavar="FILE", help="A private key in PEM to be used.")] = None,
    now: AtOnce = False,
) -> None:
    """Make keys for a domain and print the records that it must publish.

    A key signs as soon as its record is in the DNS (it is looked for every ten minutes).
    """
    try:
        pem = key.read_bytes() if key is not None else b""
    except OSError as error:
        raise CommandFailed(f"{key}: {error.strerror}") from error
    wanted = CreateKeys(domain, algorithm, selector, now, pem)
    for one in session.perform(dkim.CREATE, wanted, domain):
        session.terminal.record(one)
        session.terminal.say(explained(one.dns))
    session.terminal.note(f"Next: publish what is above, and see it with: postroom dkim test {domain}")


@app.command()
@command(administration)
def rotate(session: Administration, domain: Domain, now: AtOnce = False) -> None:
    """Replace the keys of a domain: new ones are made, published, and sign when the DNS has them.

    With --now those that wait take over at once. The old ones stay in the DNS until their mail has arrived.
    """
    session.terminal.listing(session.perform(dkim.ROTATE, RotateKeys(domain, now), domain), COLUMNS)
    session.terminal.note(f"Their records: postroom dns records {domain}")


@app.command()
@command(administration)
def retire(session: Administration, domain: Domain, selector: Selector, yes: Yes = False) -> None:
    """Take a key out of use; one that is out of use is revoked: its record gets an empty p=."""
    session.agree(f"Sign nothing more with {selector} of {domain}?", yes=yes)
    session.terminal.listing([session.one(dkim.RETIRE, NamedKey(domain, selector), domain)], COLUMNS)


@app.command()
@command(administration)
def delete(session: Administration, domain: Domain, selector: Selector, yes: Yes = False) -> None:
    """Forget a key that does not sign; mail that it signed cannot be verified once its record is gone."""
    session.agree(f"Forget {selector} of {domain}?", yes=yes)
    done = session.one(dkim.DELETE, NamedKey(domain, selector), domain)
    session.terminal.record(done)
    session.terminal.say(f"{done.selector} deleted. Its record may go: {done.dns.name}")


@app.command("test")
@command(administration)
def try_(session: Administration, domain: Domain, resolver: ResolverAt = "") -> None:
    """Sign a sample with all keys of a domain and verify it as others do, by the DNS.

    The exit code is that of the worst key in use or in waiting: 0 pass, 10 fail, 14 temperror, 15 permerror.
    """
    sample = session.one(dkim.SAMPLE, Sample(domain), domain)
    place = resolver or session.dns(domain)

    results, said = asked(place, lambda asking: verify(sample.message, asking, sample.now))
    for one in results:
        tested = TestedKey(domain, one.selector, one.algorithm, one.verdict.value, one.reason)
        session.terminal.record(tested)
        session.terminal.say(one.explained())
    for answer in said:
        session.terminal.say(f"  {answer}")
    worst = max((one.verdict for one in results), key=list(EXITS).index, default=Verdict.NONE)
    leave([worst])

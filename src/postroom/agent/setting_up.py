"""`postroom mail setup`: an account of the user's is found, tried, and written into his file.

RFC 6186 §4 (servers and login name from the address alone), §6 (a server outside the address's domain is used only when the person says so). Both servers
are logged in to before anything is written. Not here: the file's form (`agent.accounts`), what the DNS says (`agent.services`).
"""

from __future__ import annotations

import asyncio
import getpass
import os
import shlex
import sys
from pathlib import Path

import msgspec

from postroom.agent.accounts import Account, AccountsFile, dump, load
from postroom.agent.imap_session import ImapSession
from postroom.agent.invocation import CommandFailed
from postroom.agent.pop3_mailbox import Pop3Mailbox
from postroom.agent.services import ServiceNames, Services, place, services_of
from postroom.agent.session import SetupSession
from postroom.agent.submitting import log_in
from postroom.agent.terminal import Terminal
from postroom.message.address import Address, parse_mailbox
from postroom.message.idn import a_labels
from postroom.net.dns.resolver import StubResolver, system_options


class Told(msgspec.Struct, frozen=True):
    """What the person says of the account; "" is for what is to be found out, or is usual."""

    address: str
    called: str = ""
    imap: str = ""
    pop3: str = ""
    smtp: str = ""
    server_name: str = ""
    user: str = ""
    name: str = ""
    password_command: str = ""
    authorities: str = ""


def set_up(session: SetupSession, told: Told) -> None:
    """Finds the servers, logs in to them, and writes the account; raises `CommandFailed`, `ServerFailed`."""
    address = parse_mailbox(told.address)
    if address is None or not address.domain:
        raise CommandFailed(f"{told.address!r} is no address; write it like alice@example.org", 2)
    command = _command(told.password_command)
    key = told.called or address.local
    _must_be_new(session.path, key, str(address))
    services = asyncio.run(_services(session.terminal, told, address))
    account = Account(
        str(address),
        services.smtp,
        services.pop3,
        services.imap,
        told.name,
        told.user,
        "" if command else _password(str(address)),
        password_command=command,
        authorities=str(Path(told.authorities).resolve()) if told.authorities else "",
    )
    asyncio.run(_try(account))
    _write(session.path, key, account)
    _report(session, key, services)


def _command(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise CommandFailed(f"--password-command {text}: {error}", 2) from error


def _must_be_new(path: Path, key: str, address: str) -> None:
    if not path.exists():
        return
    for name, account in load(path).accounts.items():
        if name == key or account.address == address:
            raise CommandFailed(
                f"{path} has the account {name!r} ({account.address}) already: take its tables out, or call the new one otherwise with --called"
            )


async def _services(terminal: Terminal, told: Told, address: Address) -> Services:
    said = Services(
        **{
            protocol: place(protocol, text, told.server_name)
            for protocol, text in (("imap", told.imap), ("pop3", told.pop3), ("smtp", told.smtp))
            if text
        }
    )
    if (said.imap or said.pop3) and said.smtp:
        return said
    found = await published(StubResolver(system_options()), address.domain)
    _agreed(terminal, address.domain, found)
    reading = said if said.imap or said.pop3 else found
    return Services(reading.imap, reading.pop3, said.smtp or found.smtp)


async def published(names: ServiceNames, domain: str) -> Services:
    """What the domain says of its servers; raises `CommandFailed` when that is not enough."""
    try:
        found = await services_of(a_labels(domain), names)
    except ValueError as error:
        raise CommandFailed(f"{domain} is no domain: {error}", 2) from error
    if found.smtp is None or (found.imap is None and found.pop3 is None):
        raise CommandFailed(
            f"{domain} does not publish where its mail is read and sent (SRV, RFC 6186): say --imap HOST and --smtp HOST"
        )
    return found


def _agreed(terminal: Terminal, domain: str, found: Services) -> None:
    """RFC 6186 §6: without DNSSEC, anybody between here and the name server could have said it."""
    hosts = {endpoint.host for endpoint in found.each().values()}
    foreign = sorted(host for host in hosts if not f".{host}".endswith(f".{a_labels(domain)}"))
    if foreign and not terminal.confirm(f"{domain} says that its mail is at {', '.join(foreign)}. Use it?"):
        options = " ".join(f"--{name} {one.host}:{one.port}" for name, one in found.each().items())
        raise CommandFailed(
            f"{domain} says that its mail is at {', '.join(foreign)}; if you believe it: {options}"
        )


def _password(address: str) -> str:
    if sys.stdin.isatty():
        return getpass.getpass(f"password of {address}: ")
    word = sys.stdin.readline().rstrip("\r\n")
    if not word:
        raise CommandFailed(
            "there is no password: it is the first line of standard input, or what --password-command prints"
        )
    return word


async def _try(account: Account) -> None:
    """Logs in everywhere; raises `ServerFailed`."""
    if account.imap is not None:
        await (await ImapSession.open(account)).leave()
    if account.pop3 is not None:
        await (await Pop3Mailbox.open(account)).close()
    await log_in(account)


def _write(path: Path, key: str, account: Account) -> None:
    """What is in the file stays as it is, comments too; the new file is whole or not there, and its owner's alone."""
    before = path.read_text("utf-8") if path.exists() else ""
    if before and not before.endswith("\n"):
        before += "\n"
    text = before + dump(AccountsFile({key: account}, "" if before else key))
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.touch(0o600)
    draft.write_text(text, "utf-8")
    draft.replace(path)


def _report(session: SetupSession, key: str, services: Services) -> None:
    terminal = session.terminal
    for protocol, one in services.each().items():
        terminal.say(f"{protocol}  {one.host} port {one.port}, {_TLS[one.tls]}: logged in")
    terminal.say(
        f"{session.path} has the account {key!r} now. Next: postroom mail --as {shlex.quote(key)} list"
    )
    terminal.record({"account": key, "file": str(session.path), **services.each()})


_TLS = {"implicit": "TLS", "starttls": "TLS by STARTTLS"}

"""Where a domain's mail is read and handed in, as the domain says itself, or as a person says.

RFC 6186 §3 (SRV records for IMAP, POP3 and submission; POP3 counts where IMAP is not offered), RFC 8314 §5.1 (TLS from the start is preferred), RFC 2782
(priority, weight, a target of "." for what is not offered). Not here: whether a domain is believed about servers of others (RFC 6186 §6), and names
that are only guessed.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import Final, Protocol

import msgspec

from postroom.agent.accounts import Endpoint
from postroom.agent.invocation import CommandFailed
from postroom.proto.dns.answer import Answer, Srv
from postroom.wire.numbers import decimal

Names = tuple[tuple[str, str], ...]  # of SRV records, the preferred one first, each with how TLS begins there
IMAP: Final[Names] = (("_imaps._tcp", "implicit"), ("_imap._tcp", "starttls"))
POP3: Final[Names] = (("_pop3s._tcp", "implicit"), ("_pop3._tcp", "starttls"))
SUBMISSION: Final[Names] = (("_submissions._tcp", "implicit"), ("_submission._tcp", "starttls"))
PORTS: Final = MappingProxyType({"imap": 993, "pop3": 995, "smtp": 465})
_PLACE: Final = re.compile(
    r"(?:\[([0-9A-Fa-f:.]+)\]|([^\s/:\[\]]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*))(?::([0-9]+))?(?:/(starttls|implicit))?"
).fullmatch
_STARTTLS: Final = frozenset((25, 110, 143, 587))  # ports where TLS begins with a command, unless it is said


class Services(msgspec.Struct, frozen=True):
    """An account's servers; None where there is none."""

    imap: Endpoint | None = None
    pop3: Endpoint | None = None
    smtp: Endpoint | None = None

    def each(self) -> dict[str, Endpoint]:
        """Those that there are, by protocol."""
        all_three = {"imap": self.imap, "pop3": self.pop3, "smtp": self.smtp}
        return {protocol: endpoint for protocol, endpoint in all_three.items() if endpoint is not None}


class ServiceNames(Protocol):
    """A resolver that knows SRV records."""

    async def srv(self, name: str) -> Answer[Srv]:
        """The records of a name."""


async def services_of(domain: str, names: ServiceNames) -> Services:
    """What the domain publishes; raises `CommandFailed` when the DNS does not answer."""
    imap = await _first(names, domain, IMAP)
    return Services(
        imap,
        await _first(names, domain, POP3) if imap is None else None,
        await _first(names, domain, SUBMISSION),
    )


def place(protocol: str, text: str, server_name: str = "") -> Endpoint:
    """`HOST`, `HOST:PORT`, `[IPV6]:PORT`, with `/starttls` or `/implicit` behind it where the port does not say it; raises `CommandFailed`."""
    match = _PLACE(text)
    host, port, tls = ((match[1] or match[2]), match[3], match[4]) if match else ("", None, None)
    number = PORTS[protocol] if port is None else decimal(port.encode(), 5)
    if not host or number is None or not 0 < number < 65536:
        raise CommandFailed(
            f"--{protocol} {text}: write HOST, HOST:PORT or HOST:PORT/starttls, e.g. mail.example.org:{PORTS[protocol]}",
            2,
        )
    return Endpoint(host, number, tls or ("starttls" if number in _STARTTLS else "implicit"), server_name)


async def _first(names: ServiceNames, domain: str, services: Names) -> Endpoint | None:
    for service, tls in services:
        answer = await names.srv(f"{service}.{domain}")
        if answer.failed:
            raise CommandFailed(
                f"the DNS does not say where the mail of {domain} is ({answer.rcode}): say --imap HOST and --smtp HOST"
            )
        offered = [record for record in answer.records if record.target]
        if offered:
            best = min(offered, key=lambda record: (record.priority, -record.weight))
            return Endpoint(best.target, best.port, tls)
    return None

"""Who a message says wrote it, as DMARC looks at it: the domains of From.

RFC 9989 §5.3.1 (the Author Domain, in A-labels) and §11.5 (several of them), RFC 5322 §3.6 (exactly one From). Read by the parser that mail
programs are shown addresses with, so that what is checked is what is seen. Not here: what a missing or second From is good for.
"""

from __future__ import annotations

import enum

import msgspec

from postroom.mailauth.dkim.names import a_labels
from postroom.message.headers.address_list import AddressSpec, mailboxes, parse_address_list
from postroom.message.headers.header import Header
from postroom.message.printable import printable

MAX_AUTHORS = 50  # mailboxes of From that are looked at; with more, the message has no author
MAX_FROM = 65_536  # octets of a From field that are read; with more, the message has no author
_SHOWN = 200  # characters of an entry in a sentence


class Fault(enum.StrEnum):
    """Why there is not exactly one author domain."""

    TOO_LONG = "a header too long to be looked through"
    NO_FROM = "no From field"
    FROM_TWICE = "more than one From field"
    NO_AUTHOR = "no address in From"
    TOO_MANY = "too many addresses in From"
    UNREADABLE = "an entry of From that is no address"
    SEVERAL_DOMAINS = "addresses of several domains in From"


class Authors(msgspec.Struct, frozen=True):
    """The distinct domains of From in their order, lower case and in A-labels; without a `fault` there is exactly one.

    `example` is the entry that is wrong, for people.
    """

    domains: tuple[str, ...]
    fault: Fault | None = None
    example: str = ""

    @property
    def problem(self) -> str:
        """The fault in words; "" without one."""
        return f"{self.fault}{self.example and ': ' + self.example}" if self.fault else ""


def authors(header: Header) -> Authors:
    """The authors of a message; never raises."""
    fields = [field for field in header if field.name.lower() == b"from"]
    specs: list[AddressSpec] = []
    for field in fields:
        specs += mailboxes(parse_address_list(field.value[:MAX_FROM], MAX_AUTHORS + 1))
    domains: dict[str, None] = {}
    unreadable: str | None = None
    for spec in specs[:MAX_AUTHORS]:
        domain = _domain(spec)
        if domain is None:
            unreadable = unreadable or printable(spec.email, _SHOWN)
        else:
            domains[domain] = None
    fault = _fault(len(fields), len(specs), unreadable=unreadable is not None, domains=len(domains))
    if header.truncated or any(
        len(field.raw) > MAX_FROM for field in fields
    ):  # what was not looked at may be what is shown
        fault = Fault.TOO_LONG
    example = {Fault.UNREADABLE: unreadable or "", Fault.SEVERAL_DOMAINS: ", ".join(list(domains)[:5])}
    return Authors(tuple(domains), fault, example.get(fault, "") if fault else "")


def _domain(spec: AddressSpec) -> str | None:
    """None for an entry that no mail could come from: DMARC is about names of the DNS, so not about [192.0.2.1] either."""
    address = spec.address
    if address is None or address.domain.startswith("["):
        return None
    return a_labels(address.domain)


def _fault(fields: int, mailboxes: int, *, unreadable: bool, domains: int) -> Fault | None:
    for fault, wrong in (
        (Fault.NO_FROM, fields == 0),
        (Fault.FROM_TWICE, fields > 1),
        (Fault.NO_AUTHOR, mailboxes == 0),
        (Fault.TOO_MANY, mailboxes > MAX_AUTHORS),
        (Fault.UNREADABLE, unreadable),
        (Fault.SEVERAL_DOMAINS, domains > 1),
    ):
        if wrong:
            return fault
    return None

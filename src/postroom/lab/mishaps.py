"""What can be wrong with a domain of the lab from its start on: certificates, STARTTLS, the DNS, policies.

RFC 7672 §2.1.1, RFC 8461 §4, RFC 3207 §6, RFC 7208 §2.6, RFC 6376 §6.1.2: each is a mistake that is made in the world, and has one symptom, which
docs/faults.md describes and a test sees. A table; not here: faults that an address asks for (`lab.faults`), and how a lab is built.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

import msgspec

from postroom.lab.dns import Fault
from postroom.lab.plan import HOUSES, House, domains_of

_SERVER, _SENDER = (house.domain for house in HOUSES)


class Mishap(msgspec.Struct, frozen=True):
    """`words` say what is wrong. `at` is the domain that has it unless another is named.

    `certificate` is what its SMTP server shows: "" the right one, else `expired` or `another name`. `tlsa` false: it publishes no TLSA records (with
    DANE-EE neither dates nor names would matter). `withheld` are extensions that its server does not offer. `faults` are the name server's, by name
    below the domain ("@": all of it). `spf` and `sts_mx` replace what the zone and the policy say.
    """

    words: str
    at: str = _SERVER
    certificate: str = ""
    tlsa: bool = True
    withheld: frozenset[str] = frozenset()
    faults: tuple[tuple[str, Fault], ...] = ()
    spf: str = ""
    sts_mx: str = ""


MISHAPS: Mapping[str, Mishap] = MappingProxyType(
    {
        "expired-certificate": Mishap(
            "its certificate has expired, and its MTA-STS policy is in force",
            certificate="expired",
            tlsa=False,
        ),
        "wrong-name": Mishap(
            "its certificate is of another name, and its MTA-STS policy is in force",
            certificate="another name",
            tlsa=False,
        ),
        "no-starttls": Mishap(
            "somebody strips STARTTLS, and its TLSA records are in force", withheld=frozenset({"STARTTLS"})
        ),
        "bogus-dnssec": Mishap("its DNSSEC signatures are wrong", faults=(("@", Fault.BOGUS),)),
        "bogus-tlsa": Mishap(
            "the signatures of its TLSA records are wrong", faults=(("_tcp.mail", Fault.BOGUS),)
        ),
        "sts-mismatch": Mishap(
            "its MTA-STS policy names another mail server than its MX records",
            tlsa=False,
            sts_mx="mx.elsewhere.test",
        ),
        "wrong-spf": Mishap(
            "its SPF record names other senders", at=_SENDER, spf="v=spf1 ip4:192.0.2.1 -all"
        ),
        "no-dkim-key": Mishap(
            "the keys of its DKIM signatures are not in the DNS",
            at=_SENDER,
            faults=(("_domainkey", Fault.NXDOMAIN),),
        ),
    }
)


class BadMishap(Exception):
    """A --fault that there is not; the text names it and the remedy."""


class Chosen(msgspec.Struct, frozen=True):
    """What is wrong with which domain."""

    name: str
    domain: str

    @property
    def mishap(self) -> Mishap:
        """Its row."""
        return MISHAPS[self.name]

    def __str__(self) -> str:
        return f"{self.name}@{self.domain}: {self.mishap.words}"


def parse_mishap(text: str, houses: Sequence[House] = HOUSES) -> Chosen:
    """`NAME`, or `NAME@DOMAIN`, in a lab of these houses; raises `BadMishap`."""
    name, _, domain = text.partition("@")
    if name not in MISHAPS:
        near = difflib.get_close_matches(name, MISHAPS, n=1, cutoff=0.4)
        remedy = f"did you mean {near[0]}?" if near else f"there are {', '.join(MISHAPS)}"
        raise BadMishap(f"--fault {text}: {remedy}")
    if domain and domain not in {house.domain for house in houses}:
        raise BadMishap(f"--fault {text}: the lab's domains are {domains_of(houses)}")
    return Chosen(name, domain or _usual(MISHAPS[name].at, houses))


def _usual(domain: str, houses: Sequence[House]) -> str:
    """The house that stands where this one stands in the usual lab."""
    place = [house.domain for house in HOUSES].index(domain)
    return houses[min(place, len(houses) - 1)].domain


class Troubles:
    """All that is wrong with one domain."""

    def __init__(self, chosen: Iterable[Chosen], domain: str) -> None:
        self._domain = domain
        self._rows = [one.mishap for one in chosen if one.domain == domain]

    @property
    def certificate(self) -> str:
        """What is wrong with the certificate, "" for nothing."""
        return next((row.certificate for row in self._rows if row.certificate), "")

    @property
    def tlsa(self) -> bool:
        """Whether TLSA records are published."""
        return all(row.tlsa for row in self._rows)

    @property
    def withheld(self) -> frozenset[str]:
        """Extensions that are not offered."""
        return frozenset().union(*(row.withheld for row in self._rows))

    @property
    def faults(self) -> list[tuple[str, Fault]]:
        """Faults of the name server."""
        return [fault for row in self._rows for fault in row.faults]

    @property
    def sts_mx(self) -> str:
        """The mx of its policy, "" for the right one."""
        return next((row.sts_mx for row in self._rows if row.sts_mx), "")

    def edited(self, lines: Iterable[str]) -> tuple[str, ...]:
        """The lines of its zone as they are with all that is wrong."""
        spf = next((row.spf for row in self._rows if row.spf), "")
        kept = [line for line in lines if self.tlsa or "TLSA" not in line.split()]
        return tuple(f'@ TXT "{spf}"' if spf and self._is_spf(line) else line for line in kept)

    def _is_spf(self, line: str) -> bool:
        owner, _, rest = line.partition(" ")
        return owner in ("@", f"{self._domain}.") and '"v=spf1 ' in rest

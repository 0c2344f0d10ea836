"""Faults that have names: what can be wrong with a domain of the lab, from its start on or from the moment when it is switched on.

RFC 7672 §2.1.1, RFC 8461 §4, RFC 3207 §6, RFC 7208 §2.6, RFC 6376 §6.1.2, RFC 7505, RFC 5321 §5.1: each is a mistake that is made in the world, and has one symptom,
which docs/faults.md describes and a test sees. A table; not here: faults that an address asks for (`lab.faults.addressed`), switching (`lab.faults.switches`).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

import msgspec

from postroom.lab.dns.zones import ZoneText
from postroom.lab.faults.rules import FaultRule, Terms
from postroom.lab.plan import HOUSES, House, domains_of

SLOW_SECONDS = 3.0  # that each answer takes with dns-slow: a resolver waits for longer
_SERVER, _SENDER = (house.domain for house in HOUSES)
FULL_MAILBOX, FULL_DISK = "full-mailbox", "full-disk"
WHOSE = "{domain}"  # in a name of the DNS, the domain that has the mishap


class Mishap(msgspec.Struct, frozen=True):
    """`words` say what is wrong. `at` is the domain that has it unless another is named.

    `rules` are faults by their stages; a name of the DNS in them has `WHOSE` for the domain. `tlsa` false: it publishes no TLSA records (with
    DANE-EE neither dates nor names would matter). `renewed` false: its certificate lives out its time. `spf`, `mx` and `sts_mx` replace what the zone and the policy say; `mx` "-" is none.
    """

    words: str
    at: str = _SERVER
    rules: tuple[tuple[str, Terms], ...] = ()
    tlsa: bool = True
    renewed: bool = True
    spf: str = ""
    mx: str = ""
    sts_mx: str = ""


def _dns(words: str, at: str = _SERVER, name: str = WHOSE, **terms: object) -> Mishap:
    asked: Terms = {"name": name, **terms}  # type: ignore[typeddict-item]  # the rule checks them
    return Mishap(words, at, (("dns", asked),))


MISHAPS: Mapping[str, Mishap] = MappingProxyType(
    {
        "expired-certificate": Mishap(
            "its certificate has expired, and its MTA-STS policy is in force",
            rules=(("tls", {"certificate": "expired"}),),
            tlsa=False,
        ),
        "no-renewal": Mishap(
            "nobody renews its certificate, which ends when the clock has come so far, and its MTA-STS policy is in force",
            tlsa=False,
            renewed=False,
        ),
        "wrong-name": Mishap(
            "its certificate is of another name, and its MTA-STS policy is in force",
            rules=(("tls", {"certificate": "another name"}),),
            tlsa=False,
        ),
        "no-starttls": Mishap(
            "somebody strips STARTTLS, and its TLSA records are in force",
            rules=(("tls", {"strip": True, "service": "smtp"}),),
        ),
        "broken-tls": Mishap(
            "every handshake of its mail server fails",
            rules=(("tls", {"reply": "handshake_failure", "service": "smtp"}),),
        ),
        "server-down": Mishap(
            "nobody listens where it takes mail", rules=(("connect", {"refuse": True, "service": "smtp"}),)
        ),
        "dns-servfail": _dns("the DNS says SERVFAIL of all its names", reply="SERVFAIL"),
        "dns-nxdomain": _dns("the DNS says that none of its names exists", reply="NXDOMAIN"),
        "dns-slow": _dns(f"the DNS answers after {SLOW_SECONDS:g} s", delay=SLOW_SECONDS),
        "dns-silent": _dns("the DNS does not answer at all", drop=True),
        "dns-lame": _dns("none of the name servers that it is delegated to knows it", reply="LAME"),
        "bogus-dnssec": _dns("its DNSSEC signatures are wrong", reply="BOGUS"),
        "bogus-tlsa": _dns(
            "the signatures of its TLSA records are wrong", name=f"_tcp.mail.{WHOSE}", reply="BOGUS"
        ),
        "no-mx": Mishap("it has no MX record, and no address either", mx="-"),
        "null-mx": Mishap("its MX record says that it takes no mail", mx="0 ."),
        "sts-mismatch": Mishap(
            "its MTA-STS policy names another mail server than its MX records",
            tlsa=False,
            sts_mx="mx.elsewhere.test",
        ),
        "wrong-spf": Mishap(
            "its SPF record names other senders", at=_SENDER, spf="v=spf1 ip4:192.0.2.1 -all"
        ),
        "no-dkim-key": _dns(
            "the keys of its DKIM signatures are not in the DNS",
            _SENDER,
            f"_domainkey.{WHOSE}",
            reply="NXDOMAIN",
        ),
        FULL_MAILBOX: Mishap("the mailboxes of its people are full"),
        FULL_DISK: Mishap("there is no room on its disk"),
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

    def rules(self) -> list[FaultRule]:
        """What goes wrong, as rules, made anew."""
        made = []
        for at, terms in self.mishap.rules:
            placed: Terms = {**terms, "domain": self.domain}
            if "name" in placed:
                placed["name"] = placed["name"].replace(WHOSE, self.domain)
            made.append(FaultRule(at, **placed))
        return made

    @property
    def key(self) -> str:
        """As it is written."""
        return f"{self.name}@{self.domain}"

    def __str__(self) -> str:
        return f"{self.key}: {self.mishap.words}"


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
    def tlsa(self) -> bool:
        """Whether TLSA records are published."""
        return all(row.tlsa for row in self._rows)

    @property
    def renewed(self) -> bool:
        """Whether its certificate is renewed."""
        return all(row.renewed for row in self._rows)

    @property
    def mx(self) -> str:
        """What its MX record says, "" for what it should, "-" for none."""
        return next((row.mx for row in self._rows if row.mx), "")

    @property
    def sts_mx(self) -> str:
        """The mx of its policy, "" for the right one."""
        return next((row.sts_mx for row in self._rows if row.sts_mx), "")

    def unsaid(self, zone: ZoneText) -> ZoneText:
        """A zone without what it says of its policy, where that is another one."""
        kept = (line for line in zone.lines if not line.startswith("_mta-sts"))
        return ZoneText(zone.origin, tuple(kept)) if self.sts_mx else zone

    def edited(self, lines: Iterable[str]) -> tuple[str, ...]:
        """The lines of its zone as they are with all that is wrong."""
        spf, mx = next((row.spf for row in self._rows if row.spf), ""), self.mx
        edited = []
        for line in lines:
            if "TLSA" in line.split() and not self.tlsa:
                continue
            if spf and self._is_spf(line):
                edited.append(f'@ TXT "{spf}"')
            elif not (mx and self._is_mx(line)):
                edited.append(line)
        return (*edited, f"@ MX {mx}") if mx.strip("-") else tuple(edited)

    def _is_mx(self, line: str) -> bool:
        owner, _, rest = line.partition(" ")
        return owner in ("@", f"{self._domain}.") and "MX" in rest.split()

    def _is_spf(self, line: str) -> bool:
        owner, _, rest = line.partition(" ")
        return owner in ("@", f"{self._domain}.") and '"v=spf1 ' in rest

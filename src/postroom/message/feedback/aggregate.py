"""A DMARC aggregate report as values: what one domain's policy was, and what was seen of its mail.

RFC 9990 §3.1.1 (the content), RFC 7489 appendix C (its former shape: pct= in the policy, reasons that RFC 9990 has no more). Words are those of the
format. Not here: XML (`aggregate_xml`, `aggregate_reading`), and mail.
"""

from __future__ import annotations

import msgspec


class PolicyPublished(msgspec.Struct, frozen=True):
    """The record that applied: `domain` is where it stands, `method` how it was found ("treewalk", "psl", or not said)."""

    domain: str
    p: str = "none"
    sp: str = ""
    np: str = ""
    adkim: str = "r"
    aspf: str = "r"
    testing: bool = False
    fo: str = ""
    method: str = ""
    pct: str = ""


class Reason(msgspec.Struct, frozen=True):
    """Why less was done than the policy asks: a word of the format, and a comment."""

    kind: str
    comment: str = ""


class AuthResult(msgspec.Struct, frozen=True):
    """What SPF or one signature came to, whatever alignment says. `selector` of DKIM, `scope` of SPF."""

    domain: str
    result: str
    selector: str = ""
    scope: str = ""
    human: str = ""


class Row(msgspec.Struct, frozen=True):
    """Messages that are alike: from one address, with the same results. `dkim` and `spf` are "pass" where one was aligned."""

    source_ip: str
    disposition: str = "none"
    dkim: str = "fail"
    spf: str = "fail"
    reasons: tuple[Reason, ...] = ()
    header_from: str = ""
    envelope_from: str = ""
    envelope_to: str = ""
    signatures: tuple[AuthResult, ...] = ()
    senders: tuple[AuthResult, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether DMARC passed."""
        return "pass" in (self.dkim, self.spf)


class Counted(msgspec.Struct, frozen=True):
    """A row and how many messages it stands for."""

    row: Row
    count: int = 1


class Metadata(msgspec.Struct, frozen=True):
    """Who reports, and about which time (unix seconds)."""

    organization: str
    email: str
    report_id: str
    begin: int
    end: int
    contact: str = ""
    errors: tuple[str, ...] = ()
    generator: str = ""


class AggregateReport(msgspec.Struct, frozen=True):
    """The whole of it."""

    metadata: Metadata
    policy: PolicyPublished
    rows: tuple[Counted, ...]

    @property
    def passed(self) -> int:
        """Messages that passed."""
        return sum(one.count for one in self.rows if one.row.passed)

    @property
    def failed(self) -> int:
        """Messages that did not."""
        return sum(one.count for one in self.rows if not one.row.passed)


class Seen(msgspec.Struct, frozen=True):
    """One message as a report will count it: the policy that applied to it, its row, and when it came (unix microseconds)."""

    policy: PolicyPublished
    row: Row
    at: int

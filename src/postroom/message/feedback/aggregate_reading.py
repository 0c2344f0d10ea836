"""Reading a DMARC aggregate report out of XML that anybody may have written.

RFC 9990 §3.1.1, RFC 7489 appendix C (the same elements, no namespace), RFC 9990 §5 (extensions, which are left out). What is too deep, too long or
too much is refused. Values that are no words of the format are kept as they are, cut and made printable: a report is what somebody says. Not here: XML
(`message.xml_documents`), packings, mail.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from postroom.message.feedback.aggregate import (
    AggregateReport,
    AuthResult,
    Counted,
    Metadata,
    PolicyPublished,
    Reason,
    Row,
)
from postroom.message.feedback.packing import BadReport
from postroom.message.printable import printable
from postroom.message.xml_documents import XmlReader
from postroom.wire.numbers import decimal

MAX_DEPTH = 16  # elements inside one another
MAX_TEXT = 4096  # characters of one element; what is longer is refused
MAX_ROWS = 50_000  # of one report
MAX_RESULTS = 100  # of one record: signatures, reasons
MAX_VALUE = 255  # characters that are kept of a value


def read(document: bytes) -> AggregateReport:
    """The report; raises BadReport."""
    reading = _Reading()
    reading.read(document)
    return reading.report()


class _Reading(XmlReader):
    """The texts of the open elements, and what those that ended have said."""

    def __init__(self) -> None:
        super().__init__(BadReport, MAX_DEPTH)
        self._texts: list[list[str]] = []
        self._long = 0
        self._values: dict[str, str] = {}
        self._errors: list[str] = []
        self._record = _Record()
        self._rows: list[Counted] = []

    def report(self) -> AggregateReport:
        values = self._values
        domain = values.get("policy_published/domain", "")
        if not domain or "report_metadata/report_id" not in values:
            raise BadReport("it says no domain, or has no id: it is not a DMARC aggregate report")
        return AggregateReport(
            Metadata(
                values.get("report_metadata/org_name", ""),
                values.get("report_metadata/email", ""),
                values["report_metadata/report_id"],
                _number(values.get("report_metadata/date_range/begin", "")),
                _number(values.get("report_metadata/date_range/end", "")),
                values.get("report_metadata/extra_contact_info", ""),
                tuple(self._errors),
                values.get("report_metadata/generator", ""),
            ),
            _policy(values, domain),
            tuple(self._rows),
        )

    def root(self, namespace: str, name: str) -> None:
        """The same name in any namespace, or in none (RFC 7489)."""
        del namespace
        if name != "feedback":
            raise BadReport(f"its root is {printable(name, 40)}, not feedback")

    def begins(self, name: str, attributes: dict[str, str]) -> None:
        """Nothing is said yet."""
        del name, attributes
        self._texts.append([])
        self._long = 0

    def says(self, text: str) -> None:
        """A piece of its text."""
        self._long += len(text)
        if self._long > MAX_TEXT:
            raise BadReport(f"{self.path[-1]} has more than {MAX_TEXT} characters")
        self._texts[-1].append(text)

    def ends(self) -> None:
        """What it said goes where it belongs."""
        path, text = "/".join(self.path[1:]), "".join(self._texts.pop()).strip()
        if path == "record":
            if len(self._rows) == MAX_ROWS:
                raise BadReport(f"it has more than {MAX_ROWS} records")
            self._rows.append(self._record.counted())
            self._record = _Record()
        elif path.startswith("record/"):
            self._record.take(path.removeprefix("record/"), printable(text, MAX_VALUE))
        elif path == "report_metadata/error":
            if len(self._errors) < MAX_RESULTS:
                self._errors.append(printable(text, MAX_VALUE))
        elif text and path in _KNOWN:
            self._values.setdefault(path, printable(text, MAX_VALUE))


_KNOWN = frozenset(
    (
        *(f"report_metadata/{name}" for name in ("org_name", "email", "extra_contact_info", "report_id")),
        *("report_metadata/generator", "report_metadata/date_range/begin", "report_metadata/date_range/end"),
        *(f"policy_published/{name}" for name in ("domain", "discovery_method", "p", "sp", "np", "fo")),
        *(f"policy_published/{name}" for name in ("adkim", "aspf", "testing", "pct")),
    )
)


class _Record:
    """One record: values by their paths, and lists of results and reasons, each complete when its element ends."""

    def __init__(self) -> None:
        self._values: dict[str, str] = {}
        self._inner: dict[str, str] = {}
        self._lists: dict[str, list[Any]] = {path: [] for path in _LISTS}

    def take(self, path: str, text: str) -> None:
        """What an element within the record said."""
        parent, _, name = path.rpartition("/")
        if path in _LISTS:
            found = self._lists[path]
            if len(found) < MAX_RESULTS:
                found.append(_LISTS[path](self._inner))
            self._inner = {}
        elif parent in _LISTS and name in _OF_RESULT:
            self._inner.setdefault(name, text)
        elif text and path in _OF_RECORD:
            self._values.setdefault(path, text)

    def counted(self) -> Counted:
        """The whole record."""
        values = self._values
        row = Row(
            values.get("row/source_ip", ""),
            values.get("row/policy_evaluated/disposition", "none").lower(),
            values.get("row/policy_evaluated/dkim", "fail").lower(),
            values.get("row/policy_evaluated/spf", "fail").lower(),
            tuple(self._lists["row/policy_evaluated/reason"]),
            values.get("identifiers/header_from", ""),
            values.get("identifiers/envelope_from", ""),
            values.get("identifiers/envelope_to", ""),
            tuple(self._lists["auth_results/dkim"]),
            tuple(self._lists["auth_results/spf"]),
        )
        return Counted(row, _number(values.get("row/count", "")))


def _auth_result(inner: Mapping[str, str]) -> AuthResult:
    return AuthResult(
        inner.get("domain", ""),
        inner.get("result", "").lower(),
        inner.get("selector", ""),
        inner.get("scope", ""),
        inner.get("human_result", ""),
    )


def _reason(inner: Mapping[str, str]) -> Reason:
    return Reason(inner.get("type", ""), inner.get("comment", ""))


_LISTS: Mapping[str, Callable[[Mapping[str, str]], AuthResult | Reason]] = MappingProxyType(
    {
        "auth_results/dkim": _auth_result,
        "auth_results/spf": _auth_result,
        "row/policy_evaluated/reason": _reason,
    }
)
_OF_RESULT = frozenset(("domain", "result", "selector", "scope", "human_result", "type", "comment"))
_OF_RECORD = frozenset(
    (
        *("row/source_ip", "row/count"),
        *(f"row/policy_evaluated/{name}" for name in ("disposition", "dkim", "spf")),
        *(f"identifiers/{name}" for name in ("header_from", "envelope_from", "envelope_to")),
    )
)


def _policy(values: Mapping[str, str], domain: str) -> PolicyPublished:
    def of(name: str, otherwise: str = "") -> str:
        return values.get(f"policy_published/{name}", otherwise).lower()

    return PolicyPublished(
        domain.lower(),
        of("p", "none"),
        of("sp"),
        of("np"),
        of("adkim", "r"),
        of("aspf", "r"),
        of("testing") == "y",
        of("fo"),
        of("discovery_method"),
        of("pct"),
    )


def _number(text: str) -> int:
    """Unsigned; 0 for what is none: a report that counts wrongly is still a report."""
    return decimal(text.encode("ascii", "replace"), 12) or 0

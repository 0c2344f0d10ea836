"""A DMARC aggregate report as XML.

RFC 9990 §3.1.1 (elements and their order), appendix A (the namespace). What strangers wrote is escaped, and what XML cannot carry is replaced. Not
here: reading (`aggregate_reading`).
"""

from __future__ import annotations

from collections.abc import Iterator

from postroom.message.feedback.aggregate import (
    AggregateReport,
    AuthResult,
    Counted,
    Metadata,
    PolicyPublished,
)
from postroom.message.xml_documents import xml_text

NAMESPACE = "urn:ietf:params:xml:ns:dmarc-2.0"


def render(report: AggregateReport) -> bytes:
    """The document, in UTF-8."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<feedback xmlns="{NAMESPACE}">',
        "<version>1.0</version>",
        *_metadata(report.metadata),
        *_policy(report.policy),
    ]
    for one in report.rows:
        lines += _record(one)
    lines.append("</feedback>\n")
    return "\n".join(lines).encode()


def _element(name: str, text: object) -> str:
    return f"<{name}>{xml_text(str(text))}</{name}>"


def _given(**values: object) -> Iterator[str]:
    """Elements of those that are not empty, in this order."""
    for name, value in values.items():
        if value != "":
            yield _element(name, value)


def _metadata(meta: Metadata) -> Iterator[str]:
    yield "<report_metadata>"
    yield _element("org_name", meta.organization)
    yield _element("email", meta.email)
    yield from _given(extra_contact_info=meta.contact, report_id=meta.report_id)
    yield f"<date_range><begin>{meta.begin}</begin><end>{meta.end}</end></date_range>"
    yield from (_element("error", error) for error in meta.errors)
    yield from _given(generator=meta.generator)
    yield "</report_metadata>"


def _policy(policy: PolicyPublished) -> Iterator[str]:
    yield "<policy_published>"
    yield _element("domain", policy.domain)
    yield from _given(discovery_method=policy.method, p=policy.p, sp=policy.sp, np=policy.np, fo=policy.fo)
    yield from _given(adkim=policy.adkim, aspf=policy.aspf, testing="y" if policy.testing else "n")
    yield "</policy_published>"


def _record(one: Counted) -> Iterator[str]:
    row = one.row
    yield "<record>"
    yield f"<row>{_element('source_ip', row.source_ip)}<count>{one.count}</count>"
    yield "<policy_evaluated>"
    yield from _given(disposition=row.disposition, dkim=row.dkim, spf=row.spf)
    for reason in row.reasons:
        yield f"<reason>{''.join(_given(type=reason.kind, comment=reason.comment))}</reason>"
    yield "</policy_evaluated></row>"
    yield "<identifiers>"
    yield _element("header_from", row.header_from)
    yield from _given(envelope_from=row.envelope_from, envelope_to=row.envelope_to)
    yield "</identifiers>"
    yield "<auth_results>"
    yield from (_result("dkim", result) for result in row.signatures)
    yield from (_result("spf", result) for result in row.senders)
    yield "</auth_results>"
    yield "</record>"


def _result(name: str, one: AuthResult) -> str:
    parts = [_element("domain", one.domain)]
    parts += [_element("selector", one.selector)] if name == "dkim" else _given(scope=one.scope)
    parts += _given(result=one.result, human_result=one.human)
    return f"<{name}>{''.join(parts)}</{name}>"

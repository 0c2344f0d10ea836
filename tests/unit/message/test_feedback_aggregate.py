"""Aggregate reports, written and read: the same comes back; hostile XML does not."""

from __future__ import annotations

import pytest

from postroom.message.feedback import aggregate_reading
from postroom.message.feedback.aggregate import (
    AggregateReport,
    AuthResult,
    Counted,
    Metadata,
    PolicyPublished,
    Reason,
    Row,
)
from postroom.message.feedback.aggregate_reading import MAX_DEPTH, MAX_RESULTS, MAX_ROWS, MAX_TEXT, read
from postroom.message.feedback.aggregate_xml import NAMESPACE, render
from postroom.message.feedback.packing import BadReport

REPORT = AggregateReport(
    Metadata("hamburger.test", "r@hamburger.test", "id1", 1_750_000_000, 1_750_086_399, "call me", ("x",), "Postroom"),
    PolicyPublished("crepes.test", "reject", "none", "quarantine", "s", "r", testing=True, fo="1:d", method="treewalk"),
    (
        Counted(
            Row(
                "192.0.2.1",
                "none",
                "pass",
                "fail",
                (Reason("local_policy", "arc=pass & <so on>"),),
                "crepes.test",
                "bounces.crepes.test",
                signatures=(AuthResult("crepes.test", "pass", "r1"), AuthResult("x.test", "fail", "s", human="why")),
                senders=(AuthResult("bounces.crepes.test", "fail", scope="mfrom"),),
            ),
            12,
        ),
        Counted(Row("2001:db8::1", "reject", header_from="a.crepes.test"), 3),
    ),
)  # fmt: skip


def test_what_is_written_is_read() -> None:
    assert read(render(REPORT)) == REPORT
    assert (REPORT.passed, REPORT.failed) == (12, 3)


def test_strangers_words_do_not_become_xml() -> None:
    hostile = "</domain><p>none</p>&#0; ]]> \x00\x0b\ud800 <!-- -->"
    report = AggregateReport(
        Metadata(hostile, hostile, "id", 1, 2), PolicyPublished("e.test"), (Counted(Row("192.0.2.1", header_from=hostile)),)
    )  # fmt: skip
    found = read(render(report))
    assert found.rows[0].row.header_from == "</domain><p>none</p>&#0; ]]> ??? <!-- -->"
    assert found.policy.p == "none"


OLD = """<?xml version="1.0" encoding="{encoding}" ?>
<feedback>
  <report_metadata>
    <org_name>acme.test</org_name><email>noreply@acme.test</email>
    <report_id>9391651994964116463</report_id>
    <date_range><begin>1335571200</begin><end>1335657599</end></date_range>
  </report_metadata>
  <policy_published>
    <domain>Example.TEST</domain><adkim>r</adkim><aspf>s</aspf><p>none</p><sp>none</sp><pct>50</pct>
  </policy_published>
  <record>
    <row>
      <source_ip>72.150.241.94</source_ip><count>2</count>
      <policy_evaluated><disposition>None</disposition><dkim>fail</dkim><spf>pass</spf>
        <reason><type>forwarded</type><comment></comment></reason>
        <reason><type>sampled_out</type></reason></policy_evaluated>
    </row>
    <identifiers><header_from>exämple.test</header_from></identifiers>
    <auth_results>
      <dkim><domain>example.test</domain><result>fail</result><human_result></human_result></dkim>
      <spf><domain>example.test</domain><result>pass</result></spf>
    </auth_results>
  </record>
</feedback>
"""


@pytest.mark.parametrize("encoding", ["UTF-8", "ISO-8859-1", "UTF-16", "windows-1252"])
def test_the_shape_of_rfc_7489(encoding: str) -> None:
    found = read(OLD.format(encoding=encoding).encode(encoding))
    assert found.metadata.report_id == "9391651994964116463"
    assert (found.metadata.begin, found.metadata.end) == (1_335_571_200, 1_335_657_599)
    assert (found.policy.domain, found.policy.pct, found.policy.aspf) == ("example.test", "50", "s")
    (counted,) = found.rows
    assert (counted.count, counted.row.disposition, counted.row.passed) == (2, "none", True)
    assert [reason.kind for reason in counted.row.reasons] == ["forwarded", "sampled_out"]
    assert counted.row.signatures == (AuthResult("example.test", "fail"),)
    assert counted.row.header_from == "exämple.test"


def test_extensions_are_left_out() -> None:
    text = render(REPORT).decode()
    more = '<x:more xmlns:x="urn:x"><x:domain>evil.test</x:domain><domain>evil.test</domain></x:more>'
    text = text.replace("<policy_published>", f"<extension>{more}</extension><policy_published>{more}")
    text = text.replace("</auth_results>", f"</auth_results>{more}")
    assert read(text.encode()) == REPORT


def test_a_prefix_is_a_namespace() -> None:
    text = render(REPORT).decode().replace("<", "<f:").replace("<f:/", "</f:").replace("<f:?", "<?")
    text = text.replace("xmlns=", "xmlns:f=")
    assert read(text.encode()) == REPORT
    assert NAMESPACE in text


LAUGHS = (
    '<!DOCTYPE f [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'
    "<feedback><report_metadata><org_name>&c;</org_name></report_metadata></feedback>"
)


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (LAUGHS, "DTD"),
        ('<!DOCTYPE f SYSTEM "file:///etc/passwd"><feedback/>', "DTD"),
        ('<!DOCTYPE f [<!ENTITY x SYSTEM "http://evil.test/">]><feedback>&x;</feedback>', "DTD"),
        ("<!DOCTYPE feedback><feedback/>", "DTD"),
        ("<feedback>&unknown;</feedback>", "not XML"),
        ("<feedback/>", "no domain"),
        ("<html/>", "root is html"),
        ("", "not XML"),
        ("not xml at all", "not XML"),
        ("<feedback><record></feedback>", "not XML"),
        ("<feedback>", "not XML"),
        ('<?xml version="1.0" encoding="no-such-thing"?><feedback/>', "encoding|not XML"),
        ('<?xml version="1.0" encoding="utf-7"?><feedback/>', "encoding|not XML"),
        ("<feedback>" + "<a>" * (MAX_DEPTH), f"more than {MAX_DEPTH} deep"),
        ("<feedback>" + '<x:a xmlns:x="u">' * 10_000, f"more than {MAX_DEPTH} deep"),
        (f"<feedback><a>{'x' * (MAX_TEXT + 1)}</a></feedback>", f"more than {MAX_TEXT} characters"),
        (f"<feedback>{'<record/>' * (MAX_ROWS + 1)}</feedback>", f"more than {MAX_ROWS} records"),
        ("<feedback " + " ".join(f"a{n}='1'" for n in range(50_000)) + "></feedback>", "no domain"),
    ],
)
def test_what_is_no_report(document: str, why: str) -> None:
    with pytest.raises(BadReport, match=why):
        read(document.encode())


def test_the_limits_are_what_is_allowed() -> None:
    head = "<report_metadata><report_id>1</report_id></report_metadata><policy_published><domain>e.test</domain></policy_published>"
    deep = "<a>" * (MAX_DEPTH - 1) + "</a>" * (MAX_DEPTH - 1)
    text = f"<b>{'x' * MAX_TEXT}</b>"
    signatures = "<dkim><domain>d.test</domain></dkim>" * (MAX_RESULTS + 1)
    record = f"<record><auth_results>{signatures}</auth_results></record>"
    found = read(f"<feedback>{head}{deep}{text}{record}{'<record/>' * (MAX_ROWS - 1)}</feedback>".encode())
    assert len(found.rows) == MAX_ROWS
    assert len(found.rows[0].row.signatures) == MAX_RESULTS


@pytest.mark.parametrize("count", ["-1", "1e9", "٣", "9" * 400, "0x10", ""])
def test_numbers_are_digits(count: str) -> None:
    text = render(REPORT).decode().replace("<count>12</count>", f"<count>{count}</count>")
    assert read(text.encode()).rows[0].count == 0


def test_values_are_fit_for_eyes_and_cut() -> None:
    text = (
        render(REPORT)
        .decode()
        .replace("hamburger.test</org_name>", "&#x9b;2J&#x202e;" + "x" * 400 + "</org_name>")
    )
    name = read(text.encode()).metadata.organization
    assert name.isprintable()
    assert len(name) < aggregate_reading.MAX_VALUE + 20

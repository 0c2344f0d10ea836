"""What a lab's domain says of its mail server, whoever wrote its zone."""

from __future__ import annotations

from postroom.lab.dns.policies import completed
from postroom.lab.dns.zones import ZoneText
from postroom.lab.faults.mishaps import Troubles, parse_mishap

SAID = ["_25._tcp.mail TLSA 3 1 1 aa", '_mta-sts TXT "v=STSv1; id=1"', "mta-sts A 127.0.0.3"]


def test_what_is_not_said_is_added() -> None:
    zone = ZoneText("r.test", ("@ MX 10 mail", "mail A 127.0.0.3"))
    assert completed(zone, SAID) == [*zone.lines, *SAID]


def test_what_is_said_already_stands() -> None:
    lines = (
        "_25._tcp.mail.r.test. 300 IN TLSA 3 1 1 bb",
        '_mta-sts.r.test. IN TXT "v=STSv1; id=2"',
        "mta-sts CNAME mail",
    )
    assert completed(ZoneText("r.test", lines), SAID) == list(lines)


def test_faults_find_their_records_in_each_form() -> None:
    troubles = Troubles(
        [parse_mishap("wrong-spf@crepes.test"), parse_mishap("wrong-name@crepes.test")], "crepes.test"
    )
    lines = ['crepes.test. 300 IN TXT "v=spf1 mx -all"', "_25._tcp.mail.crepes.test. 300 IN TLSA 3 1 1 bb"]
    assert troubles.edited(lines) == ('@ TXT "v=spf1 ip4:192.0.2.1 -all"',)

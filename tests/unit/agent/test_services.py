"""Where a domain's mail is: by its SRV records, and as a person says."""

from __future__ import annotations

import pytest

from postroom.agent.accounts import Endpoint
from postroom.agent.invocation import CommandFailed
from postroom.agent.services import Services, place, services_of
from postroom.agent.setting_up import published
from postroom.proto.dns.answer import Answer, Kind, Rcode, Srv

NOWHERE = Srv(0, 0, 0, "")


class Names:
    """A DNS of these records; a string instead of them is a failure."""

    def __init__(self, records: dict[str, list[Srv]], rcode: Rcode = Rcode.NOERROR) -> None:
        self.records = records
        self.rcode = rcode

    async def srv(self, name: str) -> Answer[Srv]:
        return Answer(name, Kind.SRV, self.rcode, tuple(self.records.get(name, ())))


def at(host: str, port: int, priority: int = 0, weight: int = 1) -> Srv:
    return Srv(priority, weight, port, host)


@pytest.mark.parametrize(
    ("records", "services"),
    [
        ({}, Services()),
        (
            {"_imaps._tcp.x.test": [at("i.x.test", 993)], "_submissions._tcp.x.test": [at("s.x.test", 465)]},
            Services(Endpoint("i.x.test", 993, "implicit"), None, Endpoint("s.x.test", 465, "implicit")),
        ),
        (  # TLS from the start is preferred, POP3 counts only without IMAP
            {
                "_imap._tcp.x.test": [at("i.x.test", 143)],
                "_imaps._tcp.x.test": [NOWHERE],
                "_pop3s._tcp.x.test": [at("p.x.test", 995)],
                "_submission._tcp.x.test": [at("s.x.test", 587)],
            },
            Services(Endpoint("i.x.test", 143, "starttls"), None, Endpoint("s.x.test", 587, "starttls")),
        ),
        (
            {"_imap._tcp.x.test": [NOWHERE], "_pop3s._tcp.x.test": [at("p.x.test", 995)]},
            Services(None, Endpoint("p.x.test", 995, "implicit"), None),
        ),
        (
            {"_imaps._tcp.x.test": [at("b.test", 1, 5, 90), at("c.test", 2, 1, 3), at("d.test", 3, 1, 7)]},
            Services(Endpoint("d.test", 3, "implicit")),
        ),
    ],
)
async def test_what_a_domain_publishes(records: dict[str, list[Srv]], services: Services) -> None:
    assert await services_of("x.test", Names(records)) == services


@pytest.mark.parametrize("rcode", [Rcode.SERVFAIL, Rcode.TIMEOUT, Rcode.UNREACHABLE])
async def test_a_dns_that_fails_is_no_domain_without_servers(rcode: Rcode) -> None:
    with pytest.raises(CommandFailed, match=f"{rcode}.*--imap HOST"):
        await services_of("x.test", Names({}, rcode))


@pytest.mark.parametrize(
    "records",
    [
        {},
        {"_imaps._tcp.x.test": [at("i.x.test", 993)]},
        {"_submissions._tcp.x.test": [at("s.x.test", 465)]},
    ],
)
async def test_half_of_it_is_not_enough(records: dict[str, list[Srv]]) -> None:
    with pytest.raises(CommandFailed, match=r"x\.test does not publish .*: say --imap HOST and --smtp HOST"):
        await published(Names(records), "x.test")


async def test_a_domain_beyond_ascii_is_asked_for_in_a_labels() -> None:
    names = {
        "_imaps._tcp.xn--bcher-kva.test": [at("i.test", 993)],
        "_submissions._tcp.xn--bcher-kva.test": [at("s.test", 465)],
    }
    assert (await published(Names(names), "bücher.test")).imap == Endpoint("i.test", 993, "implicit")


@pytest.mark.parametrize(
    ("protocol", "text", "endpoint"),
    [
        ("imap", "mail.x.test", Endpoint("mail.x.test", 993, "implicit")),
        ("pop3", "mail.x.test", Endpoint("mail.x.test", 995, "implicit")),
        ("smtp", "mail.x.test", Endpoint("mail.x.test", 465, "implicit")),
        ("smtp", "mail.x.test:587", Endpoint("mail.x.test", 587, "starttls")),
        ("imap", "mail.x.test:143/implicit", Endpoint("mail.x.test", 143, "implicit")),
        ("imap", "192.0.2.1:1143/starttls", Endpoint("192.0.2.1", 1143, "starttls")),
        ("imap", "[2001:db8::1]:143", Endpoint("2001:db8::1", 143, "starttls")),
        ("imap", "[2001:db8::1]", Endpoint("2001:db8::1", 993, "implicit")),
        ("imap", "2001:db8::1", Endpoint("2001:db8::1", 993, "implicit")),
    ],
)
def test_what_a_person_says(protocol: str, text: str, endpoint: Endpoint) -> None:
    assert place(protocol, text) == endpoint


@pytest.mark.parametrize(
    "text", ["", ":993", "x:", "x:0", "x:65536", "x:port", "x/tls", "x:993/none", "[::1"]
)
def test_what_no_one_can_connect_to(text: str) -> None:
    with pytest.raises(CommandFailed, match="HOST:PORT") as caught:
        place("imap", text)
    assert caught.value.code == 2

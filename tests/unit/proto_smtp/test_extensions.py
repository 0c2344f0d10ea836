"""Extensions: one table, and what each connection is offered of it."""

import pytest

from postroom.proto.smtp.commands import VERBS
from postroom.proto.smtp.config import Limits, ServerConfig, Service
from postroom.proto.smtp.extensions import EXTENSIONS, MOST_NAMES, Offers
from postroom.proto.smtp.parameters import MAIL_PARAMETERS, RCPT_PARAMETERS

FULL = ServerConfig(
    "mx.l.test",
    lambda: 1_709_164_800_000_000,  # 2024-02-29
    service=Service.SUBMISSION,
    limits=Limits(message=1000, recipients=7, mails=9, hold=86_400, deliver_by=5),
    starttls=True,
    mechanisms=("PLAIN", "LOGIN"),
    etrn=True,
    turn=True,
)


def lines(config: ServerConfig, *, tls: bool = False, authenticated: bool = False) -> tuple[str, ...]:
    return Offers(config).at(tls=tls, authenticated=authenticated).ehlo_lines()


def test_each_parameter_and_each_verb_belongs_to_a_row() -> None:
    assert sorted(name for row in EXTENSIONS for name in row.mail) == sorted(MAIL_PARAMETERS)
    assert sorted(name for row in EXTENSIONS for name in row.rcpt) == sorted(RCPT_PARAMETERS)
    assert {name for row in EXTENSIONS for name in row.verbs} <= set(VERBS)


def test_over_tls() -> None:
    assert list(lines(FULL, tls=True)) == [
        "PIPELINING", "SIZE 1000", "8BITMIME", "BINARYMIME", "CHUNKING", "SMTPUTF8", "DSN", "ENHANCEDSTATUSCODES", "DELIVERBY 5",
        "FUTURERELEASE 86400 2024-03-01T00:00:00Z", "MT-PRIORITY", "LIMITS MAILMAX=9 RCPTMAX=7", "AUTH PLAIN LOGIN", "REQUIRETLS",
        "ETRN", "ATRN",
        "HELP",
    ]  # fmt: skip


def test_in_the_clear_there_is_no_login() -> None:
    words = {line.split()[0] for line in lines(FULL)}
    assert "STARTTLS" in words
    assert not words & {"AUTH", "ATRN", "REQUIRETLS"}


def test_a_public_server_does_not_hold_messages() -> None:
    assert not [
        line for line in lines(ServerConfig("mx.l.test", lambda: 0)) if line.startswith("FUTURERELEASE")
    ]


@pytest.mark.parametrize("keyword", [row.keyword for row in EXTENSIONS])
def test_what_is_withheld_is_gone_with_all_that_belongs_to_it(keyword: str) -> None:
    row = next(row for row in EXTENSIONS if row.keyword == keyword)
    config = ServerConfig("mx.l.test", lambda: 0, service=Service.SUBMISSION, mechanisms=("PLAIN",), plaintext_auth=True, etrn=True,
                          turn=True, starttls=True, withheld=frozenset({keyword}))  # fmt: skip
    offer = Offers(config).at(tls=False, authenticated=False)
    assert not [line for line in offer.ehlo_lines() if line.split()[0] == keyword]
    assert not set(row.mail) & set(offer.mail)
    assert not set(row.rcpt) & set(offer.rcpt)
    assert not set(row.verbs) & offer.verbs


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "1970-01-01T00:00:00Z"), (951_782_399, "2000-02-28T23:59:59Z"), (951_782_400, "2000-02-29T00:00:00Z"),
     (4_102_444_799, "2099-12-31T23:59:59Z"), (2_147_483_648, "2038-01-19T03:14:08Z")],
)  # fmt: skip
def test_dates(seconds: int, text: str) -> None:
    config = ServerConfig(
        "mx.l.test", lambda: seconds * 1_000_000, service=Service.SUBMISSION, limits=Limits(hold=0)
    )
    assert f"FUTURERELEASE 0 {text}" in lines(config)


def test_connections_share_what_was_made() -> None:
    offers = Offers(FULL)
    assert offers.at(tls=True, authenticated=False) is offers.at(tls=True, authenticated=False)


def test_the_answer_to_a_greeting_is_made_once_for_each_name_unless_it_tells_the_time() -> None:
    for config, once in ((ServerConfig("mx.l.test", lambda: 0), True), (FULL, False)):
        offers = Offers(config)
        offer = offers.at(tls=False, authenticated=False)
        first = offers.hello(offer, "c.test", extended=True)
        assert first.lines == ("mx.l.test Hello c.test, pleased to meet you", *offer.ehlo_lines())
        assert (offers.hello(offer, "c.test", extended=True) is first) == once
        assert offers.hello(offer, "c.test", extended=False).lines == first.lines[:1]


def test_names_of_strangers_do_not_fill_the_memory() -> None:
    offers = Offers(ServerConfig("mx.l.test", lambda: 0))
    offer = offers.at(tls=False, authenticated=False)
    for number in range(2 * MOST_NAMES + 2):
        offers.hello(offer, f"c{number}.test", extended=False)
    assert len(offers._hellos) <= MOST_NAMES

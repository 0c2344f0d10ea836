"""MAIL and RCPT for servers that offer this and that; and our server reads what our client writes."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from postroom.message.address import Address
from postroom.message.envelope import BodyKind, ByMode, DeliverBy, Envelope, Notify, Recipient, Ret
from postroom.message.errors import (
    BadAddress,
    ConversionRequired,
    Expired,
    MessageTooBig,
    NonAsciiAddress,
    RequireTlsUnsupported,
)
from postroom.proto.smtp.capabilities import NOTHING, Capabilities
from postroom.proto.smtp.client_parameters import Letter, mail_command, obstacle, rcpt_command
from postroom.proto.smtp.commands import Mail, Rcpt
from postroom.proto.smtp.config import ServerConfig, Service
from postroom.proto.smtp.extensions import Offers

NOW = 1_700_000_000
ALL = Capabilities.parse(
    (
        "SIZE 1000",
        "8BITMIME",
        "BINARYMIME",
        "CHUNKING",
        "SMTPUTF8",
        "DSN",
        "DELIVERBY",
        "MT-PRIORITY",
        "AUTH PLAIN",
        "FUTURERELEASE 9 x",
    )
)
SERVER = Offers(
    ServerConfig(
        "l.test",
        lambda: NOW * 1_000_000,
        service=Service.SUBMISSION,
        mechanisms=("PLAIN",),
        plaintext_auth=True,
    )
).at(tls=False, authenticated=False)
X, U, UE = Address("x", "a.test"), Address("u", "l.test"), Address("ü", "l.test")


def letter(
    content: bytes = b"x\r\n", sender: Address | None = X, to: Address = U, **envelope: object
) -> Letter:
    return Letter(Envelope(sender, [Recipient(to)], **envelope), content)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("parcel", "keywords", "error"),
    [
        (letter(), "", None),
        (letter("ü".encode()), "8BITMIME", None),
        (letter("ü".encode()), "", ConversionRequired),
        (letter(b"a\0"), "8BITMIME", ConversionRequired),
        (letter(b"a\0"), "BINARYMIME CHUNKING", None),
        (letter(b"a", body=BodyKind.BINARY), "BINARYMIME", ConversionRequired),
        (letter(to=UE), "8BITMIME", NonAsciiAddress),
        (letter(sender=UE), "8BITMIME", NonAsciiAddress),
        (letter(smtputf8=True), "8BITMIME", NonAsciiAddress),
        (letter(to=UE), "SMTPUTF8", None),
        (letter(b"x" * 1001), "SIZE=1000", MessageTooBig),
        (letter(deliver_by=DeliverBy(NOW + 5, ByMode.RETURN)), "", Expired),
        (letter(deliver_by=DeliverBy(NOW + 5, ByMode.RETURN)), "DELIVERBY", None),
        (letter(deliver_by=DeliverBy(NOW, ByMode.RETURN)), "DELIVERBY", Expired),
        (letter(deliver_by=DeliverBy(NOW - 5, ByMode.NOTIFY)), "", None),
        (letter(to=Address("u\r\nDATA", "l.test")), "SMTPUTF8", BadAddress),
        (letter(sender=None), "", None),
    ],
)
def test_obstacles(parcel: Letter, keywords: str, error: type[Exception] | None) -> None:
    capabilities = Capabilities.parse(tuple(word.replace("=", " ") for word in keywords.split()))
    found = obstacle(parcel, capabilities, NOW)
    assert type(found) is (error or type(None))


def test_everything_that_can_be_said() -> None:
    parcel = letter(
        "ü".encode(), ret=Ret.FULL, envid="a b", auth="e=mc2@a.test", priority=3, deliver_by=DeliverBy(NOW + 60, ByMode.NOTIFY, trace=True),
        hold_until=NOW + 9, smtputf8=True,
    )  # fmt: skip
    assert mail_command(parcel, ALL, NOW, parcel.kind) == (
        "MAIL FROM:<x@a.test> SIZE=2 BODY=8BITMIME SMTPUTF8 RET=FULL ENVID=a+20b AUTH=e+3Dmc2@a.test MT-PRIORITY=3 BY=60;NT HOLDFOR=9\r\n"
    )
    parcel.content = b"x"
    assert mail_command(parcel, NOTHING, NOW, parcel.kind) == "MAIL FROM:<x@a.test>\r\n"
    assert mail_command(letter(b"", None), ALL, NOW, BodyKind.SEVEN_BIT) == "MAIL FROM:<>\r\n"


@pytest.mark.parametrize(
    ("recipient", "command"),
    [
        (Recipient(U), "RCPT TO:<u@l.test>"),
        (Recipient(U, Notify.NEVER), "RCPT TO:<u@l.test> NOTIFY=NEVER"),
        (Recipient(U, Notify.SUCCESS | Notify.DELAY), "RCPT TO:<u@l.test> NOTIFY=SUCCESS,DELAY"),
        (Recipient(U, None, "rfc822;a=b"), "RCPT TO:<u@l.test> ORCPT=rfc822;a+3Db"),
        (Recipient(U, None, "utf-8;ü"), "RCPT TO:<u@l.test> ORCPT=utf-8;ü"),
        (Recipient(Address("a b", "l.test")), 'RCPT TO:<"a b"@l.test>'),
    ],
)
def test_recipients(recipient: Recipient, command: str) -> None:
    assert rcpt_command(recipient, ALL) == command + "\r\n"
    plain = rcpt_command(recipient, NOTHING)
    assert "NOTIFY" not in plain
    assert "ORCPT" not in plain


def test_an_original_recipient_is_ascii_without_smtputf8() -> None:
    ascii_only = Capabilities.parse(["l.test", "DSN"])
    assert (
        rcpt_command(Recipient(U, None, "utf-8;ü"), ascii_only)
        == "RCPT TO:<u@l.test> ORCPT=utf-8;\\x{FC}\r\n"
    )


TEXT = st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20)


@given(
    st.builds(
        Envelope,
        st.sampled_from([None, X, UE, Address('a"b c', "a.test")]),
        body=st.sampled_from(BodyKind),
        smtputf8=st.just(True),
        size=st.integers(1, 1000),
        envid=st.none() | TEXT,
        ret=st.none() | st.sampled_from(Ret),
        deliver_by=st.none()
        | st.builds(DeliverBy, st.integers(NOW + 1, NOW + 1000), st.sampled_from(ByMode), st.booleans()),
        hold_until=st.none() | st.integers(NOW + 1, NOW + 1000),
        priority=st.integers(-9, 9),
        auth=st.none() | st.sampled_from(["<>", "e=mc2@a.test"]),
    )
)
def test_our_server_reads_what_our_client_says(envelope: Envelope) -> None:
    by, hold = envelope.deliver_by, envelope.hold_until
    assume(not (by and hold and by.mode is ByMode.RETURN and by.deadline <= hold))  # that is refused
    content = {BodyKind.SEVEN_BIT: b"x", BodyKind.EIGHT_BIT: b"\xff", BodyKind.BINARY: b"\0"}[envelope.body]
    line = mail_command(Letter(envelope, content, envelope.size), ALL, NOW, envelope.body)
    assert Mail.parse(line[5:-2], SERVER).envelope == envelope


@given(
    st.builds(
        Recipient,
        st.sampled_from([X, U]),
        st.none() | st.sampled_from([Notify.NEVER, Notify.SUCCESS, Notify(7)]),
        st.none() | TEXT.map("rfc822;{}".format),
    )
)
def test_our_server_reads_our_recipients(recipient: Recipient) -> None:
    assert Rcpt.parse(rcpt_command(recipient, ALL)[5:-2], SERVER).recipient == recipient


TLS = Capabilities.parse(("REQUIRETLS",))


@pytest.mark.parametrize(("sender", "possible"), [(X, False), (None, True)])
def test_requiretls_may_not_be_left_out_but_of_a_report(sender: Address | None, possible: bool) -> None:
    letter = Letter(Envelope(sender, [Recipient(U)], require_tls=True), b"x\r\n")
    assert obstacle(letter, TLS, NOW) is None
    assert isinstance(obstacle(letter, NOTHING, NOW), type(None) if possible else RequireTlsUnsupported)
    assert mail_command(letter, TLS, NOW, BodyKind.SEVEN_BIT).endswith("> REQUIRETLS\r\n")
    assert "REQUIRETLS" not in mail_command(letter, NOTHING, NOW, BodyKind.SEVEN_BIT)

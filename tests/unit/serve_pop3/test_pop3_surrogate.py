import email
import email.policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.serve.pop3.surrogate import surrogate

LETTER = """From: José <josé@crêpes.test>
To: Bob <bob@hamburger.test>, Zoë <zoe@hamburger.test>
Subject: Crêpes à volonté
Message-ID: <été@crepes.test>
X-Trace: é
Content-Type: multipart/mixed; boundary=cut

--cut
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

Déjà vu
--cut
Content-Type: image/png
Content-Disposition: attachment; filename="crêpe au sucre.png"

x
--cut--
""".replace("\n", "\r\n").encode()


def test_a_letter_of_many_languages_becomes_one_that_every_client_reads() -> None:
    raw = surrogate(LETTER)
    read = email.message_from_bytes(raw, policy=email.policy.default)
    assert read["Subject"] == "Crêpes à volonté"
    assert [address.display_name for address in read["To"].addresses] == ["Bob", "Zoë"]
    assert [address.addr_spec for address in read["To"].addresses] == [
        "bob@hamburger.test",
        "zoe@hamburger.test",
    ]
    sender = read["From"].addresses[0]
    assert sender.display_name == "José <josé@crêpes.test>"
    assert sender.addr_spec == "invalid@internationalized-address.invalid"
    assert read["Message-ID"] is None
    assert read["X-Trace"] is None
    text, picture = read.iter_parts()
    assert text.get_content().strip() == "Déjà vu"
    assert picture.get_filename() == "crêpe au sucre.png"


def test_only_headers_change() -> None:
    raw = surrogate(LETTER)
    assert b"\r\n\r\nD\xc3\xa9j\xc3\xa0 vu\r\n--cut\r\n" in raw
    assert raw.replace(b"D\xc3\xa9j\xc3\xa0", b"").isascii()


@pytest.mark.parametrize(
    "message",
    [b"", b"Subject: plain\r\n\r\nbody\r\n", b"Subject: plain\r\n\r\nD\xc3\xa9j\xe0 vu\r\n", b"\xff"],
)
def test_what_needs_no_surrogate_is_left_alone(message: bytes) -> None:
    assert surrogate(message) == message


@pytest.mark.parametrize(
    ("field", "rewritten"),
    [
        (b"Subject: caf\xe9\r\n", b"Subject: =?utf-8?b?Y2Fmw6k=?=\r\n"),
        (b"Received: from \xc3\xa9 by x\r\n", b""),
        (b"Subject: \xc3\xa9\0\r\n", None),
        (b"To: undisclosed-r\xc3\xa9cipients:;\r\n", b""),
        (b"Content-Type: t\xc3\xa9xt/plain\r\n", b""),
    ],
)
def test_each_kind_of_field(field: bytes, rewritten: bytes | None) -> None:
    raw = surrogate(field + b"To: bob\r\n\r\nbody\r\n")
    assert raw.isascii()
    if rewritten is not None:
        assert raw == rewritten + b"To: bob\r\n\r\nbody\r\n"


@given(st.binary(max_size=300), st.sampled_from([b"Subject: ", b"From: ", b"Content-Type: a/b; c=", b""]))
def test_whatever_comes_the_header_becomes_ascii(octets: bytes, start: bytes) -> None:
    raw = surrogate(start + octets + b"\r\n\r\nbody")
    assert raw.endswith(b"body")
    head = raw.partition(b"\r\n\r\n")[0]
    assert surrogate(raw) == raw or b"\n\n" in head


def test_a_header_that_goes_on_in_the_next_piece_is_not_torn() -> None:
    """Large messages come in pieces, and only the first one is looked at."""
    head = b"Subject: caf\xe9\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n--b\r\n"
    part = b'Content-Disposition: attachment; filename="K\xc3\xa4se-und-\xc3\x84pfel.pdf"\r\n\r\nQUJD\r\n--b--\r\n'
    for cut in range(len(part)):
        raw = surrogate(head + part[:cut], whole=False) + part[cut:]
        assert raw.startswith(b"Subject: =?utf-8?b?Y2Fmw6k=?=\r\n")
        assert part in raw or b"filename*=utf-8''K%C3%A4se-und-%C3%84pfel.pdf\r\n\r\nQUJD\r\n--b--" in raw, (
            cut
        )

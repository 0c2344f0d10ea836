import base64

import pytest

from postroom.proto.pop3.authorization import Authorization, Pop3Config, credential
from postroom.proto.pop3.events import ApopLogin, Login, StartTls
from postroom.proto.pop3.replies import Replies
from postroom.proto.sasl.mechanisms import Channel

STAMP = "<1896.697170952@dbc.mtview.ca.us>"
DIGEST = b"c4c9334bac560ecc979e58001b3e22fb"


def before_login(*, secure: bool = False, plaintext: bool = True, timestamp: str = STAMP) -> Authorization:
    config = Pop3Config("hamburger.test", stls=True, plaintext=plaintext)
    return Authorization(Replies(), config, timestamp, Channel(secure))


def said(authorization: Authorization) -> str:
    return authorization._replies.take().decode().strip()


def test_a_name_and_a_password_make_a_login() -> None:
    authorization = before_login()
    authorization.user([b"bob "])
    assert authorization.password([b"two  words "]) == Login("bob", "two  words ")


@pytest.mark.parametrize("forget", [True, False])
def test_a_password_without_a_name_just_before_it_is_refused(forget: bool) -> None:
    authorization = before_login()
    if forget:
        authorization.user([b"bob"])
        authorization.forget_name()
    assert authorization.password([b"hungry"]) is None
    assert "-ERR Send USER first" in said(authorization)


def test_the_answer_to_a_name_is_the_same_for_all_names() -> None:
    authorization = before_login()
    answers = set()
    for name in (b"bob", b"nobody", b"\xc3\xa9", b"bob@hamburger.test"):
        authorization.user([name])
        answers.add(said(authorization))
    assert len(answers) == 1


def test_passwords_are_not_taken_in_clear_where_that_is_not_allowed() -> None:
    authorization = before_login(plaintext=False)
    authorization.user([b"bob"])
    assert authorization.password([b"hungry"]) is None
    assert authorization.auth([b"PLAIN"]) is None
    assert said(authorization).count("-ERR No passwords in clear: send STLS first") == 3
    assert not authorization.offer().passwords
    assert authorization.offer().mechanisms == ()


@pytest.mark.parametrize("octets", [b"\xff\xfe", b"\xc3", b"\xed\xa0\x80", b"bob\0x"])
def test_credentials_are_utf8(octets: bytes) -> None:
    authorization = before_login()
    assert credential(octets) is None
    assert authorization.user([octets]) is None
    assert said(authorization).startswith("-ERR")


def test_the_digest_of_apop_is_handed_out_with_what_it_proves() -> None:
    assert before_login().apop([b"mrose", DIGEST.upper()]) == ApopLogin("mrose", DIGEST.decode(), STAMP)


@pytest.mark.parametrize("digest", [b"", DIGEST[:-1], DIGEST + b"0", b"g" * 32, b"\xc3\xa9" * 16])
def test_what_is_no_digest_is_refused(digest: bytes) -> None:
    authorization = before_login()
    assert authorization.apop([b"mrose", digest]) is None
    assert said(authorization) == "-ERR Syntax: APOP name digest"


def test_without_a_timestamp_there_is_no_apop() -> None:
    authorization = before_login(timestamp="")
    assert authorization.apop([b"mrose", DIGEST]) is None
    assert said(authorization) == "-ERR APOP is not available"


PLAIN = base64.b64encode(b"\0bob\0hungry")


@pytest.mark.parametrize(
    ("arguments", "responses", "login"),
    [
        ([b"PLAIN", PLAIN], [], Login("bob", "hungry", "PLAIN")),
        ([b"plain"], [PLAIN], Login("bob", "hungry", "PLAIN")),
        (
            [b"PLAIN", base64.b64encode(b"boss\0bob\0p")],
            [],
            Login("bob", "p", "PLAIN", "boss"),
        ),
        ([b"LOGIN"], [b"Ym9i", b"aHVuZ3J5"], Login("bob", "hungry", "LOGIN")),
        ([b"LOGIN", b"Ym9i"], [b"aHVuZ3J5"], Login("bob", "hungry", "LOGIN")),
    ],
)
def test_sasl(arguments: list[bytes], responses: list[bytes], login: Login) -> None:
    authorization = before_login()
    event = authorization.auth(arguments)
    for response in responses:
        assert event is None
        assert authorization.exchanging
        event = authorization.respond(response)
    assert event == login
    assert not authorization.exchanging


@pytest.mark.parametrize(
    ("mechanism", "response"),
    [
        (b"PLAIN", b"*"), (b"PLAIN", b"%%%"), (b"PLAIN", b""), (b"PLAIN", base64.b64encode(b"\0\0")),
        (b"PLAIN", base64.b64encode(b"\0\xff\xfe\0p")), (b"PLAIN", base64.b64encode(b"bob\0hungry")), (b"LOGIN", b"*"),
        (b"LOGIN", b"/w=="),
    ],
)  # fmt: skip
def test_an_exchange_ends_with_the_first_fault(mechanism: bytes, response: bytes) -> None:
    authorization = before_login()
    authorization.auth([mechanism])
    assert authorization.respond(response) is None
    assert not authorization.exchanging
    assert said(authorization).splitlines()[-1].startswith("-ERR")


def test_auth_alone_lists_the_mechanisms() -> None:
    authorization = before_login()
    authorization.auth([])
    assert said(authorization).splitlines()[1:] == ["PLAIN", "LOGIN", "."]


@pytest.mark.parametrize("mechanism", [b"CRAM-MD5", b"EXTERNAL", b"\xff", b"PLAIN\xc3"])
def test_an_unknown_mechanism_is_answered_with_those_there_are(mechanism: bytes) -> None:
    authorization = before_login()
    assert authorization.auth([mechanism]) is None
    assert said(authorization) == "-ERR Mechanism not available, here work: PLAIN LOGIN"


def test_tls_may_be_asked_for_once() -> None:
    assert before_login().start_tls([]) == StartTls()
    authorization = before_login(secure=True)
    assert authorization.start_tls([]) is None
    assert said(authorization) == "-ERR Command not permitted when TLS active"
    assert not authorization.offer().stls


def test_tls_does_not_come_after_utf8() -> None:
    authorization = before_login()
    authorization.enable_utf8([])
    assert authorization.start_tls([]) is None
    assert authorization.utf8
    assert not authorization.offer().stls

"""A session of SMTP ends when what its user has logged in with does, as soon as no message of it is arriving."""

import base64

import pytest

from login_looks import look
from postroom.serve.standing import Standing
from smtp_session import OpenDoor, Talk, service

BOB = base64.b64encode(b"\0bob@hamburger.test\0right").decode()
ENDED = "421 4.7.0 What you have logged in with is not good any more, goodbye"


@pytest.fixture
def standing() -> Standing:
    return Standing()


@pytest.fixture
def door() -> OpenDoor:
    return OpenDoor()


@pytest.fixture
async def bob(standing: Standing, door: OpenDoor) -> Talk:
    talk = Talk(service(door, standing=standing, starttls=True, mechanisms=("PLAIN",), plaintext_auth=True))
    await talk.say("EHLO a.test", f"AUTH PLAIN {BOB}")
    return talk


async def test_who_says_nothing(bob: Talk, standing: Standing) -> None:
    assert await look(standing, good=True) == 1
    assert await bob.say("NOOP") == ["250 2.0.0 Ok"]
    await look(standing, good=False)
    assert await bob.hear(b"") == [ENDED]
    assert bob.session.machine.closing
    bob.session.closed("done")
    assert await look(standing, good=False) == 0


async def test_a_message_that_is_arriving_comes_to_its_end(
    bob: Talk, standing: Standing, door: OpenDoor
) -> None:
    await bob.say("MAIL FROM:<bob@hamburger.test>", "RCPT TO:<x@r.test>", "DATA")
    await look(standing, good=False)
    [said] = await bob.hear(b"Hi\r\n.\r\n")
    assert said.startswith("250 ")
    assert len(door.taken) == 1
    bob.session.dismissed()  # as the pump does behind each event
    assert await bob.hear(b"") == [ENDED]


async def test_who_begins_tls_or_goes_is_asked_about_no_more(bob: Talk, standing: Standing) -> None:
    await bob.say("STARTTLS")
    assert await look(standing, good=False) == 0
    bob.session.dismissed()
    assert await bob.hear(b"") == ["421 4.3.2 The service is being stopped, try again later"]


async def test_a_refused_login_is_not_asked_about(standing: Standing, door: OpenDoor) -> None:
    talk = Talk(service(door, standing=standing, mechanisms=("PLAIN",), plaintext_auth=True))
    wrong = base64.b64encode(b"\0bob@hamburger.test\0wrong").decode()
    await talk.say("EHLO a.test", f"AUTH PLAIN {wrong}")
    assert await look(standing, good=False) == 0

"""The tests of the example: every mail goes over a real wire to a real server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from flask.testing import FlaskClient

from examples.flask_sign_up.app import create_app

if TYPE_CHECKING:
    from postroom.lab import Mailbox
    from postroom.lab.testing.faults import MailFaults


@pytest.fixture
def client(mailbox: Mailbox) -> FlaskClient:
    """Somebody before the application, which sends to the lab."""
    return create_app(mailbox.host, mailbox.smtp_port).test_client()


def members(client: FlaskClient) -> set[str]:
    """Who is believed."""
    found: set[str] = client.application.config["MEMBERS"]
    return found


def test_the_link_lets_somebody_in(client: FlaskClient, mailbox: Mailbox) -> None:
    assert client.post("/sign-up", data={"address": mailbox.address}).status_code == 202
    mail = mailbox.wait(subject="Confirm*", sender="shop@*")
    assert mail.to == [mailbox.address]
    assert client.get(mail.link("/confirm")).status_code == 200
    assert members(client) == {mailbox.address}


def test_the_code_does_too(client: FlaskClient, mailbox: Mailbox) -> None:
    client.post("/sign-up", data={"address": mailbox.address})
    code = mailbox.wait().code()
    assert client.post("/confirm", data={"address": mailbox.address, "code": code}).status_code == 200


def test_the_mail_is_well_written(client: FlaskClient, mailbox: Mailbox) -> None:
    client.post("/sign-up", data={"address": mailbox.address})
    assert not mailbox.wait().problems()


def test_a_wrong_code_does_not(client: FlaskClient, mailbox: Mailbox) -> None:
    client.post("/sign-up", data={"address": mailbox.address})
    mailbox.wait()
    for code in ("", "nonsense"):
        answer = client.post("/confirm", data={"address": mailbox.address, "code": code})
        assert answer.status_code == 403
    assert members(client) == set()


@pytest.mark.parametrize(("at", "reply"), [("rcpt", "550 5.1.1 No such user"), ("data", "452 4.3.1 Full")])
def test_somebody_who_cannot_be_mailed_is_told(
    client: FlaskClient, mailbox: Mailbox, mail_faults: MailFaults, at: str, reply: str
) -> None:
    mail_faults.add(at, reply=reply, recipient=mailbox.address, times=1)  # type: ignore[arg-type]  # of a table
    assert client.post("/sign-up", data={"address": mailbox.address}).status_code == 503
    assert client.post("/sign-up", data={"address": mailbox.address}).status_code == 202
    assert mailbox.wait().subject == "Confirm your address"

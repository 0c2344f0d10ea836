"""Certificates are verified: by name, and by an authority that the user believes."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from postroom.agent.accounts import Account, choose, load
from postroom.agent.connecting import way_to
from postroom.agent.exits import Exit, ServerFailed
from postroom.agent.invocation import CommandFailed
from postroom.agent.pop3_mailbox import Pop3Mailbox
from postroom.agent.runtime import ACCOUNTS, lab_directory
from postroom.lab import Lab


@pytest.fixture
def bob(lab: Lab) -> Account:
    return choose(load(lab_directory(lab.environ()) / ACCOUNTS), "bob")


def with_pop3(account: Account, **changes: object) -> Account:
    assert account.pop3 is not None
    return msgspec.structs.replace(account, pop3=msgspec.structs.replace(account.pop3, **changes))


async def test_starttls_and_implicit_tls(lab: Lab, bob: Account) -> None:
    implicit = with_pop3(bob, tls="implicit", port=lab.ports("hamburger.test")["pop3s"])
    for account in (bob, implicit):
        mailbox = await Pop3Mailbox.open(account)
        await mailbox.close()


@pytest.mark.parametrize("change", [{"authorities": ""}, {"server_name": "mail.crepes.test"}])
async def test_a_certificate_that_is_not_believed(bob: Account, change: dict[str, str]) -> None:
    wrong = with_pop3(bob, **change) if "server_name" in change else msgspec.structs.replace(bob, **change)
    with pytest.raises(ServerFailed, match="the certificate must be for") as caught:
        await Pop3Mailbox.open(wrong)
    assert caught.value.at is Exit.TLS


async def test_tls_at_once_where_it_begins_with_a_command(lab: Lab, bob: Account) -> None:
    port = lab.ports("hamburger.test")["pop3"]
    with pytest.raises(ServerFailed, match=f"it is 127.0.0.1:{port}/starttls") as caught:
        await Pop3Mailbox.open(with_pop3(bob, tls="implicit", port=port))
    assert caught.value.at is Exit.TLS


async def test_authorities_that_are_none(bob: Account, tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(CommandFailed, match="authorities"):
            await way_to(msgspec.structs.replace(bob, authorities=str(path)), bob.pop3, "pop3")

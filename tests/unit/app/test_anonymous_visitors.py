"""SASL ANONYMOUS at a whole server: IMAP and POP3 show what is shared with anyone, submission knows nothing of it; and where OAUTHBEARER says tokens are."""

import imaplib
import json
import poplib
import smtplib
import ssl
import urllib.request
from pathlib import Path

import msgspec
import pytest

from postroom.app import building
from postroom.app.settings.file import Settings, SettingsError
from whole_server import PASSWORD, Running, send, settings_of, thread

UNCHECKED = ssl._create_unverified_context()


def visited(data: Path, address: str = "bob@l.test", mechanisms: tuple[str, ...] = ()) -> Settings:
    settings = settings_of(data)
    login = msgspec.structs.replace(settings.login, anonymous=address)
    if mechanisms:
        login = msgspec.structs.replace(login, mechanisms=mechanisms)
    return msgspec.structs.replace(settings, login=login)


def _show(port: int) -> None:
    with imaplib.IMAP4_SSL("127.0.0.1", port, ssl_context=UNCHECKED) as bob:
        bob.login("bob@l.test", PASSWORD)
        assert bob.setacl("INBOX", "anyone", "lrswipkxtea")[0] == "OK"


def _visit(ports: dict[str, int]) -> None:
    with imaplib.IMAP4_SSL("127.0.0.1", ports["imaps"], ssl_context=UNCHECKED) as imap:
        assert "AUTH=ANONYMOUS" in imap.capabilities
        assert imap.authenticate("ANONYMOUS", lambda _: b"sirhc")[0] == "OK"
        assert imap.select('"Other Users/bob@l.test/INBOX"', readonly=True) == ("OK", [b"1"])
        _, data = imap.fetch("1", "(BODY[])")
        assert isinstance(data[0], tuple)
        assert b"Do you like ketchup?" in data[0][1]
    pop3 = poplib.POP3_SSL("127.0.0.1", ports["pop3s"], context=UNCHECKED)
    assert "ANONYMOUS" in pop3.capa()["SASL"]
    pop3._shortcmd("AUTH ANONYMOUS =")
    assert b"Do you like ketchup?" in pop3.retr(1)[1]
    with pytest.raises(poplib.error_proto, match="SYS/PERM"):
        pop3.dele(1)
    pop3.quit()


def _try_to_send(ports: dict[str, int]) -> None:
    with smtplib.SMTP_SSL("127.0.0.1", ports["submissions"], context=UNCHECKED) as smtp:
        smtp.ehlo("r.test")
        assert "PLAIN" in smtp.esmtp_features["auth"]
        assert "ANONYMOUS" not in smtp.esmtp_features["auth"]
        assert smtp.docmd("AUTH", "ANONYMOUS c2lyaGM=")[0] == 504
        assert smtp.docmd("MAIL", "FROM:<bob@l.test>")[0] == 530


async def test_strangers_read_what_is_shown_and_send_nothing(tmp_path: Path) -> None:
    async with Running(visited(tmp_path / "data")) as whole:
        await whole.settle()
        await thread(lambda: send(whole.ports["smtp"]))
        await thread(lambda: _show(whole.ports["imaps"]))
        await thread(lambda: _visit(whole.ports))
        await thread(lambda: _try_to_send(whole.ports))
        log = [json.loads(line) for line in whole.log.getvalue().splitlines()]
        visits = [(one["protocol"], one["trace"]) for one in log if one["event"] == "login.anonymous"]
        assert visits == [("imap", "sirhc"), ("pop3", "")]
        logins = await whole.operate("account.logins", address="bob@l.test")
        assert {one["protocol"] for one in logins if one["method"] == "ANONYMOUS"} == {"imap", "pop3"}


def _not_shown(ports: dict[str, int], *, offered: bool) -> None:
    with imaplib.IMAP4_SSL("127.0.0.1", ports["imaps"], ssl_context=UNCHECKED) as imap:
        assert ("AUTH=ANONYMOUS" in imap.capabilities) == offered
        if not offered:
            with pytest.raises(imaplib.IMAP4.error):
                imap.authenticate("ANONYMOUS", lambda _: b"sirhc")
    pop3 = poplib.POP3_SSL("127.0.0.1", ports["pop3s"], context=UNCHECKED)
    with pytest.raises(poplib.error_proto):
        pop3._shortcmd("AUTH ANONYMOUS =")
    pop3.quit()


async def test_it_is_off_unless_asked_for_and_shows_nothing_that_is_not_shared(tmp_path: Path) -> None:
    async with Running(settings_of(tmp_path / "off")) as whole:
        await thread(lambda: _not_shown(whole.ports, offered=False))
    async with Running(visited(tmp_path / "unshared")) as whole:
        await whole.settle()
        await thread(lambda: _not_shown(whole.ports, offered=True))


def test_settings_that_cannot_be_meant(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"\[login\] anonymous = 'bob'"):
        building.visited(visited(tmp_path, "bob"))
    with pytest.raises(
        SettingsError, match=r"'ANONYMOUS' is not one of .*name an account in \[login\] anonymous"
    ):
        building.mechanisms(visited(tmp_path, mechanisms=("PLAIN", "ANONYMOUS")))


def _refused_token(ports: dict[str, int]) -> dict[str, str]:
    challenges: list[bytes] = []

    def answer(challenge: bytes) -> bytes:
        challenges.append(challenge)
        return b"n,a=bob@l.test,\1auth=Bearer wrong\1\1" if len(challenges) == 1 else b"\1"

    imap = imaplib.IMAP4_SSL("127.0.0.1", ports["imaps"], ssl_context=UNCHECKED)
    with imap, pytest.raises(imaplib.IMAP4.error):
        imap.authenticate("OAUTHBEARER", answer)
    told: dict[str, str] = json.loads(challenges[1])
    return told


def _metadata(told: dict[str, str], port: int) -> dict[str, object]:
    url = told["openid-configuration"]
    assert url.startswith(f"https://mail.l.test:{port}/.well-known/")
    asked = urllib.request.Request(
        url.replace("mail.l.test", "127.0.0.1", 1), headers={"Host": f"mail.l.test:{port}"}
    )
    with urllib.request.urlopen(asked, context=UNCHECKED) as answer:
        found: dict[str, object] = json.load(answer)
    return found


async def test_a_refused_token_is_told_where_another_is_to_be_had(tmp_path: Path) -> None:
    async with Running(settings_of(tmp_path / "data")) as whole:
        await whole.settle()
        told = await thread(lambda: _refused_token(whole.ports))
        assert (told["status"], told["scope"]) == ("invalid_token", "urn:ietf:params:oauth:scope:mail")
        metadata = await thread(lambda: _metadata(told, whole.ports["https"]))
    assert metadata["issuer"] == f"https://mail.l.test:{whole.ports['https']}"
    assert told["scope"] in metadata["scopes_supported"]  # type: ignore[operator]
    assert metadata["token_endpoint"]
    assert metadata["registration_endpoint"]

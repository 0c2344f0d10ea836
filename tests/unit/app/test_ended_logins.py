"""Connections that are open end when their account does, at a whole server."""

import imaplib
import poplib
import ssl
from pathlib import Path

from whole_server import PASSWORD, Running, send, settings_of, thread

UNCHECKED = ssl._create_unverified_context()
WORDS = b"What you have logged in with is not good any more"


def _idling(port: int) -> imaplib.IMAP4_SSL:
    box = imaplib.IMAP4_SSL("127.0.0.1", port, ssl_context=UNCHECKED)
    box.login("bob@l.test", PASSWORD)
    assert box.select("INBOX") == ("OK", [b"1"])
    box.send(b"i IDLE\r\n")
    assert box.readline().startswith(b"+ ")
    return box


def _reading(port: int) -> poplib.POP3_SSL:
    box = poplib.POP3_SSL("127.0.0.1", port, context=UNCHECKED)
    box.user("bob@l.test")
    box.pass_(PASSWORD)
    box.dele(1)
    return box


async def test_of_an_account_that_is_disabled(tmp_path: Path) -> None:
    async with Running(settings_of(tmp_path / "data")) as whole:
        await whole.settle()
        await thread(lambda: send(whole.ports["smtp"]))
        imap = await thread(lambda: _idling(whole.ports["imaps"]))
        pop3 = await thread(lambda: _reading(whole.ports["pop3s"]))
        [chore] = [one for one in whole.server.services.chores() if one.name == "ended logins"]
        await chore.work()
        await whole.operate("account.set", address="bob@l.test", enabled=False)
        await chore.work()
        assert await thread(lambda: imap.sock.recv(1000)) == b"* BYE " + WORDS + b"\r\n"
        assert await thread(lambda: pop3.sock.recv(1000)) == b"-ERR [SYS/PERM] " + WORDS + b"\r\n"
        assert await thread(lambda: (imap.sock.recv(1), pop3.sock.recv(1))) == (b"", b"")
        await whole.operate("account.set", address="bob@l.test", enabled=True)
        again = await thread(lambda: _idling(whole.ports["imaps"]))  # nothing was deleted
        for box in (imap, pop3, again):
            box.file.close()
            box.sock.close()

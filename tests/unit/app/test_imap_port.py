"""IMAP through real sockets: what a program of the standard library brings, changes and removes."""

import imaplib
import ssl
import time
from pathlib import Path

from whole_server import PASSWORD, Running, settings_of, thread

LETTER = b"From: alice@r.test\r\nSubject: long\r\n\r\n" + b"a line of a long letter\r\n" * 200_000  # 5 MB


def _bring_and_change(port: int) -> None:
    box = imaplib.IMAP4_SSL("127.0.0.1", port, ssl_context=ssl._create_unverified_context())
    box.login("bob@l.test", PASSWORD)
    moment = imaplib.Time2Internaldate(time.gmtime(1_750_000_000))
    for raw in (LETTER, LETTER.replace(b"long", b"short", 1)[:1000]):
        status, words = box.append("INBOX", "(\\Seen $new)", moment, raw)
        assert (status, b"APPENDUID" in words[0]) == ("OK", True), words
    assert box.append("Nowhere", "", "", LETTER)[1][0].startswith(b"[TRYCREATE]")
    assert box.select("INBOX") == ("OK", [b"2"])
    _, data = box.fetch("1", "(BODY.PEEK[])")
    assert isinstance(data[0], tuple)
    assert data[0][1] == LETTER
    assert box.store("2", "+FLAGS", "(\\Flagged)")[1] == [b"2 (UID 2 FLAGS (\\Seen \\Flagged $new \\Recent))"]
    assert box.copy("1:2", "Archive")[0] == "OK"
    assert box.uid("MOVE", "1", "Trash")[0] == "OK"
    assert box.store("1", "+FLAGS.SILENT", "(\\Deleted)")[0] == "OK"
    assert box.expunge() == ("OK", [b"1", b"1"])  # imaplib had kept the one of MOVE
    assert box.select("Archive") == ("OK", [b"2"])
    box.logout()


async def test_a_client_of_the_standard_library(tmp_path: Path) -> None:
    async with Running(settings_of(tmp_path / "data")) as whole:
        await whole.settle()
        await thread(lambda: _bring_and_change(whole.ports["imaps"]))

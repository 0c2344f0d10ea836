"""mbsync across a restore: it is told, nobody believes in letters that are gone, and in the end it has what the server has."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from imap_box import ImapBox
from letters import letter
from served import PASSWORD, Served, unverified


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    server = Served(tmp_path / "calzone", "carla@calzone.test")
    server.start()
    yield server
    server.process.kill()


def box(server: Served) -> ImapBox:
    return ImapBox(server.port("imaps"), server.owner, PASSWORD, unverified())


def letters(server: Served, *subjects: str) -> list[bytes]:
    return [letter("pat@pizza.test", server.owner, one) for one in subjects]


def put(server: Served, raws: Iterable[bytes]) -> None:
    with box(server).open() as imap:
        for raw in raws:
            imap.append("INBOX", None, None, raw)


def subjects(raws: Iterable[bytes]) -> list[str]:
    """Of each letter, sorted."""
    found = (re.search(rb"(?m)^Subject: ([^\r\n]*)", raw) for raw in raws)
    return sorted(one[1].decode() for one in found if one is not None)


def here(path: Path) -> list[str]:
    """The subjects of a maildir's letters."""
    return subjects(file.read_bytes() for file in path.glob("*/*"))


@pytest.fixture
def mbsync(served, program, tmp_path):
    (tmp_path / "mail").mkdir()

    def run(code: int = 0) -> str:
        keys = served.home / "data/keys"
        trusted = tmp_path / "trusted.pem"
        trusted.write_bytes(b"".join(path.read_bytes() for path in sorted(keys.glob("*.pem"))))
        (tmp_path / "mbsyncrc").write_text(
            f'IMAPAccount calzone\nHost localhost\nPort {served.port("imaps")}\nUser {served.owner}\nPass "{PASSWORD}"\n'
            f"SSLType IMAPS\nCertificateFile {trusted}\nSystemCertificates no\n\nIMAPStore far\nAccount calzone\n\n"
            f"MaildirStore near\nPath {tmp_path}/mail/\nInbox {tmp_path}/mail/INBOX\nSubFolders Verbatim\n\n"
            "Channel all\nFar :far:\nNear :near:\nPatterns INBOX\nCreate Near\nRemove None\nExpunge Both\nSync All\nSyncState *\n"
        )
        done = program(["mbsync", "-c", tmp_path / "mbsyncrc", "-a", "-V"], package="isync", code=code)
        return done.stdout + done.stderr

    return run


def test_mbsync(served, mbsync, tmp_path):
    mail = tmp_path / "mail/INBOX"
    before = letters(served, *(f"before {n}" for n in range(25)))
    put(served, before)
    mbsync()
    assert here(mail) == subjects(before)
    served.command("backup", str(tmp_path / "backup"))
    # what will be lost: letters, a flag, and that one is gone
    put(served, letters(served, "lost 1", "lost 2"))
    box(served).store([2], "+FLAGS (\\Flagged)")
    box(served).store([3], "+FLAGS (\\Deleted)")
    mbsync()
    assert len(here(mail)) == 26
    served.process.kill()
    shutil.rmtree(served.home / "data")
    served.command("restore", str(tmp_path / "backup"))
    served.start()
    after = letters(served, "after 1", "after 2", "after 3")
    put(served, after)
    there, kept = subjects(box(served).letters()), here(mail)
    assert there == subjects([*before, *after])
    # mbsync says that its copy is of another time, and leaves it and the server alone
    assert "UIDVALIDITY" in mbsync(code=1)
    assert (subjects(box(served).letters()), here(mail)) == (there, kept)
    shutil.rmtree(mail)
    mbsync()
    assert here(mail) == there

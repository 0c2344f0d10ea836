"""Programs that keep a copy of a whole account: mbsync and offlineimap, both ways; what they did once, they do not do again."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from imap_box import ImapBox
from letters import letter, stamp

KETCHUP = "Do you like ketchup?\n.\n..foo\nFrom here on: pickles\n"


@pytest.fixture
def box(imap_of, newcomer) -> ImapBox:
    return imap_of(newcomer)


def some(box, number: int) -> list[bytes]:
    return [letter("alice@crepes.test", box.user, f"{stamp()} {n}", KETCHUP) for n in range(number)]


def here(path: Path) -> list[bytes]:
    """The letters in a maildir, with the line ends of the wire and without what mbsync adds to find them again."""
    files = [file.read_bytes() for file in path.glob("*/*")]
    return sorted(_bare(raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")) for raw in files)


def _bare(raw: bytes) -> bytes:
    return re.sub(rb"(?m)^(?:X-TUID|X-OfflineIMAP): [^\r\n]*\r\n", b"", raw)


def flagged(path: Path) -> dict[bytes, str]:
    """The flags of each letter in a maildir, by its subject."""
    return {
        subject(file.read_bytes()): "".join(sorted(file.name.partition(":2,")[2]))
        for file in path.glob("*/*")
    }


def file_of(path: Path, raw: bytes) -> Path:
    """Where a letter lies."""
    (file,) = [file for file in path.glob("*/*") if subject(file.read_bytes()) == subject(raw)]
    return file


def subject(raw: bytes) -> bytes:
    found = re.search(rb"(?m)^Subject: ([^\r\n]*)", raw)
    assert found is not None
    return found[1]


def add(path: Path, raw: bytes, name: str, flags: str = "") -> None:
    for sub in ("cur", "new", "tmp"):
        (path / sub).mkdir(parents=True, exist_ok=True)
    (path / "cur" / f"{name}:2,{flags}").write_bytes(raw.replace(b"\r\n", b"\n"))


def state(box: ImapBox) -> dict[str, object]:
    return {name: box.messages(name) for name in box.folders()}


@pytest.fixture
def mbsync(lab, box, program, tmp_path):
    tls = "SSLType STARTTLS"
    (tmp_path / "mail").mkdir()
    (tmp_path / "mbsyncrc").write_text(
        f'IMAPAccount lab\nHost localhost\nPort {lab.port("imap")}\nUser {box.user}\nPass "{box.password}"\n{tls}\n'
        f"CertificateFile {lab.ca}\nSystemCertificates no\n\nIMAPStore far\nAccount lab\n\n"
        f"MaildirStore near\nPath {tmp_path}/mail/\nInbox {tmp_path}/mail/INBOX\nSubFolders Verbatim\n\n"
        "Channel all\nFar :far:\nNear :near:\nPatterns *\nCreate Both\nRemove Both\nExpunge Both\nSync All\nCopyArrivalDate yes\nSyncState *\n"
    )

    def run() -> str:
        return program(["mbsync", "-c", tmp_path / "mbsyncrc", "-a", "-V"], package="isync").stdout

    return run


def test_mbsync_both_ways(mbsync, box, tmp_path):
    mail, sent = tmp_path / "mail", some(box, 5)
    for n, raw in enumerate(sent[:3]):
        box.put(raw, flags=("", "\\Seen \\Flagged", "\\Answered")[n])
    box.put(sent[3], "Cr&AOo-pes &- Co", "\\Draft")
    mbsync()
    assert here(mail / "INBOX") == sorted(sent[:3])
    assert sorted(flagged(mail / "INBOX").values()) == ["", "FS", "R"]
    # from here to there: a new letter, a new folder, flags, a letter that is gone
    add(mail / "INBOX", sent[4], "1.new.here", "S")
    add(mail / "Recipes/Sweet", sent[0], "2.new.here", "F")
    file_of(mail / "INBOX", sent[0]).unlink()
    seen = file_of(mail / "INBOX", sent[2])
    seen.rename(mail / "INBOX" / "cur" / f"{seen.name.partition(':')[0]}:2,FRS")
    mbsync()
    there = {subject(raw): (flags, _bare(raw)) for flags, raw in box.messages().values()}
    assert there == {
        subject(sent[1]): ({"\\Seen", "\\Flagged"}, sent[1]),
        subject(sent[2]): ({"\\Seen", "\\Flagged", "\\Answered"}, sent[2]),
        subject(sent[4]): ({"\\Seen"}, sent[4]),
    }
    assert [(flags, _bare(raw)) for flags, raw in box.messages("Recipes/Sweet").values()] == [
        ({"\\Flagged"}, sent[0])
    ]
    # from there to here
    uids = {subject(raw): uid for uid, (_, raw) in box.messages().items()}
    box.store([uids[subject(sent[1])]], "+FLAGS (\\Deleted)")
    box.store([uids[subject(sent[4])]], "-FLAGS (\\Seen)")
    mbsync()
    assert flagged(mail / "INBOX") == {subject(sent[2]): "FRS", subject(sent[4]): ""}


def test_a_second_run_of_mbsync_does_nothing(mbsync, box, tmp_path):
    for raw in some(box, 3):
        box.put(raw)
    add(tmp_path / "mail" / "Recipes", some(box, 1)[0], "1.here")
    mbsync()
    before, files = state(box), sorted((tmp_path / "mail").glob("**/*"))
    said = mbsync()
    assert (state(box), sorted((tmp_path / "mail").glob("**/*"))) == (before, files)
    assert re.search(r"[1-9]", said.rpartition("\n")[2].partition("Far:")[2]) is None, said


@pytest.fixture
def offlineimap(lab, box, program, tmp_path):
    (tmp_path / "offlineimaprc").write_text(
        f"[general]\naccounts = lab\nmetadata = {tmp_path}/meta\nui = basic\n\n[Account lab]\nlocalrepository = near\n"
        f"remoterepository = far\n\n[Repository near]\ntype = Maildir\nlocalfolders = {tmp_path}/mail\nsep = /\n\n"
        f"[Repository far]\ntype = IMAP\nremotehost = localhost\nremoteport = {lab.port('imaps')}\nssl = yes\n"
        f"sslcacertfile = {lab.ca}\nremoteuser = {box.user}\nremotepass = {box.password}\nidlefolders = []\n"
    )

    def run() -> str:
        done = program(["offlineimap", "-c", tmp_path / "offlineimaprc", "-o"], package="offlineimap3")
        return done.stdout + done.stderr

    return run


def test_offlineimap_both_ways(offlineimap, box, tmp_path):
    mail, sent = tmp_path / "mail", some(box, 4)
    box.put(sent[0], flags="\\Seen \\Flagged")
    box.put(sent[1])
    box.put(sent[2], "Recipes/Sweet")
    offlineimap()
    assert here(mail / "INBOX") == sorted(sent[:2])
    assert here(mail / "Recipes/Sweet") == [sent[2]]
    assert flagged(mail / "INBOX") == {subject(sent[0]): "FS", subject(sent[1]): ""}
    add(mail / "INBOX", sent[3], "1.new.here", "S")
    file = file_of(mail / "INBOX", sent[1])
    file.rename(mail / "INBOX" / "cur" / f"{file.name.partition(':')[0]}:2,RS")
    offlineimap()
    there = {subject(raw): (flags, _bare(raw)) for flags, raw in box.messages().values()}
    assert there == {
        subject(sent[0]): ({"\\Seen", "\\Flagged"}, sent[0]),
        subject(sent[1]): ({"\\Seen", "\\Answered"}, sent[1]),
        subject(sent[3]): ({"\\Seen"}, sent[3]),
    }
    uids = {subject(raw): uid for uid, (_, raw) in box.messages().items()}
    box.store([uids[subject(sent[0])]], "+FLAGS (\\Deleted)")
    offlineimap()
    assert set(flagged(mail / "INBOX")) == {subject(sent[1]), subject(sent[3])}
    before, files = state(box), sorted(mail.glob("**/*"))
    offlineimap()
    assert (state(box), sorted(mail.glob("**/*"))) == (before, files)


CORPUS = sorted(Path(__file__).parents[1].glob("corpus/*.eml"))


def test_odd_letters_arrive_octet_by_octet(mbsync, box, tmp_path):
    """Those of the corpus: nested, folded, in 8 bits ...; mbsync leaves a letter without a header where it is."""
    raws = [path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") for path in CORPUS]
    for raw in raws:
        box.put(raw)
    assert box.letters() == sorted(raws)
    mbsync()
    with_header = [raw for raw in raws if raw[:40].partition(b":")[0].replace(b"-", b"").strip().isalpha()]
    assert len(with_header) == len(raws) - 1
    assert here(tmp_path / "mail" / "INBOX") == sorted(with_header)

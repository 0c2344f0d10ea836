"""`postroom import` and `postroom export`: from mbox files, Maildirs and single messages, and back, without a server and with one."""

from __future__ import annotations

import contextlib
import gzip
import mailbox
import os
import random
from pathlib import Path
from typing import IO

import pytest

from commands import Run
from postroom.app.cli import mail_sources

BOB = "bob@hamburger.test"
CAROL = "carol@hamburger.test"
AT = 1_167_580_799


@pytest.fixture(params=["direct", "served"], autouse=True)
def somewhere(request: pytest.FixtureRequest, config: Path) -> None:
    """Each test runs twice."""
    if request.param == "served":
        request.getfixturevalue("served")


@pytest.fixture
def people(run: Run) -> None:
    """Two accounts with room."""
    run("domain add hamburger.test")
    for one in (BOB, CAROL):
        run(f"account add {one} --quota 0")


@pytest.fixture
def maildir(tmp_path: Path) -> Path:
    """A Maildir++ with a folder in a folder, flags and keywords, as other programs write them."""
    box = mailbox.Maildir(tmp_path / "Maildir")
    for subject, flags in (("one", ""), ("two", "FS")):
        mail = mailbox.MaildirMessage(f"Subject: {subject}\n\nwords\n")
        mail.set_flags(flags)
        mail.set_date(AT)
        if flags:
            mail.set_subdir("cur")
        box.add(mail)
    deep = box.add_folder("Old.2006")
    mail = mailbox.MaildirMessage("Subject: three\n\n" + "x" * 20_000_000)
    mail.set_subdir("cur")
    deep.add(mail)
    (tmp_path / "Maildir" / "dovecot-keywords").write_text("0 work\n1 later\n")
    named = next((tmp_path / "Maildir" / "cur").iterdir())
    named.rename(named.with_name(named.name.partition(":")[0] + ":2,FSab"))
    os.utime(named.parent / (named.name.partition(":")[0] + ":2,FSab"), (AT, AT))
    return tmp_path / "Maildir"


def folders(run: Run, who: str) -> dict[str, tuple[int, int]]:
    """What an import that changes nothing says is there."""
    found = run(f"export {who} out-{len(list(Path().glob('out-*')))} --json").records
    return {one["folder"]: one["messages"] for one in found}


def test_a_maildir_comes_in_once_with_its_marks(
    run: Run, people: None, maildir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run(f"import {BOB} {maildir} --json").records
    assert {(one["folder"], one["taken"], one["known"], one["failed"]) for one in done} == {
        ("INBOX", 2, 0, 0),
        ("Old/2006", 1, 0, 0),
    }
    again = run(f"import {BOB} {maildir} --json").records
    assert {(one["folder"], one["taken"], one["known"]) for one in again} == {
        ("INBOX", 0, 2),
        ("Old/2006", 0, 1),
    }
    assert folders(run, BOB)["Old/2006"] == 1
    written = mailbox.Maildir(tmp_path / "out-0", create=False)
    marked = {mail["Subject"]: mail for mail in written}
    assert marked["two"].get_flags().upper().replace("A", "").replace("B", "") == "FS"
    assert marked["one"].get_flags() == ""
    (two,) = (tmp_path / "out-0" / "cur").glob("*FS*")
    assert two.name.endswith(":2,FSab")
    assert int(two.stat().st_mtime) == AT
    assert two.read_bytes() == b"Subject: two\n\nwords\n"
    assert (tmp_path / "out-0" / "dovecot-keywords").read_text() == "0 later\n1 work\n"


@pytest.mark.parametrize("form", ["mbox", "maildir"])
def test_what_goes_out_comes_in_again(
    run: Run, people: None, maildir: Path, tmp_path: Path, form: str
) -> None:
    run(f"import {BOB} {maildir} --into Import/1")
    run(f"export {BOB} {tmp_path}/a --format {form}")
    taken = run(f"import {CAROL} {tmp_path}/a --json").records
    assert sum(one["taken"] for one in taken) == 3
    run(f"export {CAROL} {tmp_path}/b --format {form}")

    def files(place: Path) -> dict[str, bytes]:
        found = {}
        for one in place.rglob("*"):
            if one.is_file():
                name = str(one.relative_to(place))
                found[name.partition(".P")[0] + name.partition(":")[2]] = one.read_bytes()
        return found

    assert files(tmp_path / "a") == files(tmp_path / "b")


def test_an_mbox_file_and_single_messages(run: Run, people: None, tmp_path: Path) -> None:
    place = tmp_path / "mail"
    place.mkdir()
    (place / "Post.mbox.gz").parent.mkdir(exist_ok=True)
    with gzip.open(place / "Post.mbox.gz", "wb") as file:
        file.write(b"From a@b.test Sun Dec 31 15:59:59 2006\nSubject: x\nStatus: RO\n\n>From me\n\n")
    (place / "one.eml").write_bytes(b"Subject: y\n\nlines\n")
    (place / "notes.txt").write_text("no mail")
    done = run(f"import {BOB} {place} --json").records
    assert {(one["folder"], one["taken"]) for one in done} == {("Post", 1), ("INBOX", 1)}
    assert run(f"export {BOB} {tmp_path}/out --format mbox --folder Post").out == (
        f"1 message of 1 folder written to {tmp_path}/out\n"
    )
    assert (tmp_path / "out" / "Post.mbox").read_bytes() == (
        b"From MAILER-DAEMON Sun Dec 31 15:59:59 2006\nStatus: RO\nSubject: x\n\n>From me\n\n"
    )
    run(f"export {BOB} {tmp_path}/eml --format eml")
    assert (tmp_path / "eml" / "INBOX" / "1.eml").read_bytes() == b"Subject: y\r\n\r\nlines\r\n"


def test_a_directory_of_numbered_messages_comes_in_as_one_and_in_order(
    run: Run, people: None, tmp_path: Path
) -> None:
    """As MH and Cyrus keep them: one line and one look at the folder for all of a directory, which may have very many."""
    place = tmp_path / "spool"
    for name in ("1.", "2.", "10.", "Lists/9", "Lists/11", "Lists/b.eml", "3.bak"):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(f"Subject: {name}\n\nwords\n")
    (place / "cyrus.index").write_bytes(b"\0\1")
    (place / "4").write_bytes(b"\0\1 no mail: it has no field")
    (place / "2024").write_text("From - Sun Dec 31 15:59:59 2006\nSubject: box\n\nwords\n")
    done = run(f"import {BOB} {place} --json").records
    assert [(one["source"], one["folder"], one["taken"]) for one in done] == [
        (f"{place}/2024", "2024", 1),
        (f"{place}/Lists", "Lists", 3),
        (str(place), "INBOX", 3),
    ]
    run(f"export {BOB} {tmp_path}/out --format mbox")
    for file, names in (("INBOX", ["1.", "2.", "10."]), ("Lists", ["Lists/b.eml", "Lists/9", "Lists/11"])):
        lines = (tmp_path / "out" / f"{file}.mbox").read_text().splitlines()
        assert [line for line in lines if line.startswith("Subject:")] == [f"Subject: {one}" for one in names]


def test_the_marks_of_mh(run: Run, people: None, tmp_path: Path) -> None:
    box = mailbox.MH(tmp_path / "mh")
    for flags in ("", "S", "SFR"):
        mail = mailbox.MHMessage(f"Subject: {flags}\n\nwords\n")
        mail.set_sequences(
            [name for name, letter in (("flagged", "F"), ("replied", "R")) if letter in flags]
            + ["unseen"] * ("S" not in flags)
        )
        box.add(mail)
    run(f"import {BOB} {tmp_path}/mh")
    run(f"export {BOB} {tmp_path}/out")
    found = {mail["Subject"]: mail.get_flags() for mail in mailbox.Maildir(tmp_path / "out", create=False)}
    assert found == {"": "", "S": "S", "SFR": "FRS"}


def test_what_courier_keeps_beside_a_maildir(run: Run, people: None, tmp_path: Path) -> None:
    """Keywords, those in files of their own being newer, and subscriptions."""
    box = mailbox.Maildir(tmp_path / "courier")
    keys = [box.add(f"Subject: {number}\n\nwords\n") for number in range(4)]
    for name in ("Lists.Python", "Quiet"):
        box.add_folder(name)
    kept = tmp_path / "courier" / "courierimapkeywords"
    kept.mkdir()
    (kept / ":list").write_text("work\nlater\n\n" + "".join(f"{key}:0 1\n" for key in keys[:3]))
    (kept / f".5017661.{keys[1]}").write_text("newer\n")
    (kept / f".5017660.{keys[1]}").write_text("older\n")
    (kept / keys[2]).write_text("")
    (tmp_path / "courier" / "courierimapsubscribed").write_text("INBOX\nINBOX.Lists.Python\n")
    run(f"import {BOB} {tmp_path}/courier")
    run(f"export {BOB} {tmp_path}/out --format mbox")
    with contextlib.closing(mailbox.mbox(tmp_path / "out" / "INBOX.mbox")) as written:
        found = {mail["Subject"]: mail["X-Keywords"] for mail in written}
    assert found == {"0": "later work", "1": "newer", "2": None, "3": None}
    sources = mail_sources.Sources(1000).find(tmp_path / "courier")
    assert [one.folder for one in sources if not one.subscribed] == [("Quiet",)]


@pytest.mark.parametrize("at", [40, 1500], ids=["at its beginning", "later"])
def test_a_damaged_packed_file_is_said(run: Run, people: None, tmp_path: Path, at: int) -> None:
    letter = (
        b"From a@b.test Sun Dec 31 15:59:59 2006\nSubject: x\n\n" + random.Random(1).randbytes(1500) + b"\n\n"
    )
    packed = bytearray(gzip.compress(letter + letter))
    packed[at : at + 12] = bytes(octet ^ 0xFF for octet in packed[at : at + 12])
    (tmp_path / "mail").mkdir()
    damaged = tmp_path / "mail" / "bad.mbox.gz"
    damaged.write_bytes(packed)
    done = run(f"import {BOB} {damaged}")
    assert (done.code, f"{damaged}: " in done.err) == (1, True)
    (tmp_path / "mail" / "good.eml").write_bytes(b"Subject: y\n\nlines\n")
    assert run(f"import {BOB} {tmp_path}/mail").code in (0, 1)


def test_what_cannot_be_taken_is_said(run: Run, people: None, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    for line, words in (
        (f"import {BOB} {tmp_path}/nothing", "does not exist"),
        (f"import {BOB} {tmp_path}/empty", "has no mail"),
        (f"export {BOB} {tmp_path}/full", "not empty"),
    ):
        ran = run(line)
        assert (ran.code, words in ran.err) == (2, True)
    assert run(f"export nobody@hamburger.test {tmp_path}/new").code == 1
    run(f"account set {BOB} --quota 1k")
    (tmp_path / "a.eml").write_bytes(b"Subject: small\n\n")
    (tmp_path / "b.eml").write_bytes(b"Subject: large\n\n" + b"x" * 2000)
    ran = run(f"import {BOB} {tmp_path}/b.eml {tmp_path}/a.eml")
    assert ran.code == 1
    assert "1 taken" in ran.out
    assert "1 message could not be taken" in ran.err


def test_letters_of_one_length_come_in_once_as_well(run: Run, people: None, tmp_path: Path) -> None:
    """What a program writes each day is as long each day."""
    file = tmp_path / "daily.mbox"
    file.write_text(
        "".join(f"From a@x Thu Jan  1 00:00:00 2004\nSubject: {n:04}\n\nok\n\n" for n in range(60))
    )
    assert run(f"import {BOB} {file} --json").records[0]["taken"] == 60
    (again,) = run(f"import {BOB} {file} --json").records
    assert (again["taken"], again["known"]) == (0, 60)


def test_links_and_pipes_in_a_directory_are_left_out(run: Run, people: None, tmp_path: Path) -> None:
    """Whoever imports for others can read more than they can."""
    secret, tree = tmp_path / "secret", tmp_path / "tree"
    secret.mkdir()
    (secret / "1.a:2,S").write_text("root:*:19000\n")
    for place in ("cur", "new", "tmp", ".Others"):
        (tree / place).mkdir(parents=True)
    (tree / "cur" / "1.link:2,S").symlink_to(secret / "1.a:2,S")
    os.mkfifo(tree / "cur" / "2.pipe:2,S")
    (tree / ".Others" / "cur").symlink_to(secret)
    os.mkfifo(tree / ".Others" / "pipe")
    (tree / ".Others" / "x.eml").symlink_to(secret / "1.a:2,S")
    (tree / ".Others" / "y.eml").mkdir()
    (tree / ".Others" / "z.eml").write_text("Subject: z\n\nwords\n")
    (tree / "dovecot-keywords").symlink_to(secret / "1.a:2,S")
    done = run(f"import {BOB} {tree} --json")
    assert done.code == 0
    assert {(one["folder"], one["taken"]) for one in done.records} == {("INBOX", 0), ("Others", 1)}


def test_a_maildir_in_use_comes_in_whole(
    run: Run, people: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it is read, a mail program marks a message and takes another one out of `new`."""
    box = tmp_path / "Maildir"
    for place in ("cur", "new", "tmp"):
        (box / place).mkdir(parents=True)
    for name in ("cur/1.a:2,", "cur/2.b:2,", "new/3.c"):
        (box / name).write_text(f"Subject: {name}\n\nwords\n")
    plain = mail_sources._plain

    def meanwhile(place: Path) -> IO[bytes]:
        if place.name == "1.a:2,":
            (box / "cur/2.b:2,").rename(box / "cur/2.b:2,S")
            (box / "new/3.c").rename(box / "cur/3.c:2,F")
        return plain(place)

    monkeypatch.setattr(mail_sources, "_plain", meanwhile)
    (done,) = run(f"import {BOB} {box} --json").records
    assert (done["taken"], done["failed"]) == (3, 0)
    monkeypatch.undo()


@pytest.mark.parametrize(
    "date", ["Jan  1 00:00:00 0001 +1300", "Dec 31 23:59:99 9999", "Dec 31 23:59:59 9999 -1200"]
)
def test_a_time_that_is_none_is_that_of_the_import(run: Run, people: None, tmp_path: Path, date: str) -> None:
    file = tmp_path / "odd.mbox"
    file.write_text(f"From a@x Fri {date}\nSubject: odd\n\nwords\n")
    assert run(f"import {BOB} {file} --json").records[0]["taken"] == 1
    assert run(f"export {BOB} {tmp_path / 'out'} --format mbox").code == 0
    assert (tmp_path / "out/INBOX.mbox").read_text().startswith("From MAILER-DAEMON ")


@pytest.mark.parametrize(
    ("form", "folders"),
    [
        ("mbox", ["A.mbox/C", "A"]),
        ("mbox", ["z" * 253 + "1", "z" * 253 + "2"]),
        ("eml", ["INBOX", "INBOX/1.eml"]),
        ("maildir", ["/".join(letter * 100 for letter in "xyz")]),
        ("maildir", ["A.B", "A_B", "A/B"]),
    ],
)
def test_no_name_of_a_folder_ends_an_export(
    run: Run, people: None, tmp_path: Path, form: str, folders: list[str]
) -> None:
    letter = tmp_path / "letter.eml"
    letter.write_text("Subject: x\n\nwords\n")
    for name in folders:
        assert run(f"import {BOB} {letter} --into {name}").code == 0
    assert run(f"export {BOB} {tmp_path / 'out'} --format {form}").code == 0
    run(f"import {CAROL} {tmp_path / 'out'}")
    done = run(f"export {CAROL} {tmp_path / 'again'} --json").records
    assert sum(one["messages"] for one in done) == len(folders)


def test_folders_of_a_maildir_are_named_as_dovecot_names_them(run: Run, people: None, tmp_path: Path) -> None:
    """RFC 3501 §5.1.3; what mbsync writes in UTF-8 is read as well."""
    place = tmp_path / "Maildir"
    (place / "cur").mkdir(parents=True)
    for name in (".Entw&APw-rfe.&ZeVnLIqe-", ".R&-D", ".Gelöscht", ".A & B", "Caf&AOk-"):
        mailbox.Maildir(place / name).add("Subject: x\n\nwords\n")
    taken = run(f"import {BOB} {place} --json").records
    assert {one["folder"] for one in taken if one["taken"]} == {
        "Entwürfe/日本語",
        "R&D",
        "Gelöscht",
        "A & B",
        "Café",
    }
    run(f"export {BOB} {tmp_path / 'out'}")
    there = {one.name for one in (tmp_path / "out").iterdir()}
    assert there >= {".Entw&APw-rfe.&ZeVnLIqe-", ".R&-D", ".Gel&APY-scht", ".A &- B", ".Caf&AOk-"}


def test_folders_of_thunderbird_and_any_spelling_of_inbox(run: Run, people: None, tmp_path: Path) -> None:
    """What lies below a folder is in a directory with .sbd; RFC 9051 §5.1: INBOX in any case is INBOX."""
    place = tmp_path / "Local"
    for name in ("Inbox", "Inbox.sbd/Sub", "Archives", "Archives.sbd/Old.sbd/1999"):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(f"From - Mon Jan  1 00:00:00 2024\nSubject: {name}\n\nwords\n")
    done = run(f"import {BOB} {place} --json").records
    assert {one["folder"] for one in done} == {"INBOX", "INBOX/Sub", "Archives", "Archives/Old/1999"}
    assert run(f"import {BOB} {place / 'Archives'} --into inbox").code == 0
    assert run(f"export {BOB} {tmp_path / 'out'} --folder Inbox --json").records == [
        {"folder": "INBOX", "messages": 2}
    ]

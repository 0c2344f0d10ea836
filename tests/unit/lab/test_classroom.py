"""A class in a lab: thirty clients behind one address, what their teacher sees of them, their slips, and a fresh start."""

from __future__ import annotations

import asyncio
import imaplib
import poplib
import smtplib
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import msgspec
import pytest

from laboratory import LabThread
from others_turns import others_turns
from postroom.app.cli.program import run
from postroom.lab import reading_here
from postroom.lab.classroom import attendance as attendances
from postroom.lab.classroom.attendance import attendance
from postroom.lab.classroom.roll import parse_roll
from postroom.lab.classroom.slips import as_html, as_text, slip
from postroom.lab.control import ask_lab
from postroom.lab.dns.notes import furnished
from postroom.lab.faults.rules import FaultRule
from postroom.lab.plan import HOUSES, houses_at, residents
from postroom.message.journey.events import Hop, HopKind
from postroom.store import journal
from postroom.store.engine.transaction import Transaction
from running import until

DOMAIN = "hamburger.test"
PUPILS = 30


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LabThread]:
    thread = LabThread(tmp_path, people=[*residents(), *parse_roll(str(PUPILS))], houses=furnished(HOUSES))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(thread.runtime))
    yield thread
    thread.close()


def students(lab: LabThread) -> list[tuple[str, str]]:
    return [(one.address, one.password) for one in lab.lab.inhabitants if one.address.startswith("student")]


def send(lab: LabThread, who: tuple[str, str], recipient: str) -> None:
    with smtplib.SMTP("127.0.0.1", lab.lab.ports[DOMAIN]["submission"]) as smtp:
        smtp.starttls(context=ssl.create_default_context(cafile=lab.lab.ca.path))
        smtp.login(*who)
        text = f"From: {who[0]}\r\nTo: {recipient}\r\nSubject: Hello\r\n\r\nDo you like ketchup?\r\n"
        smtp.sendmail(who[0], [recipient], text)


def view(lab: LabThread) -> dict[str, dict[str, Any]]:
    return {record["address"]: record for record in ask_lab("class")}


def test_thirty_clients_at_once_are_no_abuse(lab: LabThread) -> None:
    """One address, as behind a class-room's router: all log in at the same time, several ways, and send; nobody is refused or delayed."""
    context = ssl.create_default_context(cafile=lab.lab.ca.path)
    ports = lab.lab.ports[DOMAIN]

    def lesson(who: tuple[str, str]) -> int:
        send(lab, who, f"bob@{DOMAIN}")
        boxes = [imaplib.IMAP4_SSL("127.0.0.1", ports["imaps"], ssl_context=context) for _ in range(2)]
        for box in boxes:
            box.login(*who)
        pop = poplib.POP3_SSL("127.0.0.1", ports["pop3s"], context=context)
        pop.user(who[0])
        pop.pass_(who[1])
        pop.quit()
        for box in boxes:
            box.logout()
        return 1

    with ThreadPoolExecutor(PUPILS) as pool:
        assert sum(pool.map(lesson, students(lab))) == PUPILS
    seen = view(lab)
    assert seen[f"bob@{DOMAIN}"]["received"] == PUPILS
    for address, _ in students(lab):
        one = seen[address]
        assert (one["logins"], one["failed"], one["sent"]) == (4, 0, 1)
        assert one["by"] == ["imap", "pop3", "smtp"]
        assert one["last_seen"] > 0


def test_what_a_teacher_sees(lab: LabThread, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = students(lab)[:2]
    send(lab, first, second[0])
    send(lab, first, "alice@crepes.test")
    send(lab, first, "bob@hamburger.edu")  # an alias of the notes
    send(lab, first, "carolyn@hamburger.edu")
    with pytest.raises(smtplib.SMTPAuthenticationError):
        send(lab, (second[0], "guess"), first[0])
    until("alice's copy", lambda: view(lab)["alice@crepes.test"]["received"])
    seen = view(lab)
    assert {name: seen[first[0]][name] for name in ("logins", "sent", "received")} == {
        "logins": 4,
        "sent": 4,
        "received": 0,
    }
    assert {name: seen[second[0]][name] for name in ("logins", "received", "last_seen")} == {
        "logins": 0,
        "received": 1,
        "last_seen": 0,
    }
    failed = seen[second[0]]["failed"]  # smtplib tries each mechanism that it knows
    assert failed >= 1
    assert seen[f"bob@{DOMAIN}"]["received"] == seen[f"carolyn@{DOMAIN}"]["received"] == 1
    assert next(iter(seen)) == "alice@crepes.test"
    assert "joe@hamburger.test" not in seen  # of the notes, and nothing has come or gone
    assert run(["lab", "class"]) == 0
    lines = capsys.readouterr().out.splitlines()
    row = next(line for line in lines if line.startswith(second[0]))
    assert row.split("\t")[1:] == ["0", "", str(failed), "0", "1", "never"]
    assert run(["lab", "class", "--json"]) == 0
    rows = [msgspec.json.decode(line) for line in capsys.readouterr().out.splitlines()]
    assert {row["address"] for row in rows} == set(seen)


def test_a_fresh_start(lab: LabThread, capsys: pytest.CaptureFixture[str]) -> None:
    """Mail, queue, journeys, folders and faults go; accounts, passwords and connections stay, and all works on."""
    who = students(lab)[0]
    context = ssl.create_default_context(cafile=lab.lab.ca.path)
    box = imaplib.IMAP4_SSL("127.0.0.1", lab.lab.ports[DOMAIN]["imaps"], ssl_context=context)
    box.login(*who)
    for name in ("Lessons", "Lessons/SMTP"):
        assert box.create(name)[0] == "OK"
    box.append("Lessons/SMTP", "", "", b"Subject: kept\r\n\r\nx\r\n")
    before = box.list()[1]
    send(lab, who, who[0])
    send(lab, who, "tempfail@crepes.test")
    lab.lab.rules.add(FaultRule("mail", reply="451 4.3.0 Later"))
    assert lab.do(_queued(lab)) == 1
    lab.lab.clock.advance(60)
    ahead = lab.lab.clock.offset

    assert run(["lab", "reset", "--json"]) == 0
    gone = msgspec.json.decode(capsys.readouterr().out)
    assert gone == {"faults": 1, "messages": 2, "queued": 1, "journeys": gone["journeys"]}
    assert gone["journeys"] >= 2
    assert lab.do(_queued(lab)) == 0
    assert list(lab.lab.rules) == []
    assert lab.lab.clock.offset >= ahead
    assert box.select("INBOX")[1] == [b"0"]
    assert len(box.list()[1]) == len(before) - 2
    assert view(lab)[who[0]] == {
        "address": who[0], "logins": 0, "by": [], "failed": 0, "sent": 0, "received": 0, "last_seen": 0,
    }  # fmt: skip

    send(lab, who, who[0])
    box.noop()
    assert box.select("INBOX")[1] == [b"1"]
    box.logout()
    assert run(["lab", "reset"]) == 0
    assert "Gone: 1 message, 0 in queues" in capsys.readouterr().out


def test_a_fresh_start_while_mailboxes_go(lab: LabThread) -> None:
    """Two who reset at once, or somebody who deletes a folder meanwhile: what is gone is no reason to leave the rest."""
    who = students(lab)[0]
    with imaplib.IMAP4("127.0.0.1", lab.lab.ports[DOMAIN]["imap"]) as box:
        box.login(*who)
        for number in range(20):
            box.create(f"F{number}")
            box.append(f"F{number}", "", "", b"Subject: x\r\n\r\nx\r\n")

        async def two() -> None:
            await asyncio.gather(lab.lab.reset(), lab.lab.reset())

        lab.do(two())
        assert not any(b"F1" in row for row in box.list()[1] if isinstance(row, bytes))


def test_a_fresh_start_of_a_user_without_a_name(lab: LabThread, monkeypatch: pytest.MonkeyPatch) -> None:
    """Containers run as any number that they are given."""

    def unknown(uid: int) -> object:
        raise KeyError(f"getpwuid(): uid not found: {uid}")

    monkeypatch.setattr("pwd.getpwuid", unknown)
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    assert lab.do(lab.lab.reset())["faults"] == 0


def test_who_looks_at_a_class_holds_nobody_up(lab: LabThread) -> None:
    server = lab.lab.servers[DOMAIN]
    hops = 10 * attendances.SLICE

    async def write(tx: Transaction) -> None:
        for _ in range(hops):
            await journal.append(tx, server.ids.next(), server.ids.next(), Hop(HopKind.FILED, 1))

    async def had() -> int:
        await server.engine.write(write)
        async with others_turns() as turns:
            _ = [one async for one in attendance(lab.lab.servers, (), {})]
        return turns.had

    assert lab.do(had()) > hops // attendances.SLICE


def test_a_class_at_domains_of_its_own(tmp_path: Path) -> None:
    """All of it follows: zones, certificates, who is there, the addresses of faults, the way between the two."""
    thread = LabThread(tmp_path, houses=houses_at(["uni.test", "school.internal"]))
    try:
        people = {one.address: one.password for one in thread.lab.inhabitants}
        assert people.keys() == {"bob@uni.test", "alice@school.internal"}
        ports, context = thread.lab.ports, ssl.create_default_context(cafile=thread.lab.ca.path)
        with smtplib.SMTP("127.0.0.1", ports["school.internal"]["submission"]) as smtp:
            smtp.starttls(context=context)
            smtp.login("alice@school.internal", people["alice@school.internal"])
            text = "From: alice@school.internal\r\nSubject: Hello\r\n\r\nHi\r\n"
            smtp.sendmail("alice@school.internal", ["bob@uni.test"], text)
            with pytest.raises(smtplib.SMTPRecipientsRefused):
                smtp.sendmail("alice@school.internal", ["permfail@school.internal"], text)
        pop = poplib.POP3_SSL("127.0.0.1", ports["uni.test"]["pop3s"], context=context)
        pop.user("bob")
        pop.pass_(people["bob@uni.test"])
        pop.quit()
        until("the letter", lambda: arrived(thread, "bob@uni.test"))
    finally:
        thread.close()


def arrived(lab: LabThread, address: str) -> bool:
    async def look() -> bool:
        found = [one async for one in attendance(lab.lab.servers, (), {})]
        return any(one["address"] == address and one["received"] for one in found)

    return bool(lab.do(look()))


async def _queued(lab: LabThread) -> int:
    from postroom.store.spool.spool import count

    return sum([await count(server.engine.reading()) for server in lab.lab.servers.values()])


@pytest.mark.parametrize("number", [3, 4])
def test_who_reads_where_the_mail_lies(
    lab: LabThread, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """The newest are shown; read is what was shown, and the journey says so once."""
    monkeypatch.setattr(reading_here, "MOST", 3)
    with smtplib.SMTP("127.0.0.1", lab.lab.ports[DOMAIN]["smtp"]) as smtp:
        for one in range(number):
            smtp.sendmail("alice@crepes.fr", [f"bob@{DOMAIN}"], f"Subject: n{one}\r\n\r\nLetter {one}\r\n")
    assert run(["lab", "read", "bob", "--json"]) == 0
    found = [msgspec.json.decode(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["subject"] for one in found] == [f"n{one}" for one in range(number)][-3:]
    assert run(["lab", "read", "bob@hamburger.test"]) == 0
    assert f"   Letter {number - 1}\n" in capsys.readouterr().out
    assert lab.do(_readings(lab)) == 3
    assert run(["lab", "read", "alice"]) == 0
    assert "no mail" in capsys.readouterr().err
    for name in ("nobody", "bob@elsewhere.test", "slow", ""):
        assert run(["lab", "read", name]) == 1
        assert "nobody in this lab is called" in capsys.readouterr().err


async def _readings(lab: LabThread) -> int:
    tx = lab.lab.servers[DOMAIN].engine.reading()
    return len(await journal.of_kind(tx, HopKind.READ, (0, 0), 100))


def test_slips_of_a_running_lab(lab: LabThread, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lab", "slips", "--json"]) == 0
    found = [msgspec.json.decode(line) for line in capsys.readouterr().out.splitlines()]
    assert len(found) == PUPILS + 2
    assert {(one["address"], one["password"]) for one in found} >= set(students(lab))
    assert found[-1]["ports"] == lab.lab.ports[DOMAIN]
    assert run(["lab", "slips"]) == 0
    text = capsys.readouterr().out
    assert all(f"password      {password}\n" in text for _, password in students(lab))
    assert run(["lab", "slips", "--html"]) == 0
    assert capsys.readouterr().out.count("<section>") == PUPILS + 2


PORTS = {
    "smtp": 2525, "submission": 3087, "submissions": 2965, "pop3": 2610, "pop3s": 3495, "imap": 2643, "imaps": 3493,
    "http": 2580, "https": 2943,
}  # fmt: skip


def test_a_slip_fits_on_its_paper() -> None:
    text = as_text([slip("student01@hamburger.test", "maple-otter-4729", "192.168.100.100", PORTS)])
    assert max(map(len, text.splitlines())) <= 64
    assert "https://192.168.100.100:2943/mail/" in text
    assert "http://127.0.0.1:2580/mail/" in as_text([slip("a@hamburger.test", "x", "", PORTS)])
    assert "http://[::1]:2580/mail/" in as_text([slip("a@hamburger.test", "x", "::1", PORTS)])
    assert "https://[fe80::1]:2943/mail/" in as_text([slip("a@hamburger.test", "x", "fe80::1", PORTS)])


def test_what_people_choose_is_no_html() -> None:
    html = as_html([slip("a@hamburger.test", "<script>&'\"", "", PORTS)])
    seen: list[str] = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, _attributes: seen.append(tag)  # type: ignore[method-assign]
    parser.feed(html)
    assert "script" not in seen
    assert "&lt;script&gt;&amp;" in html

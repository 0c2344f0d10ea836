"""The lab's mail is signed, its DNS has the keys, and everybody finds the signatures right: our own verifier, and dkimpy."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from collections.abc import Iterator
from pathlib import Path

import dkim
import dns.message
import dns.query
import pytest

from commands import Ran, Run
from laboratory import LabThread
from postroom.agent.runtime import lab_directory, publish
from postroom.app.cli.program import run as run_program
from postroom.lab.cli.word import word
from postroom.lab.dns import Fault
from postroom.store import mailboxes, messages
from postroom.store.rights import MailboxRef

LETTER = (
    "From: Alice <alice@crepes.test>\r\nTo: bob@hamburger.test\r\nSubject: Mittag\r\nMIME-Version: 1.0\r\n"
    "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nMöchtest  du \r\nKetchup?\r\n\r\n"
).encode()


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabThread]:
    """A running lab."""
    thread = LabThread(tmp_path_factory.mktemp("lab"))
    yield thread
    thread.close()


@pytest.fixture
def run(
    lab: LabThread, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """A command line beside the lab."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    monkeypatch.delenv("POSTROOM_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)
    publish(word(lab.lab), lab_directory())

    def run_line(line: str) -> Ran:
        code = run_program(line.split())
        return Ran(code, *capsys.readouterr())

    return run_line


def submit(lab: LabThread) -> None:
    """Alice's letter, over submission."""
    password = lab.lab.describe()["accounts"]["alice@crepes.test"]  # type: ignore[index]
    context = ssl.create_default_context(cafile=str(lab.lab.ca.path))
    with smtplib.SMTP("127.0.0.1", lab.lab.ports["crepes.test"]["submission"], timeout=30) as smtp:
        smtp._host = "mail.crepes.test"  # type: ignore[attr-defined]
        smtp.starttls(context=context)
        smtp.login("alice@crepes.test", password)
        smtp.sendmail("alice@crepes.test", ["bob@hamburger.test"], LETTER, ["BODY=8BITMIME"])


async def inbox(lab: LabThread, count: int) -> list[bytes]:
    """Bob's letters, once there are so many."""
    store = lab.lab.servers["hamburger.test"].parts.store
    while True:
        tx = store.engine.reading()
        row = await tx.fetchrow("SELECT account_id FROM profiles WHERE address = 'bob@hamburger.test'")
        assert row is not None
        ref = MailboxRef(row[0], await mailboxes.inbox_id(tx, row[0]))
        found = await messages.listing(tx, ref)
        if len(found) >= count:
            return [await store.read(row[0], one.blob_id) or b"" for one in found]
        await asyncio.sleep(0.02)


def ask(lab: LabThread, name: bytes) -> bytes | None:
    """What dkimpy's resolver would say, out of the lab's DNS."""
    query = dns.message.make_query(name.decode(), "TXT")
    answer = dns.query.udp(query, "127.0.0.1", port=lab.lab.names.port, timeout=10)
    return b"".join(answer.answer[0][0].strings) if answer.answer else None


def test_a_letter_comes_signed(lab: LabThread, run: Run, tmp_path: Path) -> None:
    submit(lab)
    raw = lab.do(inbox(lab, 1))[0]
    assert raw.count(b"DKIM-Signature:") == 2
    assert all(dkim.DKIM(raw).verify(n, lambda name, timeout=5: ask(lab, name)) for n in range(2))
    file = tmp_path / "letter.eml"
    file.write_bytes(raw)
    verified = run(f"dkim verify {file} --resolver 127.0.0.1:{lab.lab.names.port}")
    assert verified.code == 0, verified
    assert verified.out.count("dkim=pass") == 2
    file.write_bytes(raw.replace(b"Ketchup", b"Mustard"))
    assert run(f"dkim verify {file} --resolver 127.0.0.1:{lab.lab.names.port}").code == 10


def test_a_rotation_is_published_by_itself(lab: LabThread, run: Run) -> None:
    assert run("dkim test hamburger.test").code == 0
    assert run("dkim rotate hamburger.test --now").code == 0
    tried = run("dkim test hamburger.test")
    while tried.code:  # the lab looks every second, and an absence holds for a minute of its clock
        assert tried.code == 15, tried
        tried = run("dkim test hamburger.test")
    assert run("dkim rotate hamburger.test --now").code == 0
    listed = run("dkim list hamburger.test --json").records
    assert sorted(one["phase"] for one in listed) == ["retiring", "retiring", "signing", "signing"]


def test_records_of_the_house(lab: LabThread, run: Run) -> None:
    found = run("dns records crepes.test --json").records
    kinds = {one["topic"] for one in found}
    assert kinds >= {
        "MX",
        "address",
        "SPF",
        "DKIM",
        "DMARC",
        "TLSRPT",
        "MTA-STS",
        "TLSA",
        "CAA",
        "autoconfig",
    }
    dmarc = next(one for one in found if one["topic"] == "DMARC")
    assert dmarc["value"].startswith("v=DMARC1; p=none")
    assert ask(lab, b"_dmarc.crepes.test") == dmarc["value"].encode()


def test_the_houses_pass_their_own_check(lab: LabThread, run: Run) -> None:
    checked = run("dns check crepes.test --address 127.0.0.2 --json")
    verdicts = {(one["topic"], one["verdict"]) for one in checked.records}
    assert {topic for topic, verdict in verdicts if verdict == "ok"} >= {
        "MX", "SPF", "DKIM", "DMARC", "TLSRPT", "MTA-STS", "TLSA", "PTR", "autoconfig",
    }  # fmt: skip
    assert {verdict for _, verdict in verdicts} == {
        "ok",
        "not run",
    }  # the policy of MTA-STS is not in the DNS
    assert checked.code == 0
    port = lab.lab.https_port("127.0.0.2")
    checked = run(f"dns check crepes.test --https-port {port} --authorities {lab.lab.ca.path} --json")
    assert {one["verdict"] for one in checked.records} == {"ok"}
    lab.lab.names.server.set_fault("rsa._domainkey.crepes.test", Fault.NXDOMAIN)
    checked = run("dns check crepes.test")
    lab.lab.names.server.set_fault("rsa._domainkey.crepes.test", None)
    assert checked.code == 10
    assert (
        "no key at rsa._domainkey.crepes.test\n    publish: rsa._domainkey.crepes.test. 300 IN TXT"
        in checked.out
    )

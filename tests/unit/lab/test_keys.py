"""The lab's mail is signed, its DNS has the keys, and everybody finds the signatures right: our own verifier, and dkimpy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dkim
import dns.message
import dns.query
import pytest

from commands import Ran, Run
from postroom.app.cli.program import run as run_program
from postroom.lab import Lab
from postroom.lab.dns.server import Fault

LETTER = (
    "From: Alice <alice@crepes.test>\r\nTo: bob@hamburger.test\r\nSubject: Mittag\r\nMIME-Version: 1.0\r\n"
    "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nMöchtest  du \r\nKetchup?\r\n\r\n"
).encode()


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """One of its own: what is done to its keys and its DNS is nothing for others."""
    with Lab() as running:
        yield running


@pytest.fixture
def run(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """A command line beside the lab."""
    for name, value in lab.environ().items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("POSTROOM_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)

    def run_line(line: str) -> Ran:
        code = run_program(line.split())
        return Ran(code, *capsys.readouterr())

    return run_line


def ask(lab: Lab, name: bytes) -> bytes | None:
    """What dkimpy's resolver would say, out of the lab's DNS."""
    query = dns.message.make_query(name.decode(), "TXT")
    answer = dns.query.udp(query, "127.0.0.1", port=lab.dns_port, timeout=60)
    return b"".join(answer.answer[0][0].strings) if answer.answer else None


def test_a_letter_comes_signed(lab: Lab, run: Run, tmp_path: Path) -> None:
    bob = lab.resident("bob@hamburger.test")
    lab.resident("alice@crepes.test").send(LETTER, bob.address)
    raw = bob.wait(subject="Mittag").raw
    assert raw.count(b"DKIM-Signature:") == 2
    assert all(dkim.DKIM(raw).verify(n, lambda name, timeout=5: ask(lab, name)) for n in range(2))
    file = tmp_path / "letter.eml"
    file.write_bytes(raw)
    verified = run(f"dkim verify {file} --resolver 127.0.0.1:{lab.dns_port}")
    assert verified.code == 0, verified
    assert verified.out.count("dkim=pass") == 2
    file.write_bytes(raw.replace(b"Ketchup", b"Mustard"))
    assert run(f"dkim verify {file} --resolver 127.0.0.1:{lab.dns_port}").code == 10


def test_a_rotation_is_published_by_itself(lab: Lab, run: Run) -> None:
    assert run("dkim test hamburger.test").code == 0
    assert run("dkim rotate hamburger.test --now").code == 0
    tried = run("dkim test hamburger.test")
    while tried.code:  # the lab looks every second, and an absence holds for a minute of its clock
        assert tried.code == 15, tried
        tried = run("dkim test hamburger.test")
    assert run("dkim rotate hamburger.test --now").code == 0
    listed = run("dkim list hamburger.test --json").records
    assert sorted(one["phase"] for one in listed) == ["retiring", "retiring", "signing", "signing"]


def test_records_of_the_house(lab: Lab, run: Run) -> None:
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


def test_the_houses_pass_their_own_check(lab: Lab, run: Run) -> None:
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
    port = lab._running.showing.https_port("127.0.0.2")
    checked = run(f"dns check crepes.test --https-port {port} --authorities {lab.ca} --json")
    assert {one["verdict"] for one in checked.records} == {"ok"}
    lab._running.names.server.set_fault("rsa._domainkey.crepes.test", Fault.NXDOMAIN)
    checked = run("dns check crepes.test")
    lab._running.names.server.set_fault("rsa._domainkey.crepes.test", None)
    assert checked.code == 10
    assert (
        "no key at rsa._domainkey.crepes.test\n    publish: rsa._domainkey.crepes.test. 300 IN TXT"
        in checked.out
    )

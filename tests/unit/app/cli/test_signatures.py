"""`postroom dkim verify` and `postroom arc verify` with a name server on loopback."""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from commands import Run
from dkim_post import LETTER, ed25519, keys, rsa
from postroom.lab.dns.server import Fault, LabDns
from postroom.lab.dns.zones import mail_zone
from postroom.mailauth.arc.sealing import SealDraft
from postroom.mailauth.arc.validation import ChainResult
from postroom.mailauth.dkim.private_key import zone_text
from postroom.mailauth.dkim.results import Verdict
from postroom.mailauth.dkim.signing import SigningTerms, sign
from postroom.message.headers.authentication_results import AuthenticationResults
from postroom.message.headers.header import Header
from postroom.net.clock import MovableClock

MADE = 1_700_000_000


@pytest.fixture
def dns() -> Iterator[LabDns]:
    """A name server with the keys, on a loop of its own; `port` is where."""
    texts = [
        f"r1._domainkey TXT {zone_text(rsa().record())}",
        f"e1._domainkey TXT {zone_text(ed25519().record())}",
    ]
    loop = asyncio.new_event_loop()
    server = LabDns(
        [mail_zone("crepes.test", "mail", ["127.0.0.1"], texts)], MovableClock(), lambda question: None
    )
    server.port = loop.run_until_complete(server.start())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield server
    asyncio.run_coroutine_threadsafe(server.stop(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


def letter(*, life: int = 10**9) -> bytes:
    return b"".join(sign(LETTER, keys(), MADE, SigningTerms(life=life))) + LETTER


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (lambda raw: raw, 0, "dkim=pass (d=crepes.test i=@crepes.test s=r1 a=rsa-sha256"),
        (lambda raw: raw.replace(b"\r\n", b"\n"), 0, "dkim=pass"),
        (lambda raw: raw + b"p.s.", 10, "dkim=fail: the body is not the one that was signed"),
        (lambda raw: LETTER, 13, ""),
        (lambda raw: b"From: eve@evil.test\r\n" + raw, 15, "dkim=permerror: the message has 2 From fields"),
        (lambda raw: raw.replace(b"25519", b"448").replace(b"=rsa-", b"=x-"), 12, "dkim=neutral"),
    ],
)
def test_dkim_verify(run: Run, dns: LabDns, tmp_path: Path, change, code: int, words: str) -> None:
    file = tmp_path / "letter.eml"
    file.write_bytes(change(letter()))
    ran = run("dkim", "verify", str(file), "--resolver", f"127.0.0.1:{dns.port}")
    assert (ran.code, ran.out.startswith(words)) == (code, True), ran
    assert code != 13 or "no signature" in ran.err


def test_a_dns_that_fails(run: Run, dns: LabDns, tmp_path: Path) -> None:
    dns.set_fault("crepes.test", Fault.SERVFAIL)
    file = tmp_path / "letter.eml"
    file.write_bytes(letter())
    ran = run("dkim", "verify", str(file), "--resolver", f"127.0.0.1:{dns.port}", "--json")
    assert ran.code == 14
    assert [one["verdict"] for one in ran.records] == ["temperror", "temperror"]
    assert ran.records[0]["key"]["query"] == "r1._domainkey.crepes.test"


def test_arc_verify(run: Run, dns: LabDns, monkeypatch: pytest.MonkeyPatch) -> None:
    draft = SealDraft(Header.parse(LETTER))
    draft.feed(LETTER.partition(b"\r\n\r\n")[2])
    fields = draft.fields(ChainResult(Verdict.NONE), AuthenticationResults("crepes.test"), keys()[0], MADE)
    for raw, code, words in (
        (b"".join(fields) + LETTER, 0, "arc=pass (i=1 crepes.test)"),
        (b"".join(fields[1:]) + LETTER, 10, "arc=fail: instance 1 has no arc-seal"),
        (LETTER, 13, "arc=none"),
    ):
        monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(raw)))
        ran = run("arc", "verify", "-", "--resolver", f"127.0.0.1:{dns.port}")
        assert (ran.code, ran.out.startswith(words)) == (code, True), ran


def test_a_file_that_is_not_there(run: Run) -> None:
    ran = run("dkim verify /nowhere/letter.eml --resolver 127.0.0.1:9")
    assert (ran.code, "/nowhere/letter.eml: No such file" in ran.err) == (1, True)

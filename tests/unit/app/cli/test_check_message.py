"""`postroom check message` against a name server on loopback: words, JSON, exit codes."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from commands import Run
from dkim_post import LETTER, ed25519
from name_server import serving
from postroom.lab.dns.zones import ZoneText
from postroom.mailauth.dkim.signing import SigningKey, sign

ZONES = (
    ZoneText(
        "crepes.test",
        (
            '@ TXT "v=spf1 ip4:192.0.2.1 -all"',
            'mail TXT "v=spf1 a -all"',
            "mail A 192.0.2.1",
            '_dmarc TXT "v=DMARC1; p=reject"',
            f'e1._domainkey TXT "{ed25519().record()}"',
        ),
    ),
    ZoneText("quiet.test", ('@ TXT "v=spf1 -all"', '_dmarc TXT "v=DMARC1; p=quarantine"')),
)


@pytest.fixture
def name_server() -> Iterator[str]:
    """HOST:PORT of one that knows what is asked for here."""
    with serving(ZONES) as address:
        yield address


@pytest.fixture
def letter(tmp_path: Path) -> Path:
    """Of crepes.test, without a signature."""
    path = tmp_path / "letter.eml"
    path.write_bytes(LETTER)
    return path


@pytest.fixture
def signed(tmp_path: Path) -> Path:
    """The same, signed, with lines as files have them."""
    path = tmp_path / "signed.eml"
    fields = sign(LETTER, [SigningKey("crepes.test", "e1", ed25519())], int(time.time()))
    path.write_bytes((b"".join(fields) + LETTER).replace(b"\r\n", b"\n"))
    return path


def test_a_good_one(run: Run, name_server: str, signed: Path) -> None:
    ran = run(
        f"check message {signed} --ip 192.0.2.1 --helo mail.crepes.test --from alice@crepes.test --resolver {name_server}"
    )
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert [line.partition(":")[0].partition(" (")[0] for line in lines[1:6]] == [
        "spf=pass",
        "spf of HELO=pass",
        "dkim=pass",
        "dmarc=pass",
        "it would be accepted",
    ]
    assert lines[1] == "spf=pass: 192.0.2.1 matches ip4:192.0.2.1 of crepes.test"
    assert any(line.startswith("Authentication-Results: ") for line in lines)
    assert any(line.startswith("Received-SPF: pass ") for line in lines)
    assert '  TXT _dmarc.crepes.test: "v=DMARC1; p=reject"' in lines


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        ("--ip 192.0.2.9 --from alice@crepes.test", 10, "it would be refused: 550 5.7.26 Mail of crepes.test is refused"),
        ("--ip 192.0.2.9 --from <> --helo mail.crepes.test", 10, "it would be refused: 550 5.7.26 Mail of crepes.test"),
        ("--ip 192.0.2.1 --from alice@crepes.test", 0, "it would be accepted"),
        ("", 10, "it would be refused: 550 5.7.26"),
    ],
)  # fmt: skip
def test_what_would_be_done(
    run: Run, name_server: str, letter: Path, options: str, code: int, words: str
) -> None:
    ran = run(f"check message {letter} {options} --resolver {name_server}")
    assert (ran.code, ran.err) == (code, "")
    assert any(line.startswith(words) for line in ran.out.splitlines())
    assert ("spf=" in ran.out) == bool(options)


def test_junk_and_an_unknown_author(run: Run, name_server: str, letter: Path) -> None:
    letter.write_bytes(LETTER.replace(b"crepes.test", b"quiet.test"))
    ran = run(f"check message {letter} --resolver {name_server}")
    assert (ran.code, "it would be put into Junk: DMARC asks for quarantine" in ran.out) == (10, True)
    letter.write_bytes(b"Subject: x\r\n\r\nHi\r\n")
    ran = run(f"check message {letter} --resolver {name_server}")
    assert (ran.code, "it would be put into Junk: no From field" in ran.out) == (15, True)
    letter.write_bytes(LETTER.replace(b"crepes.test", b"nothing.test"))
    assert run(f"check message {letter} --resolver {name_server}").code == 13


def test_a_name_server_that_is_not_there(run: Run, letter: Path) -> None:
    ran = run(f"check message {letter} --ip 192.0.2.1 --from a@crepes.test --resolver [::1]:1")
    assert (ran.code, ran.err) == (14, "")
    assert "it would be accepted: undecided: the DNS answers UNREACHABLE" in ran.out


def test_json(run: Run, name_server: str, signed: Path) -> None:
    ran = run(
        f"check message {signed} --ip 192.0.2.9 --from alice@crepes.test --json --resolver {name_server}"
    )
    record = json.loads(ran.out)
    assert (ran.code, record["action"], record["author"], record["reply"]) == (0, "accept", "crepes.test", "")
    found = {one["what"]: one["result"] for one in record["verdicts"]}
    assert (found["spf"], found["dkim"], found["dmarc"]) == ("fail", "pass", "pass")
    assert record["fields"].startswith("Authentication-Results: ")
    assert {"kind": "TXT", "name": "_dmarc.crepes.test", "rcode": "NOERROR", "records": ['"v=DMARC1; p=reject"']} in record["asked"]  # fmt: skip


def test_the_return_path_says_the_sender(run: Run, name_server: str, letter: Path) -> None:
    letter.write_bytes(b"Return-Path: <alice@crepes.test>\r\n" + LETTER)
    ran = run(f"check message {letter} --ip 192.0.2.1 --resolver {name_server}")
    assert (ran.code, "spf=pass: 192.0.2.1 matches ip4:192.0.2.1 of crepes.test" in ran.out) == (0, True)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--ip 192.0.2", "--ip 192.0.2 is no IP address"),
        ("--ip 192.0.2.1", "say who sent it with --from ADDRESS"),
        ("--ip 192.0.2.1 --from <>", "give it with --helo NAME"),
        ("--ip 192.0.2.1 --from a@b@c", "--from a@b@c is no address"),
    ],
)
def test_a_wrong_command_line(run: Run, letter: Path, options: str, words: str) -> None:
    ran = run(f"check message {letter} {options} --resolver 127.0.0.1:9")
    assert ran.code == 2
    assert words in ran.err


def test_a_file_that_is_not_there(run: Run) -> None:
    ran = run("check message /nonexistent")
    assert (ran.code, "No such file" in ran.err) == (1, True)

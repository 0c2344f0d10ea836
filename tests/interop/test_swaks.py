"""swaks against the lab: every way into a server, and what it refuses."""

import base64
from pathlib import Path

import pytest

from letters import names, traced

PASSWORD_WRONG = "535 5.7.8"


def swaks(lab, service, sender, recipient, *options, domain="hamburger.test"):
    return [
        "swaks", "--server", "127.0.0.1", "--port", lab.port(service, domain), "--helo", "crepes.test",
        "--from", sender, "--to", recipient, *options,
    ]  # fmt: skip


@pytest.fixture
def data(tmp_path: Path, written: bytes) -> Path:
    file = tmp_path / "letter"
    file.write_bytes(written.removesuffix(b"\r\n"))  # swaks ends the last line
    return file


@pytest.mark.parametrize(
    ("options", "protocol"),
    [
        ([], b"with ESMTP"),
        (["--tls"], b"with ESMTPS"),
        (["--pipeline"], b"with ESMTP"),
        (["--protocol", "SMTP"], b"with SMTP"),
    ],
)
def test_mx(lab, sender, bob, program, data, written, options, protocol):
    program(swaks(lab, "smtp", sender.address, bob.address, "--data", f"@{data}", *options), code=0)
    fields, rest = traced(bob.arrived()[0])
    assert rest == written
    assert names(fields) == ["Return-Path", "Delivered-To", "Received"]
    assert f"Return-Path: <{sender.address}>\r\n".encode() == fields[0]
    assert f"Delivered-To: {bob.address}\r\n".encode() == fields[1]
    assert protocol in fields[2]


def test_the_certificate_is_verified(lab, sender, bob, program):
    trusted = ["--tls", "--tls-verify", "--tls-ca-path", lab.ca]
    program(swaks(lab, "smtp", sender.address, bob.address, *trusted))
    assert len(bob.arrived()) == 1


def test_lmtp(lab, sender, bob, program, data, written):
    detailed = bob.address.replace("@", "+crepes@")
    options = ["--data", f"@{data}", "--protocol", "LMTP"]
    done = program(swaks(lab, "lmtp", sender.address, f"{bob.address},{detailed}", *options))
    assert "LHLO" in done.stdout
    for letter, recipient in zip(bob.arrived(2), (bob.address, detailed), strict=True):
        fields, rest = traced(letter)
        assert rest == written
        assert fields[1] == f"Delivered-To: {recipient}\r\n".encode()
        assert b"with LMTP" in fields[2]


def test_lmtp_answers_for_each_recipient(lab, sender, bob, program):
    command = swaks(lab, "lmtp", sender.address, f"{bob.address},nobody@hamburger.test", "--protocol", "LMTP")
    done = program(command, code=None)
    assert "550 5.1.1" in done.stdout
    assert len(bob.arrived()) == 1


@pytest.mark.parametrize(
    ("service", "options"),
    [
        ("submission", ["--tls", "--auth", "PLAIN"]),
        ("submission", ["--tls", "--auth", "LOGIN"]),
        ("submission", ["--auth", "PLAIN"]),
        ("submission", ["--tls", "--auth", "PLAIN", "--pipeline"]),
        ("submissions", ["--tls-on-connect", "--auth", "PLAIN"]),
        ("submissions", ["--tls-on-connect", "--auth", "LOGIN"]),
    ],
)
def test_submission(lab, sender, bob, program, data, written, service, options):
    login = ["--auth-user", sender.address, "--auth-password", sender.password]
    command = swaks(
        lab,
        service,
        sender.address,
        bob.address,
        "--data",
        f"@{data}",
        *options,
        *login,
        domain="crepes.test",
    )
    done = program(command)
    assert "235 2.7.0" in done.stdout
    fields, rest = traced(bob.arrived()[0])
    assert rest == written
    assert names(fields) == ["Return-Path", "Delivered-To", "Received", "Received"]
    assert b"by mail.hamburger.test" in fields[2]
    assert b"by mail.crepes.test" in fields[3]
    assert b"with ESMTP" + b"S" * (options[0] != "--auth") + b"A" in fields[3]


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_a_wrong_password(lab, sender, bob, program, mechanism):
    login = ["--tls", "--auth", mechanism, "--auth-user", sender.address, "--auth-password", "wrong"]
    done = program(
        swaks(lab, "submission", sender.address, bob.address, *login, domain="crepes.test"), code=28
    )
    assert PASSWORD_WRONG in done.stdout


def test_no_login_no_submission(lab, sender, bob, program):
    done = program(swaks(lab, "submission", sender.address, bob.address, domain="crepes.test"), code=None)
    assert "530 5.7.0" in done.stdout


@pytest.mark.parametrize(
    "recipient", ["who@elsewhere.test", "who%elsewhere.test@hamburger.example", "alice@crepes.test"]
)
def test_no_open_relay(lab, sender, program, recipient):
    done = program(swaks(lab, "smtp", sender.address, recipient), code=24)
    assert "550 5.7.1" in done.stdout


def test_nobody_of_that_name(lab, sender, program):
    done = program(swaks(lab, "smtp", sender.address, "nobody@hamburger.test"), code=24)
    assert "550 5.1.1" in done.stdout
    assert "nobody@hamburger.test" in done.stdout


def test_eight_bits(lab, sender, bob, program, tmp_path):
    text = b"From: <a@crepes.test>\r\nSubject: crepes\r\n\r\nCr\xc3\xaape, \xe9t\xe9, \xff\xfe\x80.\r\n"
    (tmp_path / "letter").write_bytes(text.removesuffix(b"\r\n"))
    program(swaks(lab, "smtp", sender.address, bob.address, "--data", f"@{tmp_path / 'letter'}"))
    assert traced(bob.arrived()[0])[1] == text


def test_attachments(lab, sender, bob, program, tmp_path):
    content = bytes(range(256)) * 400
    (tmp_path / "recipe.bin").write_bytes(content)
    attached = ["--attach-type", "application/octet-stream", "--attach", f"@{tmp_path / 'recipe.bin'}"]
    program(swaks(lab, "smtp", sender.address, bob.address, "--body", "See below.", *attached))
    encoded = base64.encodebytes(content).replace(b"\n", b"\r\n")
    assert encoded.replace(b"\r\n", b"") in bob.arrived()[0].replace(b"\r\n", b"")

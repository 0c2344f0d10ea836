"""Mail programs that send: msmtp, s-nail, mailutils' mail; through submission, or through our sendmail."""

import os
import quopri
from pathlib import Path
from urllib.parse import quote

import pytest

from letters import stamp, traced


def url_login(person):
    return f"{quote(person.address, safe='')}:{person.password}"


@pytest.mark.parametrize(
    ("service", "options"),
    [
        ("submission", ["--tls=on", "--tls-starttls=on", "--auth=plain"]),
        ("submission", ["--tls=on", "--tls-starttls=on", "--auth=login"]),
        ("submissions", ["--tls=on", "--tls-starttls=off", "--auth=on"]),
        ("submission", ["--tls=off", "--auth=plain"]),
    ],
)
def test_msmtp(lab, sender, bob, program, written, service, options):
    where = ["--host=127.0.0.1", f"--port={lab.port(service, 'crepes.test')}", f"--tls-trust-file={lab.ca}"]
    who = [f"--from={sender.address}", f"--user={sender.address}", f"--passwordeval=echo {sender.password}"]
    text = written.decode().replace("\r\n", "\n")
    program(["msmtp", *where, *who, *options, bob.address], stdin=text)
    assert traced(bob.arrived()[0])[1] == written


def test_msmtp_lmtp(lab, sender, bob, program, written):
    where = ["--protocol=lmtp", "--host=127.0.0.1", f"--port={lab.port('lmtp')}", "--tls=off", "--auth=off"]
    text = written.decode().replace("\r\n", "\n")
    program(["msmtp", *where, f"--from={sender.address}", bob.address], stdin=text)
    assert traced(bob.arrived()[0])[1] == written


def test_msmtp_is_told_what_there_is(lab, program):
    where = [
        "--host=127.0.0.1",
        f"--port={lab.port('submission', 'crepes.test')}",
        f"--tls-trust-file={lab.ca}",
    ]
    done = program(["msmtp", "--serverinfo", "--tls=on", "--tls-starttls=on", *where])
    for words in ("PIPELINING", "DSN", "STARTTLS", "PLAIN", "LOGIN", "SCRAM-SHA-256"):
        assert words in done.stdout


def test_msmtp_and_delivery_notices(lab, alice, bob, program):
    """It asks for a DSN of success: Alice gets one."""
    text = f"From: {alice.address}\nSubject: {stamp()}\n\nKetchup?\n"
    where = [
        "--host=127.0.0.1",
        f"--port={lab.port('submission', 'crepes.test')}",
        f"--tls-trust-file={lab.ca}",
    ]
    who = [f"--from={alice.address}", f"--user={alice.address}", f"--passwordeval=echo {alice.password}"]
    notices = ["--dsn-notify=success", "--dsn-return=hdrs"]
    program(["msmtp", *where, *who, "--tls=on", "--auth=plain", *notices, bob.address], stdin=text)
    bob.arrived()
    report = alice.arrived()[0]
    assert b"report-type=delivery-status" in report
    assert b"Action: delivered" in report
    assert bob.address.encode() in report


@pytest.fixture
def s_nail(lab, program):
    def run(*options, stdin):
        settings = ["v15-compat=y", f"tls-ca-file={lab.ca}", "tls-verify=strict"]
        given = [word for setting in settings for word in ("-S", setting)]
        return program(["s-nail", "-:/", *given, *options], stdin=stdin)

    return run


@pytest.mark.parametrize(
    ("scheme", "service", "options"),
    [
        ("smtp", "submission", ["-S", "smtp-use-starttls", "-S", "smtp-auth=plain"]),
        ("smtp", "submission", ["-S", "smtp-use-starttls", "-S", "smtp-auth=login"]),
        ("submissions", "submissions", ["-S", "smtp-auth=plain"]),
    ],
)
def test_s_nail(lab, sender, bob, s_nail, scheme, service, options):
    subject, port = stamp(), lab.port(service, "crepes.test")
    mta = ["-S", f"mta={scheme}://{url_login(sender)}@localhost:{port}", "-S", f"from={sender.address}"]
    s_nail(*mta, *options, "-s", subject, bob.address, stdin="Do you like ketchup?\n.\nHow about crêpes?\n")
    raw = bob.arrived()[0]
    assert f"\r\nSubject: {subject}\r\n".encode() in raw
    text = quopri.decodestring(raw.partition(b"\r\n\r\n")[2])
    assert text == "Do you like ketchup?\r\n.\r\nHow about crêpes?\r\n".encode()


def test_s_nail_attaches(lab, sender, bob, s_nail, tmp_path):
    recipe = tmp_path / "recipe.txt"
    recipe.write_text("flour, milk, eggs\n")
    mta = f"mta=submissions://{url_login(sender)}@localhost:{lab.port('submissions', 'crepes.test')}"
    s_nail(
        "-S",
        mta,
        "-S",
        f"from={sender.address}",
        "-a",
        str(recipe),
        "-s",
        "Crepes",
        bob.address,
        stdin="So:\n",
    )
    raw = bob.arrived()[0]
    assert b"multipart/mixed" in raw
    assert b"flour, milk, eggs\r\n" in raw


@pytest.mark.parametrize(
    ("scheme", "service", "options"),
    [("pop3s", "pop3s", []), ("pop3", "pop3", ["-S", "pop3-use-starttls"])],
)
def test_s_nail_reads(lab, sender, bob, s_nail, tmp_path, program, scheme, service, options):
    mta = f"mta=submissions://{url_login(sender)}@localhost:{lab.port('submissions', 'crepes.test')}"
    s_nail(
        "-S", mta, "-S", f"from={sender.address}", "-s", "Ketchup", bob.address, stdin="How about pickles?\n"
    )
    bob.arrived()
    drop = f"{scheme}://{url_login(bob)}@localhost:{lab.port(service)}"
    done = s_nail("-#", *options, "-f", drop, stdin="headers\nprint 1\ndelete 1\nquit\n")
    assert "How about pickles?" in done.stdout
    assert bob.count() == 0


@pytest.fixture
def mail(program):
    def run(*options, stdin):
        return program(["mail.mailutils", "--no-config", *options], stdin=stdin, package="mailutils")

    return run


def test_mailutils(lab, sender, bob, mail):
    subject = stamp()
    mailer = f"smtp://{url_login(sender)};auth=plain@127.0.0.1:{lab.port('submission', 'crepes.test')}"
    mail(
        "-E",
        f'set sendmail="{mailer}"',
        "-r",
        sender.address,
        "-s",
        subject,
        bob.address,
        stdin="Ketchup?\n.\n",
    )
    raw = bob.arrived()[0]
    assert f"\r\nSubject: {subject}\r\n".encode() in raw
    assert (
        f"\r\nFrom: {sender.address}\r\n".encode() in raw
    )  # which mail does not write, and a submission has
    assert raw.endswith(b"\r\n\r\nKetchup?\r\n.\r\n")


@pytest.mark.parametrize(("scheme", "service"), [("pop", "pop3"), ("pops", "pop3s")])
def test_mailutils_reads(lab, sender, bob, mail, scheme, service):
    mailer = f"smtp://127.0.0.1:{lab.port('smtp')}"
    mail("-E", f'set sendmail="{mailer}"', "-r", sender.address, "-s", "One", bob.address, stdin="Pickles?\n")
    bob.arrived()
    drop = f"{scheme}://{url_login(bob)}@127.0.0.1:{lab.port(service)}"
    done = mail("-N", "-f", drop, stdin="print 1\ndelete 1\nquit\n")
    assert "Pickles?" in done.stdout
    assert bob.count() == 0


@pytest.fixture
def in_lab(home: dict[str, str], lab) -> dict[str, str]:
    """The user's environment, where programs of ours find the lab."""
    home["XDG_RUNTIME_DIR"] = lab.environ["XDG_RUNTIME_DIR"]
    return home


def test_mailutils_by_our_sendmail(in_lab, sender, bob, mail):
    ours = Path(os.fsdecode(in_lab["PATH"].split(":")[0])) / "sendmail"
    options = ["-E", f'set sendmail="sendmail:{ours}"', "-r", sender.address, "-s", "By sendmail"]
    mail(*options, bob.address, stdin="Ketchup?\n")
    raw = bob.arrived()[0]
    assert raw.startswith(f"Return-Path: <{sender.address}>\r\n".encode())
    assert raw.endswith(b"\r\n\r\nKetchup?\r\n")


def test_s_nail_by_our_sendmail(in_lab, sender, bob, s_nail):
    ours = Path(os.fsdecode(in_lab["PATH"].split(":")[0])) / "sendmail"
    s_nail("-S", f"mta={ours}", "-r", sender.address, "-s", "By sendmail", bob.address, stdin="Ketchup?\n.\n")
    assert bob.arrived()[0].endswith(b"\r\n\r\nKetchup?\r\n.\r\n")

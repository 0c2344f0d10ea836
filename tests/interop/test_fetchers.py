"""Programs that fetch mail: fetchmail, getmail, mpop; by POP3 and IMAP, downloading and deleting, and keeping it on the server."""

import smtplib
from pathlib import Path

import pytest

from letters import letter, stamp, traced

COUNT = 3


@pytest.fixture
def waiting(lab, sender, bob) -> list[bytes]:
    """Some letters of Bob's, as they lie in his mailbox."""
    with smtplib.SMTP("127.0.0.1", lab.port("smtp")) as smtp:
        for number in range(COUNT):
            body = f"{number}\n.\n..\n.foo\nFrom here on: pickles\n"
            smtp.sendmail(sender.address, bob.address, letter(sender.address, bob.address, stamp(), body))
    return bob.arrived(COUNT)


def unix(letters: list[bytes]) -> list[bytes]:
    """With the line ends of files."""
    return sorted(raw.replace(b"\r\n", b"\n") for raw in letters)


def maildir(path: Path) -> Path:
    for name in ("cur", "new", "tmp"):
        (path / name).mkdir(parents=True)
    return path


def kept(path: Path) -> list[bytes]:
    """The letters in a maildir."""
    return sorted(file.read_bytes() for file in path.glob("*/*"))


def secret(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o600)
    return path


@pytest.fixture
def mda(tmp_path):
    """A delivery agent: each letter becomes a file."""
    (tmp_path / "got").mkdir()
    path = tmp_path / "mda"
    path.write_text(f'#!/bin/sh\nexec cat >"$(mktemp {tmp_path}/got/XXXXXX)"\n')
    path.chmod(0o700)
    return path


@pytest.fixture
def fetchmail(lab, bob, program, tmp_path, mda):
    """Runs fetchmail; gives its exit code (1: there was nothing new)."""

    def run(service, *words):
        tls = "ssl" if service.endswith("s") else 'sslproto "TLS1.2+"'
        protocol = "imap" if service.startswith("imap") else "pop3 uidl"
        text = (
            f"set no syslog\nset invisible\npoll 127.0.0.1 service {lab.port(service)} protocol {protocol}\n"
            f'user "{bob.address}" password "{bob.password}" {tls} sslcertck sslcommonname mail.hamburger.test sslcertfile "{lab.ca}" '
            f'no rewrite mda "{mda}" {" ".join(words)}\n'
        )
        rc = secret(tmp_path / "fetchmailrc", text)
        files = ["--fetchmailrc", rc, "--idfile", tmp_path / "ids", "--pidfile", tmp_path / "pid"]
        return program(["fetchmail", *files], code=None).returncode

    return run


def collected(path: Path) -> list[bytes]:
    """What came, without the field in which getmail says of which folder."""
    mark = b"X-getmail-retrieved-from-mailbox: INBOX\n"
    return sorted(file.read_bytes().replace(mark, b"") for file in (path / "got").iterdir())


@pytest.mark.parametrize("service", ["pop3", "pop3s", "imap", "imaps"])
def test_fetchmail_deletes(fetchmail, bob, waiting, tmp_path, service):
    assert fetchmail(service, "no keep", "fetchall") == 0
    assert collected(tmp_path) == unix(waiting)
    assert bob.count() == 0
    assert fetchmail(service, "no keep", "fetchall") == 1


@pytest.mark.parametrize("service", ["pop3", "pop3s", "imap", "imaps"])
def test_fetchmail_keeps(fetchmail, bob, waiting, tmp_path, service):
    assert fetchmail(service, "keep") == 0
    assert fetchmail(service, "keep") == 1
    assert collected(tmp_path) == unix(waiting)
    assert bob.all() == waiting


@pytest.fixture
def getmail(lab, bob, program, tmp_path, mda):
    def run(kind, service, delete):
        text = (
            f"[retriever]\ntype = {kind}\nserver = 127.0.0.1\nport = {lab.port(service)}\n"
            f"username = {bob.address}\npassword = {bob.password}\n"
            + (f"ca_certs = {lab.ca}\n" if "SSL" in kind else "")
            + f"[destination]\ntype = MDA_external\npath = {mda}\nallow_root_commands = true\n"
            f"[options]\nread_all = false\ndelete = {delete}\nreceived = false\ndelivered_to = false\n"
        )
        rc = secret(tmp_path / "getmailrc", text)
        return program(["getmail", "--getmaildir", tmp_path, "--rcfile", rc], package="getmail6").stdout

    return run


@pytest.mark.parametrize(
    ("kind", "service"),
    [
        ("SimplePOP3Retriever", "pop3"),
        ("SimplePOP3SSLRetriever", "pop3s"),
        ("SimpleIMAPRetriever", "imap"),
        ("SimpleIMAPSSLRetriever", "imaps"),
    ],
)
def test_getmail_deletes(getmail, bob, waiting, tmp_path, kind, service):
    assert f"{COUNT} messages" in getmail(kind, service, delete=True)
    assert collected(tmp_path) == unix(waiting)
    assert bob.count() == 0


@pytest.mark.parametrize(
    ("kind", "service"),
    [
        ("SimplePOP3Retriever", "pop3"),
        ("SimplePOP3SSLRetriever", "pop3s"),
        ("SimpleIMAPRetriever", "imap"),
        ("SimpleIMAPSSLRetriever", "imaps"),
    ],
)
def test_getmail_keeps(getmail, bob, waiting, tmp_path, kind, service):
    getmail(kind, service, delete=False)
    assert "0 messages" in getmail(kind, service, delete=False)
    assert collected(tmp_path) == unix(waiting)
    assert bob.all() == waiting


@pytest.fixture
def mpop(lab, bob, program, tmp_path):
    box = maildir(tmp_path / "box")

    def run(service, keep, auth):
        text = (
            f"account lab\nhost 127.0.0.1\nport {lab.port(service)}\nuser {bob.address}\npassword {bob.password}\n"
            f"auth {auth}\ntls on\ntls_starttls {'on' if service == 'pop3' else 'off'}\ntls_trust_file {lab.ca}\n"
            f"delivery maildir {box}\nreceived_header off\nkeep {keep}\nuidls_file {tmp_path / 'uidls'}\n"
        )
        return program(["mpop", "--file", secret(tmp_path / "mpoprc", text), "lab"]).stdout

    return run


@pytest.mark.parametrize(
    ("service", "auth"), [("pop3", "user"), ("pop3", "plain"), ("pop3", "login"), ("pop3s", "plain")]
)
def test_mpop_deletes(mpop, bob, waiting, tmp_path, service, auth):
    mpop(service, "off", auth)
    assert kept(tmp_path / "box") == unix(waiting)
    assert bob.count() == 0


@pytest.mark.parametrize("service", ["pop3", "pop3s"])
def test_mpop_keeps(mpop, bob, waiting, tmp_path, service):
    mpop(service, "on", "plain")
    assert f"new: {COUNT}" not in mpop(service, "on", "plain")
    assert kept(tmp_path / "box") == unix(waiting)
    assert bob.all() == waiting


@pytest.mark.parametrize("service", ["pop3", "pop3s"])
def test_mpop_takes_the_best_way_to_log_in(mpop, bob, waiting, service):
    """A greeting with a timestamp makes it choose APOP, so only accounts with a shared secret may meet one."""
    mpop(service, "off", "on")
    assert bob.count() == 0


def test_what_was_delivered_while_it_was_kept_is_fetched_alone(mpop, lab, sender, bob, waiting, tmp_path):
    mpop("pop3s", "on", "plain")
    late = letter(sender.address, bob.address, stamp())
    with smtplib.SMTP("127.0.0.1", lab.port("smtp")) as smtp:
        smtp.sendmail(sender.address, bob.address, late)
    everything = bob.arrived(COUNT + 1)
    mpop("pop3s", "on", "plain")
    assert kept(tmp_path / "box") == unix(everything)
    assert traced(everything[-1])[1] == late

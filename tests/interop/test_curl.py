"""curl against the lab: both ends of the way, plain and with TLS, certificates verified by host name."""

from pathlib import Path

import pytest

from letters import letter, stamp, traced


@pytest.fixture
def curl(lab, program):
    """Runs curl with the lab's authority, its host names leading to this machine."""

    def run(scheme, service, domain, *options, path="", **named):
        port = lab.port(service, domain)
        names = ["--resolve", f"mail.{domain}:{port}:127.0.0.1"]
        url = f"{scheme}://mail.{domain}:{port}/{path}"
        return program(["curl", "-sS", "--cacert", lab.ca, *names, *options, url], **named)

    return run


@pytest.fixture
def upload(sender, bob, tmp_path: Path, written: bytes) -> list[str]:
    """Options that make curl send `written`."""
    (tmp_path / "letter").write_bytes(written)
    return [
        "--mail-from",
        sender.address,
        "--mail-rcpt",
        bob.address,
        "--upload-file",
        str(tmp_path / "letter"),
    ]


@pytest.mark.parametrize("options", [[], ["--ssl-reqd"]])
def test_smtp(curl, upload, bob, written, options):
    curl("smtp", "smtp", "hamburger.test", *upload, *options, path="crepes.test")
    assert traced(bob.arrived()[0])[1] == written


@pytest.mark.parametrize(
    ("scheme", "service", "options"),
    [
        ("smtp", "submission", ["--ssl-reqd"]),
        ("smtp", "submission", ["--ssl-reqd", "--login-options", "AUTH=LOGIN"]),
        ("smtp", "submission", ["--ssl-reqd", "--login-options", "AUTH=PLAIN", "--sasl-ir"]),
        ("smtps", "submissions", []),
    ],
)
def test_submission(curl, upload, sender, bob, written, scheme, service, options):
    login = ["--user", f"{sender.address}:{sender.password}"]
    curl(scheme, service, "crepes.test", *upload, *options, *login)
    assert traced(bob.arrived()[0])[1] == written


@pytest.mark.parametrize(
    ("scheme", "service", "options"),
    [
        ("imap", "imap", ["--ssl-reqd"]),
        ("imap", "imap", ["--ssl-reqd", "--login-options", "AUTH=LOGIN"]),
        ("imap", "imap", ["--ssl-reqd", "--login-options", "AUTH=PLAIN", "--sasl-ir"]),
        ("imaps", "imaps", []),
    ],
)
def test_imap(curl, imap_of, newcomer, tmp_path, written, scheme, service, options):
    def say(path, *more):
        login = ["--user", f"{newcomer.address}:{newcomer.password}"]
        return curl(scheme, service, "hamburger.test", *login, *options, *more, path=path).stdout

    (tmp_path / "letter").write_bytes(written)
    say("INBOX", "-T", tmp_path / "letter")
    assert imap_of(newcomer).letters() == [written]
    say("INBOX;MAILINDEX=1", "-o", tmp_path / "fetched")
    assert (tmp_path / "fetched").read_bytes() == written
    say("INBOX;UID=1;SECTION=HEADER.FIELDS%20(SUBJECT)", "-o", tmp_path / "subject")
    assert (tmp_path / "subject").read_bytes().startswith(b"Subject: pickles ")
    assert say("INBOX?BODY%20ketchup") == "* SEARCH 1\n"
    assert "\\Deleted" in say("INBOX", "-X", "STORE 1 +FLAGS (\\Deleted)")
    assert "\\Deleted" in say("INBOX", "-X", "FETCH 1 FLAGS")
    assert '* LIST (\\HasNoChildren) "/" "INBOX"\n' in say("")
    assert say("INBOX", "-X", "EXPUNGE") == "* 1 EXPUNGE\n"


def test_a_wrong_password(curl, upload, sender):
    done = curl(
        "smtps", "submissions", "crepes.test", *upload, "-v", "--user", f"{sender.address}:wrong", code=67
    )
    assert "< 535 5.7.8" in done.stderr


def test_the_size_is_refused_before_the_message(curl, sender, bob, tmp_path):
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(60 << 20)
    sending = ["--mail-from", sender.address, "--mail-rcpt", bob.address, "--upload-file", tmp_path / "huge"]
    done = curl("smtp", "smtp", "hamburger.test", *sending, code=55)
    assert "552" in done.stderr


def test_vrfy(curl, bob):
    assert curl("smtp", "smtp", "hamburger.test", "--mail-rcpt", bob.address).stdout.startswith("25")


@pytest.mark.parametrize(
    ("scheme", "service", "options"),
    [
        ("pop3", "pop3", []),
        ("pop3", "pop3", ["--ssl-reqd"]),
        ("pop3", "pop3", ["--ssl-reqd", "--login-options", "AUTH=PLAIN"]),
        ("pop3", "pop3", ["--ssl-reqd", "--login-options", "AUTH=LOGIN"]),
        ("pop3s", "pop3s", ["--sasl-ir", "--login-options", "AUTH=PLAIN"]),
    ],
)
def test_pop3(curl, upload, bob, scheme, service, options):
    curl("smtp", "smtp", "hamburger.test", *upload)
    raw = bob.arrived()[0]
    login = ["--user", f"{bob.address}:{bob.password}"]
    listing = curl(scheme, service, "hamburger.test", *options, *login)
    assert listing.stdout.split() == ["1", str(len(raw))]
    shown = curl(scheme, service, "hamburger.test", *options, *login, path="1")
    assert shown.stdout.encode() == raw.replace(b"\r\n", b"\n")


def test_pop3_commands(curl, upload, bob):
    curl("smtp", "smtp", "hamburger.test", *upload)
    raw = bob.arrived()[0]
    login = ["--user", f"{bob.address}:{bob.password}"]

    def ask(command, *options):
        return curl("pop3s", "pop3s", "hamburger.test", *login, "--request", command, *options).stdout

    assert ask("UIDL") == ask("UIDL")
    assert ask("TOP 1 0").encode() == raw[: raw.index(b"\r\n\r\n") + 4].replace(b"\r\n", b"\n")
    ask("DELE 1", "--head")
    assert bob.count() == 0


def test_apop(curl, lab, newcomer):
    change = ["account", "password", newcomer.address, "--at", newcomer.domain, "--apop"]
    lab.postroom(*change, "--password-stdin", stdin="tanstaaf\n")
    options = ["-v", "--login-options", "AUTH=+APOP", "--user"]
    done = curl("pop3", "pop3", "hamburger.test", *options, f"{newcomer.address}:tanstaaf")
    assert "> APOP " in done.stderr
    curl("pop3", "pop3", "hamburger.test", *options, f"{newcomer.address}:{newcomer.password}", code=67)
    lab.postroom(*change, "--off")
    curl("pop3", "pop3", "hamburger.test", *options, f"{newcomer.address}:tanstaaf", code=67)


def test_another_authority_is_not_believed(lab, program):
    url = f"pop3s://127.0.0.1:{lab.port('pop3s')}/"
    program(["curl", "-sS", url], code=60)


def test_a_large_letter(curl, lab, sender, bob, tmp_path):
    """Over the size from which a body is a file of its own."""
    text = letter(sender.address, bob.address, stamp(), ("." * 70 + "\n") * 20_000)
    (tmp_path / "letter").write_bytes(text)
    sending = [
        "--mail-from",
        sender.address,
        "--mail-rcpt",
        bob.address,
        "--upload-file",
        tmp_path / "letter",
    ]
    curl("smtps", "submissions", "crepes.test", *sending, "--user", f"{sender.address}:{sender.password}")
    assert traced(bob.arrived()[0])[1] == text

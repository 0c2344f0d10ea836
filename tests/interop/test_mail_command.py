"""`postroom mail`, `sendmail` and their relatives in a running lab, as somebody uses them who has just started it."""

import base64
import json
import re
import subprocess

import pytest
import trustme

import running
from letters import stamp, traced
from running import POSTROOM, run, until


@pytest.fixture
def people(lab):
    """Alice and Bob, whose mailboxes are empty."""
    both = lab.person("alice@crepes.test"), lab.person("bob@hamburger.test")
    for person in both:
        person.empty()
    return both


@pytest.fixture
def mail(lab):
    def command(who, *arguments, stdin=""):
        return lab.postroom("mail", "--as", who, *arguments, stdin=stdin).stdout

    return command


def numbered(mail, who):
    return [json.loads(line) for line in mail(who, "list", "--json").splitlines()]


def test_send_list_read_reply_delete(mail, people):
    alice, bob = people
    subject = stamp()
    mail("alice", "send", "bob@hamburger.test", "--subject", subject, stdin="Do you like ketchup?\n")
    bob.arrived()
    assert subject in mail("bob", "list")
    (one,) = numbered(mail, "bob")
    assert one["subject"] == subject
    assert "Do you like ketchup?" in mail("bob", "read", "1")
    assert mail("bob", "read", "1", "--raw").replace("\r\n", "\n").encode() == bob.all()[0].replace(
        b"\r\n", b"\n"
    )
    mail("bob", "reply", "1", "--body", "With pickles.")
    answer = alice.arrived()[0]
    assert f"Subject: Re: {subject}\r\n".encode() in answer
    assert f"In-Reply-To: <{one['message_id'].strip('<>')}>\r\n".encode() in answer
    assert b"With pickles." in answer
    assert b"> Do you like ketchup?\r\n" in answer
    mail("bob", "delete", "1")
    assert bob.count() == 0


def test_attach_and_forward(mail, people, tmp_path):
    alice, bob = people
    recipe = tmp_path / "recipe.png"
    recipe.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    mail(
        "alice",
        "send",
        "bob@hamburger.test",
        "--subject",
        "Crêpes",
        "--attach",
        str(recipe),
        "--body",
        "Voilà",
    )
    bob.arrived()
    (tmp_path / "saved").mkdir()
    shown = mail("bob", "read", "1", "--save", str(tmp_path / "saved"))
    assert "Voilà" in shown
    assert "image/png" in shown
    assert (tmp_path / "saved" / "recipe.png").read_bytes() == recipe.read_bytes()
    mail("bob", "forward", "1", "alice@crepes.test", "--body", "See below")
    forwarded = alice.arrived()[0]
    assert b"See below" in forwarded
    assert b"recipe.png" in forwarded


def test_watch(lab, mail, people):
    command = [POSTROOM, "mail", "--as", "bob", "watch", "--count", "1", "--interval", "0.2"]
    with subprocess.Popen(command, env=lab.environ, stdout=subprocess.PIPE, text=True) as watching:
        try:
            subject = stamp()

            def comes():
                mail("alice", "send", "bob@hamburger.test", "--subject", subject, "--body", "Now")
                return watching.poll() is not None

            until("the watcher to see a letter", comes)
            assert subject in watching.stdout.read()
        finally:
            watching.kill()


def test_the_way_of_a_letter(lab, mail, people):
    """One line of JSON for each server that it passed, with what the two said to each other."""
    _, bob = people
    mail("alice", "send", "bob@hamburger.test", "--subject", stamp(), "--body", "Ketchup?")
    bob.arrived()
    way = [json.loads(line) for line in lab.postroom("journey", "--last", "--json").stdout.splitlines()]
    assert [one["server"] for one in way] == ["crepes.test", "hamburger.test"]
    kinds = [[hop["kind"] for hop in one["hops"]] for one in way]
    assert kinds[0][:2] == ["received", "relay"]
    events = [event for one in way for hop in one["hops"] for event in hop["events"]]
    names = {event["event"] for event in events}
    assert names >= {"conn", "tls", "auth", "said", "accept", "route", "outcome"}
    said = [line["line"] for event in events if event["event"] == "said" for line in event["lines"]]
    assert "RCPT TO:<bob@hamburger.test>" in said
    shown = lab.postroom("journey", "--last").stdout
    assert "mail.hamburger.test" in shown


@pytest.mark.parametrize(
    ("options", "recipients"),
    [
        (["-t", "-oi"], "To: {bob}\n"),
        (["-i", "{bob}"], ""),
        (["-oi", "-f", "alice@crepes.test", "-F", "Alice C.", "{bob}"], "To: somebody@elsewhere.test\n"),
        (["-ti"], "Bcc: {bob}\nTo: alice@crepes.test\n"),
    ],
)
def test_sendmail(lab, bob, options, recipients):
    words = [option.format(bob=bob.address) for option in options]
    text = f"{recipients.format(bob=bob.address)}Subject: by sendmail\n\nKetchup?\n.\nPickles?\n"
    done = run(["sendmail", *words], lab.environ, text)
    assert done.returncode == 0, done.stderr
    raw = bob.arrived()[0]
    assert raw.endswith(b"\r\n\r\nKetchup?\r\n.\r\nPickles?\r\n")
    assert b"Bcc:" not in raw
    assert b"(from " in b"".join(traced(raw)[0])


def test_a_line_with_a_dot_alone_ends_it(lab, bob):
    assert (
        run(["sendmail", bob.address], lab.environ, "Subject: x\n\nKetchup?\n.\nPickles?\n").returncode == 0
    )
    assert bob.arrived()[0].endswith(b"\r\n\r\nKetchup?\r\n")


def test_sendmail_speaks_smtp(lab, bob):
    text = f"EHLO here\r\nMAIL FROM:<>\r\nRCPT TO:<{bob.address}>\r\nDATA\r\n"
    done = run(["sendmail", "-bs"], lab.environ, text + "Subject: bs\r\n\r\nKetchup?\r\n.\r\nQUIT\r\n")
    assert done.stdout.startswith("220 ")
    assert "250 2.0.0 " in done.stdout
    assert bob.arrived()[0].endswith(b"\r\n\r\nKetchup?\r\n")


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (["sendmail", "-t"], 64),  # EX_USAGE: nobody is named
        (["sendmail", "nobody@crepes.test"], 67),  # EX_NOUSER
        (["mailq"], 0),
        (["sendmail", "-bp"], 0),
    ],
)
def test_exit_codes(lab, command, code):
    done = run(command, lab.environ, "Subject: x\n\nx\n")
    assert done.returncode == code, done.stderr
    assert code == 0 or done.stderr


def test_closed_streams(lab, bob):
    """Programs that start sendmail do not always leave it an output."""
    command = ["sh", "-c", 'exec sendmail -i "$0" >&- 2>&-', bob.address]
    assert run(command, lab.environ, "Subject: x\n\nKetchup?\n").returncode == 0
    assert len(bob.arrived()) == 1


def test_an_error_names_the_input(lab):
    done = run([POSTROOM, "mail", "--as", "carol", "list"], lab.environ)
    assert done.returncode == 2
    assert "'carol'" in done.stderr
    assert "alice" in done.stderr


def test_secrets_stay_secret(lab, sender, bob, program):
    """Passwords, and what of them went over the wire, are neither in the log nor in a journey."""
    canary, everything = "canary-5f2b9c", ""
    where = ["--server", "127.0.0.1", "--port", lab.port("submission", "crepes.test")]
    for mechanism in ("PLAIN", "LOGIN"):
        login = ["--tls", "--auth", mechanism, "--auth-user", sender.address, "--auth-password"]
        swaks = ["swaks", *where, "--from", sender.address, "--to", bob.address, *login]
        program([*swaks, canary], code=28)
        said = program([*swaks, sender.password]).stdout
        number = re.search(r"queued as (J\w+)", said)[1]
        bob.arrived()
        bob.empty()
        way = lab.postroom("journey", number, "--json", "--at", "crepes.test").stdout
        assert f"AUTH {mechanism}" in way
        assert "[masked]" in way
        everything += way
    everything += lab.log()
    for secret in (canary, sender.password, bob.password):
        plain = f"\0{sender.address}\0{secret}"
        for trace in (secret, *(base64.b64encode(text.encode()).decode() for text in (secret, plain))):
            assert trace not in everything


def set_up(lab, file, *more, password, authorities=None):
    places = [
        f"--{kind}=127.0.0.1:{lab.port(service)}{tls}"
        for kind, service, tls in (("imap", "imap", "/starttls"), ("smtp", "submissions", ""))
    ]
    ca = ["--authorities", authorities or lab.ca, "--server-name", "mail.hamburger.test"]
    words = ["mail", "--config", str(file), "setup", "bob@hamburger.test", *places, *ca, *more]
    return running.postroom(words, lab.environ, password + "\n")


def test_an_account_is_set_up_and_used(lab, people, tmp_path):
    _, bob = people
    file = tmp_path / "mine" / "mail.toml"
    done = set_up(lab, file, "--json", password=lab.accounts["bob@hamburger.test"])
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["account"], said["file"]) == ("bob", str(file))
    assert said["imap"]["tls"] == "starttls"
    subject = stamp()
    lab.postroom(
        "mail", "--config", str(file), "send", "bob@hamburger.test", "--subject", subject, stdin="x\n"
    )
    bob.arrived()
    assert subject in lab.postroom("mail", "--config", str(file), "list").stdout
    again = set_up(lab, file, password="x")
    assert again.returncode == 1
    assert "already" in again.stderr


def test_nothing_is_written_that_no_server_takes(lab, tmp_path):
    file = tmp_path / "mail.toml"
    wrong = set_up(lab, file, password="wrong")
    assert wrong.returncode == 28, wrong.stderr
    others = tmp_path / "others.pem"
    trustme.CA().cert_pem.write_to_path(str(others))
    strange = set_up(lab, file, password="wrong", authorities=str(others))
    assert strange.returncode == 29, strange.stderr
    assert not file.exists()

"""Captures of a lab and of journeys, taken apart by Debian's tshark: SMTP with an attachment, POP3 by password, by APOP and without a login, IMAP."""

from __future__ import annotations

import email.message
import imaplib
import json
import poplib
import smtplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from dissected import Dissected
from laboratory import LabThread
from postroom.app.cli.program import run
from postroom.app.control import Request, call
from postroom.lab.heard.capture import Recording

PICTURE = bytes(range(256)) * 60
BOB, ALICE = "bob@hamburger.test", "alice@crepes.test"
HAMBURGER, CREPES = "127.0.0.3", "127.0.0.2"
Take = Callable[..., AbstractContextManager[Dissected]]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabThread]:
    one = LabThread(tmp_path_factory.mktemp("lab"))
    yield one
    one.close()


@pytest.fixture(autouse=True)
def _here(lab: LabThread, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(lab.runtime))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def take(lab: LabThread, tmp_path: Path, require_tool: Callable[..., str]) -> Take:
    """Takes down what happens in a block, and has tshark look at it afterwards."""
    path = tmp_path / "taken.pcap"

    @contextmanager
    def taking(*, show_secrets: bool = False) -> Iterator[Dissected]:
        since = lab.lab.feed.last
        recording = lab.do(_begin(lab, show_secrets=show_secrets))
        yield Dissected(require_tool, path)
        path.write_bytes(lab.do(_end(lab, recording, since)))

    return taking


async def _begin(lab: LabThread, *, show_secrets: bool) -> Recording:
    return lab.lab.captures.begin(show_secrets=show_secrets)


async def _end(lab: LabThread, recording: Recording, since: int) -> bytes:
    """When every connection is closed that was opened."""
    feed = lab.lab.feed
    while _open(kinds := [one.kind for one in feed.since(since)]):
        await feed.after(since + len(kinds))
    lab.lab.captures.end(recording)
    return b"".join([octets async for octets in recording.pieces()])


def _open(kinds: list[str]) -> bool:
    return kinds.count("opened") > kinds.count("closed")


def port(lab: LabThread, service: str, domain: str = "hamburger.test") -> int:
    number: int = lab.lab.ports[domain][service]
    return number


def password(lab: LabThread, address: str = BOB) -> str:
    found: str = lab.lab.describe()["accounts"][address]  # type: ignore[index]
    return found


def trust(lab: LabThread) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(lab.lab.ca.path))


def picture_mail(sender: str = ALICE) -> email.message.EmailMessage:
    mail = email.message.EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, BOB, "A crepe"
    mail.set_content("Look.\n.\nThere.\n")
    mail.add_attachment(PICTURE, "image", "png", filename="crepe.png")
    return mail


def send(lab: LabThread, mail: email.message.EmailMessage | None = None) -> str:
    """Gives the journey's id."""
    with smtplib.SMTP("127.0.0.1", port(lab, "smtp")) as client:
        client.ehlo("crepes.test")
        client.mail(ALICE)
        client.rcpt(BOB)
        text = (mail or picture_mail()).as_bytes(policy=email.policy.SMTP)
        return client.data(text)[1].decode().split()[-1]


def emptied(lab: LabThread) -> None:
    client = poplib.POP3("127.0.0.1", port(lab, "pop3"))
    client.user(BOB)
    client.pass_(password(lab))
    for number in range(1, client.stat()[0] + 1):
        client.dele(number)
    client.quit()


def test_an_attachment_by_smtp(lab: LabThread, take: Take) -> None:
    with take() as found:
        send(lab)
    found.assert_sound()
    assert found.fields('smtp.req.command matches "^MAIL"', "ip.src", "ip.dst", "tcp.dstport") == [
        ("127.0.0.1", HAMBURGER, "25")
    ]
    ((kinds, subject),) = found.fields("imf", "mime_multipart.header.content-type", "imf.subject")
    assert "image/png" in kinds
    assert subject == "A crepe"
    ((name,),) = found.fields("imf", "mime_multipart.header.content-disposition")
    assert 'filename="crepe.png"' in name
    assert found.count("tcp.flags.syn == 1") == 2
    assert found.count("tcp.flags.fin == 1") == 2


def test_user_and_pass_by_pop3(lab: LabThread, take: Take) -> None:
    emptied(lab)
    send(lab)
    with take() as found:
        emptied(lab)
    found.assert_sound()
    said = dict(found.fields("pop.request", "pop.request.command", "pop.request.parameter"))
    assert said["USER"] == BOB
    assert said["PASS"] == "*" * len(password(lab))
    assert password(lab) not in found.stream(0)
    assert found.fields("pop.request", "ip.dst", "tcp.dstport")[0] == (HAMBURGER, "110")


@pytest.mark.parametrize("letters", [0, 1])
def test_apop_by_pop3(lab: LabThread, take: Take, letters: int) -> None:
    emptied(lab)
    for _ in range(letters):
        send(lab)
    secret = Request("account.password", {"address": BOB, "password": "tanstaaf", "apop": True})
    list(call(lab.lab.controls()["hamburger.test"], secret))
    with take() as found:
        client = poplib.POP3("127.0.0.1", port(lab, "pop3"))
        client.apop(BOB, "tanstaaf")
        assert client.stat()[0] == letters
        for number in range(1, letters + 1):
            client.retr(number)
        client.quit()
    found.assert_sound()
    commands = [command for (command,) in found.fields("pop.request", "pop.request.command")]
    assert commands == ["APOP", "STAT", *["RETR"] * letters, "QUIT"]
    assert found.count('imf.subject == "A crepe"') == letters


def test_capabilities_by_pop3_without_a_login(lab: LabThread, take: Take) -> None:
    with take() as found:
        client = poplib.POP3("127.0.0.1", port(lab, "pop3"))
        client.capa()
        client.quit()
    found.assert_sound()
    assert [one for (one,) in found.fields("pop.request", "pop.request.command")] == ["CAPA", "QUIT"]
    assert "UIDL" in found.stream(0)


def test_a_letter_fetched_by_imap_under_tls(lab: LabThread, take: Take) -> None:
    emptied(lab)
    send(lab)
    with (
        take() as found,
        imaplib.IMAP4_SSL("127.0.0.1", port(lab, "imaps"), ssl_context=trust(lab)) as client,
    ):
        client.login(BOB, password(lab))
        client.select()
        client.fetch("1", "(ENVELOPE BODY[])")
    found.assert_sound()
    assert found.fields('imap.request.command matches "^LOGIN"', "ip.dst", "tcp.dstport") == [
        (HAMBURGER, "143")
    ]
    assert found.fields('imap.request.command matches "^FETCH"', "imap.request") != []
    assert password(lab) not in found.stream(0)
    assert "Under TLS, shown in the clear: TLSv1.3" in found.fields("frame.comment", "frame.comment")[0][0]
    assert "crepe.png" in found.stream(0)


def test_what_comes_behind_starttls_is_a_stream_of_its_own(lab: LabThread, take: Take) -> None:
    with take() as found, smtplib.SMTP("127.0.0.1", port(lab, "submission")) as client:
        client.starttls(context=trust(lab))
        client.login(BOB, password(lab))
        client.sendmail(BOB, [ALICE], picture_mail(BOB).as_bytes(policy=email.policy.SMTP))
    found.assert_sound()
    assert "STARTTLS" in found.stream(0)
    assert "AUTH PLAIN KioqKioq" in found.stream(1)
    assert found.fields('smtp.req.command matches "^AUTH"', "tcp.dstport") == [("587",)]
    comments = [comment for (comment,) in found.fields("frame.comment", "frame.comment")]
    assert "goes on under TLS" in comments[0]
    assert "went under TLS in the one before" in comments[1]


def test_between_the_servers_with_their_questions(lab: LabThread, take: Take) -> None:
    with take() as found:
        with smtplib.SMTP("127.0.0.1", port(lab, "submission", "crepes.test")) as client:
            client.starttls(context=trust(lab))
            client.login(ALICE, password(lab, ALICE))
            client.sendmail(ALICE, [BOB], "Subject: To the neighbours\r\n\r\nHello.\r\n")
        _until_it_came(lab, "To the neighbours")
    found.assert_sound()
    asked = found.fields("dns.flags.response == 0", "udp.dstport", "dns.qry.name")
    assert {at for at, _ in asked} == {"53"}
    assert {name.rpartition(".")[2] for _, name in asked} <= {"test", "arpa"}
    assert len(asked) == found.count("dns.flags.response == 1")
    ((source, target, at),) = found.fields(
        'smtp.req.parameter contains "<bob@"', "ip.src", "ip.dst", "tcp.dstport"
    )[1:]
    assert (source, target, at) == (CREPES, HAMBURGER, "25")


def _until_it_came(lab: LabThread, subject: str) -> None:
    with imaplib.IMAP4("127.0.0.1", port(lab, "imap")) as client:
        client.login(BOB, password(lab))
        client.select()
        for _ in range(1000):
            if client.search(None, "SUBJECT", f'"{subject}"')[1] != [b""]:
                return
            client.noop()
    pytest.fail("it has not come")


def test_secrets_are_shown_when_they_are_asked_for(lab: LabThread, take: Take) -> None:
    with take(show_secrets=True) as found:
        emptied(lab)
    found.assert_sound()
    assert f"PASS {password(lab)}" in found.stream(0)


def test_the_command_that_takes_a_running_lab_down(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["lab", "capture", "some.pcap", "--seconds", "1", "--json"]) == 0
    path = tmp_path / "some.pcap"
    assert json.loads(capsys.readouterr().out) == {"pcap": "some.pcap", "octets": path.stat().st_size}
    assert path.stat().st_mode & 0o077 == 0


def test_a_journey(
    lab: LabThread, tmp_path: Path, require_tool: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    emptied(lab)
    name = send(lab)
    client = poplib.POP3("127.0.0.1", port(lab, "pop3"))
    client.user(BOB)
    client.pass_(password(lab))
    client.retr(1)
    client.quit()
    lab.do(lab.lab.servers["hamburger.test"].services.notes.finish())
    assert run(["journey", name, "--pcap", "way.pcap", "--json"]) == 0
    found = Dissected(require_tool, tmp_path / "way.pcap")
    found.assert_sound()
    assert json.loads(capsys.readouterr().out)["connections"] == 2
    assert found.fields('smtp.req.command matches "^MAIL"', "ip.dst", "tcp.dstport") == [(HAMBURGER, "25")]
    assert [subject for (subject,) in found.fields("imf", "imf.subject")] == ["A crepe", "A crepe"]
    assert found.fields('pop.request.command == "RETR"', "ip.dst", "tcp.dstport") == [(HAMBURGER, "110")]

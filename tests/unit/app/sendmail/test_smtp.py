"""sendmail -bs: SMTP over standard input and output."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from commands import Served
from postroom.app.control import CallFailed, Failed, OperationError
from postroom.app.locate import Server
from postroom.app.post_office import Posted, Unreachable
from postroom.app.sendmail.options import Options
from postroom.app.sendmail.smtp import speak


def talk(server: Server, *lines: str) -> list[str]:
    """What is answered to these lines."""
    said = "".join(f"{line}\r\n" for line in lines).encode()
    sink = io.BytesIO()
    assert speak(server, Options(), io.BytesIO(said), sink) == 0
    return sink.getvalue().decode().splitlines()


@pytest.fixture
def server(tmp_path: Path):
    served = Served(tmp_path)
    served.do(served.office.ask("domain.add", name="hamburger.test"))
    served.do(served.office.ask("account.add", address="bob@hamburger.test"))
    yield served, Server("hamburger.test", tmp_path / "control")
    served.close()


def test_a_message(server: tuple[Served, Server]) -> None:
    served, where = server
    replies = talk(
        where,
        "EHLO pine",
        "MAIL FROM:<alice> RET=HDRS ENVID=e1",
        "RCPT TO:<bob> NOTIFY=NEVER",
        "RCPT TO:<nobody>",
        "RCPT TO:<x@crepes.test>",
        "DATA",
        "Subject: hi",
        "",
        "..",
        ".",
        "QUIT",
    )
    codes = [line[:3] for line in replies if line[3:4] == " "]
    assert codes == ["220", "250", "250", "250", "550", "250", "354", "250", "221"]
    assert "250 2.0.0 Ok: queued as J1" in replies
    (taken,) = served.office.submitted
    assert (str(taken.sender), [str(one.address) for one in taken.recipients]) == (
        "alice@hamburger.test",
        ["bob@hamburger.test", "x@crepes.test"],
    )
    assert taken.content.endswith(b"Subject: hi\r\n\r\n.\r\n")
    assert (taken.envid, [one.notify for one in taken.recipients]) == ("e1", [0, None])


def test_original_recipients_go_along(server: tuple[Served, Server]) -> None:
    """RFC 3461 §5.2.1: reports name the recipient as the sender had him."""
    served, where = server
    talk(
        where,
        "EHLO pine",
        "MAIL FROM:<alice>",
        "RCPT TO:<bob> ORCPT=rfc822;bob+2Bold@old.test",
        "RCPT TO:<x@crepes.test>",
        "DATA",
        "Subject: hi",
        "",
        ".",
    )
    (taken,) = served.office.submitted
    assert [one.orcpt for one in taken.recipients] == ["rfc822;bob+old@old.test", None]


@pytest.mark.parametrize(
    "orcpts", [["rfc822;a\r\nX: y", ""], ["rfc822", ""], ["rfc822;a"], ["rfc822;" + "a" * 600, ""]]
)
def test_original_recipients_that_no_client_can_name_are_refused(
    server: tuple[Served, Server], orcpts: list[str]
) -> None:
    served, _ = server
    facts = {"recipients": ["bob", "x@crepes.test"], "orcpts": orcpts}
    with pytest.raises(OperationError, match="ORCPT"):
        served.do(served.office.ask("submit", content=b"\r\n", **facts))
    assert not served.office.submitted


def test_lookups_and_what_is_not_here(server: tuple[Served, Server]) -> None:
    replies = talk(
        server[1], "HELO x", "VRFY bob", "VRFY x@crepes.test", "VRFY nobody", "EXPN all", "STARTTLS"
    )
    assert [line[:3] for line in replies[2:]] == ["250", "252", "550", "502", "502"]


@pytest.mark.parametrize(
    ("error", "reply"),
    [
        (CallFailed(Failed("Full", "4.2.2", temporary=True)), "451 4.2.2 Full"),
        (CallFailed(Failed("No", "5.6.0")), "554 5.6.0 No"),
        (Unreachable("nobody there"), "451 4.3.0 nobody there"),
    ],
)
def test_refusals_are_replies(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: Exception, reply: str
) -> None:
    def refuse(*_: object) -> Posted:
        raise error

    monkeypatch.setattr("postroom.app.post_office.PostOffice.submit", refuse)
    where = Server("x", tmp_path / "none")
    replies = talk(where, "HELO x", "MAIL FROM:<>", "RCPT TO:<bob>", "DATA", "hello", ".")
    assert replies[-1] == reply


def test_lf_alone_gets_the_remedy(tmp_path: Path) -> None:
    sink = io.BytesIO()
    speak(Server("x", tmp_path / "none"), Options(), io.BytesIO(b"HELO x\n"), sink)
    assert b"500 5.5.2" in sink.getvalue()

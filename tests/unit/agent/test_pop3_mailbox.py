"""A mailbox over POP3: with servers that can less, and servers that fail."""

from __future__ import annotations

import pytest

from postroom.agent import pop3_mailbox
from postroom.agent.accounts import Account, Endpoint
from postroom.agent.exits import Exit, ServerBusy, ServerFailed
from postroom.agent.mailbox import Entry
from postroom.agent.pop3_mailbox import Pop3Mailbox
from scripted import scripted
from slow_line import SlowLine, slow_line

OPEN = ("+OK hi", "-ERR no CAPA", "+OK", "+OK")
LIST = "+OK\r\n1 20\r\n2 30\r\n."


def account(port: int, tls: str = "none") -> Account:
    return Account(
        "bob@hamburger.test", pop3=Endpoint("127.0.0.1", port, tls), password="pw", insecure_loopback=True
    )


async def test_an_old_server_is_good_enough() -> None:
    letter = "+OK\r\nSubject: x\r\n\r\nhello\r\n."
    async with scripted(
        (*OPEN, LIST, "-ERR no UIDL", "-ERR no TOP", letter, letter, "+OK", "+OK bye")
    ) as server:
        mailbox = await Pop3Mailbox.open(account(server.port))
        assert await mailbox.entries() == [Entry(1, "", 20), Entry(2, "", 30)]
        assert await mailbox.headers([1, 2]) == [b"Subject: x\r\n\r\nhello\r\n"] * 2
        await mailbox.delete([2])
        await mailbox.close()
    assert server.lines == [
        *("CAPA", "USER bob@hamburger.test", "PASS pw", "LIST", "UIDL"),
        *("TOP 1 0", "RETR 1", "RETR 2", "DELE 2", "QUIT"),
    ]


async def test_uids_and_headers() -> None:
    top = "+OK\r\nSubject: x\r\n\r\n."
    async with scripted((*OPEN, LIST, "+OK\r\n1 aa\r\n2 bb\r\n.", top, top)) as server:
        mailbox = await Pop3Mailbox.open(account(server.port))
        assert [entry.uid for entry in await mailbox.entries()] == ["aa", "bb"]
        assert await mailbox.headers([1, 2]) == [b"Subject: x\r\n\r\n"] * 2
        await mailbox.drop()


@pytest.mark.parametrize(
    ("replies", "tls", "at"),
    [
        (("-ERR busy",), "none", Exit.LOGIN),
        (("+OK hi", "-ERR", "+OK", "-ERR [AUTH] wrong"), "none", Exit.LOGIN),
        (("+OK hi", "+OK\r\nUSER\r\n.", "-ERR no"), "starttls", Exit.TLS),
        (("+OK hi", ""), "none", Exit.LOGIN),
        ((*OPEN, "-ERR no LIST"), "none", Exit.MAILBOX),
        ((*OPEN, LIST, ""), "none", Exit.MAILBOX),
    ],
)
async def test_failures_say_where(replies: tuple[str, ...], tls: str, at: Exit) -> None:
    async with scripted(replies) as server:
        with pytest.raises(ServerFailed) as caught:
            await (await Pop3Mailbox.open(account(server.port, tls))).entries()
    assert caught.value.at is at


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("[IN-USE] busy", ServerBusy),
        ("[LOGIN-DELAY] too soon", ServerBusy),
        ("[AUTH] wrong", ServerFailed),
        ("no", ServerFailed),
    ],
)
async def test_what_may_work_later_is_told_apart(code: str, kind: type[ServerFailed]) -> None:
    async with scripted(("+OK hi", "-ERR", "+OK", f"-ERR {code}")) as server:
        with pytest.raises(ServerFailed) as caught:
            await Pop3Mailbox.open(account(server.port, "none"))
    assert type(caught.value) is kind


async def test_a_slow_line_is_no_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pop3_mailbox, "SECONDS", 1.2)
    words = b"x" * 70 + b"\r\n"

    async def gives(line: SlowLine) -> None:
        await line.says(*OPEN)
        await line.trickles(b"+OK\r\n" + words * 100_000 + b".\r\n", 16)

    async with slow_line(gives) as port:
        mailbox = await Pop3Mailbox.open(account(port))
        assert await mailbox.message(1) == words * 100_000
        await mailbox.drop()

"""A mailbox over IMAP: with servers that can less, and servers that fail."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from postroom.agent import imap_session
from postroom.agent.accounts import Account, Endpoint
from postroom.agent.exits import Exit, ServerFailed
from postroom.agent.folders import Folder, file_sent, folders
from postroom.agent.idling import Listener, listen
from postroom.agent.imap_mailbox import ImapMailbox
from postroom.agent.invocation import CommandFailed
from postroom.agent.mailbox import Entry
from postroom.agent.watching import Arrival
from postroom.proto.imap.client_commands import Criteria
from scripted import Heard, scripted
from slow_line import SlowLine, slow_line

GREETING = "* OK [CAPABILITY IMAP4rev1] hi"
LOGIN = "A1 OK [CAPABILITY IMAP4rev1] in"
SELECT = "* OK [UIDVALIDITY 9] x\r\nA2 OK selected"
OLD = (GREETING, LOGIN, SELECT)
LIST = "* 1 FETCH (UID 7 RFC822.SIZE 20 FLAGS (\\Seen \\Recent))\r\n* 2 FETCH (FLAGS () UID 9 RFC822.SIZE 30)\r\n{} OK"


def account(port: int, tls: str = "none") -> Account:
    return Account(
        "bob@hamburger.test", imap=Endpoint("127.0.0.1", port, tls), password="pw", insecure_loopback=True
    )


def able(*names: str) -> tuple[str, str, str]:
    """The beginning of a server that can more."""
    return (GREETING, f"A1 OK [CAPABILITY IMAP4rev1 {' '.join(names)}] in", SELECT)


async def within(server: Heard, work: Callable[[ImapMailbox], Awaitable[object]]) -> object:
    mailbox = await ImapMailbox.open(account(server.port))
    try:
        return await work(mailbox)
    finally:
        await mailbox.drop()


async def test_entries_and_headers() -> None:
    header = '* 2 FETCH (UID 9 BODY[HEADER.FIELDS ("From" To)] "To: b")\r\n* 3 EXISTS\r\nA4 OK'
    async with scripted((*OLD, LIST.format("A3"), header, "* BYE\r\nA5 OK")) as server:
        mailbox = await ImapMailbox.open(account(server.port))
        assert await mailbox.entries() == [Entry(1, "9.7", 20, ("\\Seen",)), Entry(2, "9.9", 30, ())]
        assert await mailbox.headers([2]) == [b"To: b"]
        await mailbox.close()
    assert server.lines == [
        'A1 LOGIN "bob@hamburger.test" "pw"',
        'A2 SELECT "INBOX"',
        "A3 UID FETCH 1:* (UID FLAGS RFC822.SIZE)",
        "A4 UID FETCH 9 (UID BODY.PEEK[HEADER.FIELDS (FROM SENDER TO SUBJECT DATE MESSAGE-ID RETURN-PATH)])",
        "A5 LOGOUT",
    ]


async def test_a_message_that_has_gone_meanwhile_is_said() -> None:
    async with scripted((*OLD, LIST.format("A3"), "* 2 EXPUNGE\r\nA4 OK")) as server:

        async def work(mailbox: ImapMailbox) -> bytes:
            await mailbox.entries()
            return await mailbox.message(2)

        with pytest.raises(ServerFailed, match="message 2 has been removed meanwhile: list again"):
            await within(server, work)


@pytest.mark.parametrize(
    ("capabilities", "answers", "lines"),
    [
        (
            (),
            ("* SEARCH 7\r\nA5 OK", "* 1 EXPUNGE\r\nA6 OK", "A7 OK"),
            ["A5 UID SEARCH DELETED", "A6 EXPUNGE", "A7 LOGOUT"],
        ),
        (
            (),
            ("* SEARCH 7 9\r\nA5 OK", "A6 OK"),
            ["A5 UID SEARCH DELETED", "A6 LOGOUT"],
        ),  # another one's mark
        (("UIDPLUS",), ("A5 OK", "A6 OK"), ["A5 UID EXPUNGE 7", "A6 LOGOUT"]),
    ],
)
async def test_only_what_is_meant_is_deleted_and_only_in_the_end(
    capabilities: tuple[str, ...], answers: tuple[str, ...], lines: list[str]
) -> None:
    async with scripted((*able(*capabilities), LIST.format("A3"), "A4 OK", *answers)) as server:
        mailbox = await ImapMailbox.open(account(server.port))
        await mailbox.entries()
        await mailbox.delete([1])
        assert len(server.lines) == 3
        await mailbox.close()
    assert server.lines[3:] == ["A4 UID STORE 7 +FLAGS.SILENT (\\Deleted)", *lines]


@pytest.mark.parametrize(
    ("capabilities", "answers", "lines"),
    [
        (("MOVE",), ("A4 OK",), ['A4 UID MOVE 7,9 "x"']),
        (
            ("UIDPLUS",),
            ("A4 OK", "A5 OK", "A6 OK"),
            ['A4 UID COPY 7,9 "x"', "A5 UID STORE 7,9 +FLAGS.SILENT (\\Deleted)", "A6 UID EXPUNGE 7,9"],
        ),
        (
            ("MOVE",),
            ("A4 NO [TRYCREATE] none", "A5 OK", "A6 OK"),
            ['A4 UID MOVE 7,9 "x"', 'A5 CREATE "x"', 'A6 UID MOVE 7,9 "x"'],
        ),
    ],
)
async def test_moves(capabilities: tuple[str, ...], answers: tuple[str, ...], lines: list[str]) -> None:
    async with scripted((*able(*capabilities), LIST.format("A3"), *answers)) as server:

        async def work(mailbox: ImapMailbox) -> None:
            await mailbox.entries()
            await mailbox.move([2, 1], "x", create=True)

        await within(server, work)
    assert server.lines[3:] == lines


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        ("A4 NO [TRYCREATE] none", CommandFailed, "there is no folder 'x'; --create makes it"),
        ("A4 NO [OVERQUOTA] full", ServerFailed, 'at UID MOVE 7 "x": full'),
    ],
)
async def test_a_move_that_fails(answer: str, error: type[Exception], words: str) -> None:
    async with scripted((*able("MOVE"), LIST.format("A3"), answer)) as server:

        async def work(mailbox: ImapMailbox) -> None:
            await mailbox.entries()
            await mailbox.move([1], "x")

        with pytest.raises(error, match=words):
            await within(server, work)


@pytest.mark.parametrize(
    ("capabilities", "found"),
    [((), "* SEARCH 9"), (("ESEARCH",), '* ESEARCH (TAG "A3") UID ALL 9')],
)
async def test_searches(capabilities: tuple[str, ...], found: str) -> None:
    answers = (f"{found}\r\nA3 OK", "* 2 FETCH (FLAGS () UID 9 RFC822.SIZE 30)\r\nA4 OK")
    async with scripted((*able(*capabilities), *answers)) as server:
        entries = await within(server, lambda mailbox: mailbox.search(Criteria([("TEXT", "x")])))
    assert entries == [Entry(2, "9.9", 30, ())]


async def test_nothing_found_is_nothing_fetched() -> None:
    async with scripted((*OLD, "* SEARCH\r\nA3 OK")) as server:
        assert await within(server, lambda mailbox: mailbox.search(Criteria([("TEXT", "x")]))) == []


async def test_folders_of_an_old_server() -> None:
    listed = '* LIST (\\Noselect) "/" a\r\n* LIST () "/" a/b\r\n* LIST () "/" inbox\r\n* LIST (\\Sent) "/" z\r\nA3 OK'
    status = (
        "* STATUS a/b (MESSAGES 3 UNSEEN 1)\r\nA4 OK",
        "* STATUS INBOX (MESSAGES 0)\r\nA5 OK",
        "A6 NO no",
    )
    async with scripted((*OLD, listed, *status)) as server:
        found = await within(server, lambda mailbox: folders(mailbox.session))
    assert found == [
        Folder("INBOX", 0, None, ""),
        Folder("a/b", 3, 1, ""),
        Folder("z", None, None, "sent"),
    ]


@pytest.mark.parametrize(
    ("listed", "lines", "folder"),
    [
        ('* LIST (\\Sent) "/" Gesendet\r\n* LIST () "/" Sent\r\n', [], "Gesendet"),
        ('* LIST () "." INBOX.Sent\r\n', [], "INBOX.Sent"),
        ('* LIST () "/" INBOX\r\n', ['A3 CREATE "Sent"'], "Sent"),
        ('* LIST () "." INBOX\r\n', ['A3 CREATE "Sent"', 'A4 CREATE "INBOX.Sent"'], "INBOX.Sent"),
    ],
)
async def test_what_was_sent_is_filed(listed: str, lines: list[str], folder: str) -> None:
    """Courier and Cyrus have folders below INBOX alone."""
    then = [f"A{3 + n} {'OK' if folder in line else 'NO'}" for n, line in enumerate(lines)]
    at = 3 + len(lines)
    login = "A1 OK [CAPABILITY IMAP4rev1 LITERAL+] in"
    told = ("* OK a line", "* OK another", f"A{at} OK", f"* BYE\r\nA{at + 1} OK")
    async with scripted((GREETING, login, f"{listed}A2 OK", *then, *told)) as server:
        assert await file_sent(account(server.port), b"hi\r\n") == folder
    append = [f'A{at} APPEND "{folder}" (\\Seen) {{4+}}', "hi", ""]
    assert server.lines[2:] == [*lines, *append, f"A{at + 1} LOGOUT"]


@pytest.mark.parametrize(
    ("replies", "tls", "at"),
    [
        (("* BYE busy",), "none", Exit.LOGIN),
        ((GREETING, "A1 NO [AUTHENTICATIONFAILED] wrong"), "none", Exit.LOGIN),
        ((GREETING,), "starttls", Exit.TLS),
        (("* PREAUTH hi",), "starttls", Exit.TLS),
        (("* OK [CAPABILITY IMAP4rev1 STARTTLS] hi", "A1 NO no"), "starttls", Exit.TLS),
        ((GREETING, ""), "none", Exit.LOGIN),
        ((*OLD, "A3 NO no"), "none", Exit.MAILBOX),
        ((*OLD, "* BYE gone"), "none", Exit.MAILBOX),
        ((*OLD, ""), "none", Exit.MAILBOX),
    ],
)
async def test_failures_say_where(replies: tuple[str, ...], tls: str, at: Exit) -> None:
    async with scripted(replies) as server:
        with pytest.raises(ServerFailed) as caught:
            await (await ImapMailbox.open(account(server.port, tls))).entries()
    assert caught.value.at is at


async def test_a_folder_that_is_not_there() -> None:
    async with scripted((GREETING, LOGIN, "A2 NO [NONEXISTENT] no such mailbox")) as server:
        with pytest.raises(CommandFailed, match="postroom mail folders lists what there is"):
            await ImapMailbox.open(account(server.port), "Nowhere")


async def test_a_name_that_is_none() -> None:
    async with scripted((GREETING, LOGIN)) as server:
        with pytest.raises(CommandFailed, match="not a name of a mailbox"):
            await ImapMailbox.open(account(server.port), "a\r\nb")


async def test_news_by_idle_and_after_a_lost_connection() -> None:
    new = '* 3 FETCH (UID {} RFC822.SIZE 5 FLAGS () BODY[HEADER.FIELDS (FROM)] "Subject: {}")\r\n{} OK'
    first = (
        *able("IDLE"),
        LIST.format("A3"),
        "+ idling\r\n* OK still here\r\n* 3 EXISTS",
        "A4 OK",
        new.format(12, "one", "A5"),
        "",
    )
    second = (*OLD, new.format(15, "two", "A3"), "")
    async with scripted(first) as before, scripted(second) as after:
        servers = iter((before, after))
        listener = Listener(lambda: ImapMailbox.open(account(next(servers).port)))
        await listener.begin()
        told: asyncio.Queue[dict[str, object]] = asyncio.Queue()
        told.put_nowait({"event": "shown"})
        found: list[object] = []
        async for one in (heard := listen(listener, told, 0.001)):
            found.append(one.header if isinstance(one, Arrival) else one)
            if len(found) == 3:
                break
        await heard.aclose()
    assert found == [{"event": "shown"}, b"Subject: one", b"Subject: two"]
    assert before.lines[3:5] == ["A4 IDLE", "DONE"]


async def test_a_server_that_is_started_anew_is_waited_for() -> None:
    """Also where it hangs up behind the news, and where its uids have begun anew (RFC 9051 §2.3.1.1)."""
    new = '* {} FETCH (UID {} RFC822.SIZE 5 FLAGS () BODY[HEADER.FIELDS (FROM)] "Subject: two")\r\n{} OK'
    first = (*able("IDLE"), LIST.format("A3"), "+ idling\r\n* 3 EXISTS", "A4 OK", "")
    select = "* 1 EXISTS\r\n* OK [UIDVALIDITY 10] x\r\n* OK [UIDNEXT 3] x\r\nA2 OK selected"
    ability = "A1 OK [CAPABILITY IMAP4rev1 IDLE] in"
    news = (new.format(1, 2, "A3"), "+ idling\r\n* 2 EXISTS", "A4 OK", new.format(2, 3, "A5"), "")
    async with scripted(first) as before, scripted((GREETING, ability, select, *news)) as after:
        places = iter((before.port, 0, after.port))

        async def opened() -> ImapMailbox:
            port = next(places)
            if not port:
                raise ServerFailed("connection refused", Exit.CONNECT)
            return await ImapMailbox.open(account(port))

        listener = Listener(opened)
        await listener.begin()
        assert await listener.arrivals(0.001) == []
        assert [one.entry.uid for one in await listener.arrivals(0.001)] == ["10.3"]
        await listener.end()


async def test_a_message_that_is_moved_as_soon_as_it_comes_ends_no_watch() -> None:
    """Told of in two answers, it would be gone before the second."""
    new = '* 3 FETCH (UID 12 RFC822.SIZE 5 FLAGS () BODY[HEADER.FIELDS (FROM)] "Subject: one")'
    replies = (
        LIST.format("A3"),
        "+ idling\r\n* 3 EXISTS",
        "A4 OK",
        f"{new}\r\n* 3 EXPUNGE\r\nA5 OK",
        "A6 OK",
    )
    async with scripted((*able("IDLE"), *replies)) as server:
        listener = Listener(lambda: ImapMailbox.open(account(server.port)))
        await listener.begin()
        assert [one.header for one in await listener.arrivals(0.001)] == [b"Subject: one"]
        await listener.end()


async def test_a_server_that_hangs_up_each_time_is_not_asked_without_pause(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Pausing(Exception):
        pass

    at_once = asyncio.sleep

    async def sleep(seconds: float) -> None:
        if seconds == 60:
            raise Pausing
        await at_once(0)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    async with scripted((*able("IDLE"), LIST.format("A3"), "")) as server:
        listener = Listener(lambda: ImapMailbox.open(account(server.port)))
        await listener.begin()
        with pytest.raises(Pausing):
            await listener.arrivals(60)
        await listener.end()


@pytest.mark.parametrize(("limit", "most"), [("MOST_HEARD", 1), ("MOST_OCTETS", 5)])
async def test_an_answer_without_end_is_given_up(
    limit: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies = '* 1 FETCH (UID 7 BODY[] "abc")\r\n* 2 FETCH (UID 9 BODY[] "def")'
    async with scripted((*OLD, LIST.format("A3"), bodies)) as server:

        async def work(mailbox: ImapMailbox) -> object:
            await mailbox.entries()
            monkeypatch.setattr(imap_session, limit, most)
            return await mailbox.message(1)

        with pytest.raises(ServerFailed, match="does not come to an end"):
            await within(server, work)


MANY = (GREETING, LOGIN, "* 5000 EXISTS\r\n* OK [UIDVALIDITY 9] x\r\n* OK [UIDNEXT 7001] x\r\nA2 OK selected")
ROW = "* {} FETCH (UID {} RFC822.SIZE 20 FLAGS ())\r\n"


async def test_only_what_is_asked_for_is_fetched_of_a_large_mailbox() -> None:
    last = ROW.format(4999, 6999) + ROW.format(5000, 7000) + "A3 OK"
    chosen = (ROW.format(3, 4) + "A4 OK", ROW.format(3, 4) + ROW.format(9, 12) + "A5 OK")
    async with scripted((*MANY, last, *chosen)) as server:

        async def work(mailbox: ImapMailbox) -> list[list[str]]:
            assert await mailbox.newest() == 7000
            return [
                [one.uid for one in await mailbox.entries(2)],
                [one.uid for one in await mailbox.chosen(["9.12", "3", "9.4"])],
            ]

        assert await within(server, work) == [["9.6999", "9.7000"], ["9.12", "9.4"]]
    assert server.lines[2:] == [
        "A3 FETCH 4999:5000 (UID FLAGS RFC822.SIZE)",
        "A4 FETCH 3 (UID FLAGS RFC822.SIZE)",
        "A5 UID FETCH 4,12 (UID FLAGS RFC822.SIZE)",
    ]


@pytest.mark.parametrize("wanted", ["5001", "0", "x", "8.4", "9.4", "4.", "٣"])
async def test_what_is_not_there(wanted: str) -> None:
    async with scripted((*MANY, "A3 OK")) as server:
        with pytest.raises(CommandFailed, match="there are 1 to 5000"):
            await within(server, lambda mailbox: mailbox.chosen([wanted]))


async def test_an_empty_mailbox_has_no_last_messages() -> None:
    async with scripted((*OLD,)) as server:
        assert await within(server, lambda mailbox: mailbox.entries(3)) == []


async def test_alerts_are_told_and_a_server_may_leave_without_a_word() -> None:
    alert = "* NO [ALERT] the disk is full\r\nA3 OK [ALERT] really"
    told: list[str] = []
    async with scripted((*OLD, alert, "")) as server:
        mailbox = await ImapMailbox.open(account(server.port), "INBOX", told.append)
        await mailbox.entries()
        await mailbox.close()
    assert told == ["127.0.0.1 says: the disk is full", "127.0.0.1 says: really"]


async def test_a_slow_line_is_no_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    """A long message comes for longer than an answer may be waited for, and goes so, too."""
    monkeypatch.setattr(imap_session, "SECONDS", 1.2)
    words = b"x" * (16 << 20)

    async def gives(line: SlowLine) -> None:
        await line.says(*OLD, LIST.format("A3"))
        body = b"* 1 FETCH (UID 7 BODY[] {%d}\r\n%b)\r\nA4 OK\r\n" % (len(words), words)
        await line.trickles(body, 16)

    async def takes(line: SlowLine) -> None:
        login = "A1 OK [CAPABILITY IMAP4rev1 LITERAL+] in"
        await line.says(GREETING, login, '* LIST (\\Sent) "/" Sent\r\nA2 OK')
        await line.sips(len(words) + 2)
        await line.says("A3 OK", "* BYE\r\nA4 OK")

    async with slow_line(gives) as port:
        mailbox = await ImapMailbox.open(account(port))
        await mailbox.entries()
        assert await mailbox.message(1) == words
        await mailbox.drop()
    async with slow_line(takes) as port:
        assert await file_sent(account(port), words) == "Sent"

"""Hostile IMAP clients of a whole server: what they say before a login and after it, what they do not read, what they would have repeated."""

from __future__ import annotations

import random
import re
import threading
import zlib

import pytest

from imap_socket import ImapSocket, closing
from postroom.net.tls.certificates import opportunistic
from siege import PASSWORD, SESSIONS, Besieged

FETCHED = 40  # messages of 1 MiB


def stranger(house: Besieged) -> ImapSocket:
    return ImapSocket(house.ports["imaps"], opportunistic())


def login(house: Besieged, user: str) -> ImapSocket:
    client = stranger(house)
    client.ok(f"LOGIN {user} {PASSWORD}")
    return client


@pytest.fixture
def user(house: Besieged) -> str:
    return house.person()


def append(client: ImapSocket, raw: bytes, mailbox: str = "INBOX") -> str:
    return client.say(b"APPEND %b {%d+}\r\n%b" % (mailbox.encode(), len(raw), raw))[-1]


@pytest.mark.parametrize(
    "behind", ["b LOGIN {user} {password}", "b NOOP\r\nc NOOP", "b LOGI", "b LOGIN {{5+}}"]
)
def test_s06_what_follows_starttls_in_the_clear_is_never_answered(
    house: Besieged, user: str, behind: str
) -> None:
    client = ImapSocket(house.ports["imap"])
    with closing(client):
        client.send(f"a STARTTLS\r\n{behind.format(user=user, password=PASSWORD)}\r\n")
        assert client.line() == "a BAD Nothing may follow STARTTLS before TLS has begun"
        assert client.line().startswith("* BYE ")
        assert client.rest() == b""


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (b"a LOGIN {4294967295}\r\n", "a BAD [TOOBIG] "),
        (b"a LOGIN {8192}\r\n", "a BAD [TOOBIG] "),
        (b"a LOGIN {9000+}\r\n" + b"x" * 9000 + b"\r\n", "a BAD [TOOBIG] "),
        (b"a LOGIN" + b" {10+}\r\n0123456789" * 5_000 + b"\r\n", "a BAD [TOOBIG] "),
        (b"a " + b"(" * 1_000_000 + b"\r\n", "a BAD [TOOBIG] "),
        (b"x" * 4_000_000 + b"\r\n", "* BAD [TOOBIG] "),
        (b"a LOGIN {1_0}\r\n", "a BAD Expected "),
        (b"a LOGIN {+5}\r\n", "a BAD Expected "),
        (b"a LOGIN {0x10}\r\n", "a BAD Expected "),
        (b"a LOGIN {18446744073709551617}\r\n", "a BAD [TOOBIG] "),
        (b"a LOGIN {5+}\r\n1234\r\nb NOOP\r\n", "a BAD "),  # the literal takes the CR along
    ],
)
def test_i01_i02_before_login(house: Besieged, user: str, data: bytes, answer: str) -> None:
    client = stranger(house)
    with closing(client):
        client.send(data)
        assert client.line().startswith(answer)
        client.send(b"\r\nz NOOP\r\n")
        assert client.answer("z")[-1] == "OK Nothing done"  # or garbage before it that is refused


def test_i01_a_literal_that_is_not_waited_for_and_too_long_ends_the_connection(house: Besieged) -> None:
    client = stranger(house)
    with closing(client):
        client.send(b"a LOGIN {99999999+}\r\n" + b"b NOOP\r\n" * 100)
        assert client.line().startswith("a BAD [TOOBIG] ")
        assert client.line().startswith("* BYE [TOOBIG] ")
        assert client.rest() == b""


def test_i03_literals_without_number(house: Besieged, user: str) -> None:
    client = login(house, user)
    with closing(client):
        assert client.say(b"LIST ()" + b" {1+}\r\nx" * 1_001)[-1].startswith("BAD [TOOBIG] ")
        assert client.say(b"LIST" + b" {%d+}\r\n%b" % (600 << 10, b"x" * (600 << 10)) * 2)[-1].startswith(
            "BAD [TOOBIG] "
        )
        client.ok("NOOP")


def test_i04_messages_that_are_none(house: Besieged, user: str) -> None:
    client = login(house, user)
    with closing(client):
        assert client.say("APPEND INBOX {52428801}")[-1].startswith("NO [TOOBIG] ")
        assert client.say("APPEND INBOX {0}")[-1].startswith("NO ")
        assert client.say(b"APPEND INBOX {3+}\r\na\0b")[-1].startswith("NO ")
        assert client.ok("STATUS INBOX (MESSAGES)") == ['* STATUS "INBOX" (MESSAGES 0)']
        client.send("x APPEND INBOX {52428801+}\r\n")
        assert client.answer("x")[-1].startswith("NO [TOOBIG] ")
        assert client.line().startswith("* BYE [TOOBIG] ")


def test_i05_more_of_everything_than_anybody_needs(house: Besieged, user: str) -> None:
    client = login(house, user)
    with closing(client):
        append(client, b"Subject: one\r\n\r\nhello\r\n")
        client.ok("SELECT INBOX")
        assert len(client.ok(f"FETCH 1 ({' '.join(['BODY.PEEK[]'] * 1000)})")) == 1
        assert len(client.ok("UID FETCH 1:4294967295 UID")) == 1
        assert len(client.ok(f"FETCH {','.join(['1'] * 30_000)} UID")) == 1
        for key in ("NOT " * 10_000, "OR ALL " * 5_000, "(" * 10_000):
            assert client.say(f"UID SEARCH {key}ALL")[-1].startswith("BAD ")
        assert client.ok(f"UID SEARCH {'NOT ' * 98}ALL") == ["* SEARCH 1"]


def test_i06_who_fetches_much_and_reads_nothing_is_not_fetched_for(house: Besieged, user: str) -> None:
    reader, other = login(house, user), login(house, user)
    with closing(reader, other):
        raw = b"Subject: large\r\n\r\n" + b"%078d\r\n" % 0 * 13_000
        for _ in range(FETCHED):
            assert append(other, raw).startswith("OK")
        reader.ok("SELECT INBOX")
        port = reader.sock.getsockname()[1]
        pump = house.call(
            lambda: next(p for p in house.server.services._connections._open if p.peer.port == port)
        )
        reader.send("x FETCH 1:* BODY.PEEK[]\r\n" * 4)
        house.until("the server to wait", lambda: house.call(lambda: pump.blocked))
        for _ in range(20):
            other.ok("NOOP")
        held = house.call(
            lambda: len(pump._said) + pump._machine.out.queued + pump._transport.get_write_buffer_size()
        )
        assert held <= 1 << 20
        house.move(301)
        house.until(
            "the end", lambda: house.call(lambda: pump not in house.server.services._connections._open)
        )
        other.ok("NOOP")


def test_i07_patterns_with_many_stars(house: Besieged, user: str) -> None:
    client = login(house, user)
    with closing(client):
        client.send("".join(f"c{number} CREATE {'a' * 60}{number}\r\n" for number in range(300)))
        assert client.answer("c299")[-1].startswith("OK")
        for pattern in ("%*%*%*%*%*%*%*%*%*b", "*a" * 60 + "b", "%" * 5_000 + "b"):
            assert client.ok(f'LIST "" "{pattern}"') == []


NAMES = {
    b'"../../etc/x"': "NO [CANNOT]",
    b'"a/../../b"': "NO [CANNOT]",
    b'"a/./b"': "NO [CANNOT]",
    b'"/abs"': "NO [CANNOT]",
    b'"a//b"': "NO [CANNOT]",
    b'"inbox"': "NO [ALREADYEXISTS]",
    b'"inBOX"': "NO [ALREADYEXISTS]",
    b'"~root"': "NO [CANNOT]",
    b'"#news"': "NO [CANNOT]",
    b'"root~"': "OK",
    b'"&"': "BAD",
    b'"&AGE-"': "BAD",
    b"{3+}\r\na\0b": "BAD",
    b"{3+}\r\na\nb": "NO [CANNOT]",
    b"{4+}\r\na\r\nb": "NO [CANNOT]",
    b'"' + b"x" * 10_000 + b'"': "NO [CANNOT]",
    b"/".join([b"d"] * 1_000): "NO [CANNOT]",
    b'"\xff"': "BAD",
}


@pytest.mark.parametrize("name", NAMES)
def test_i08_names_are_rows_and_never_paths(house: Besieged, user: str, name: bytes) -> None:
    client = login(house, user)
    before = sorted(house.data.parent.rglob("*"))
    with closing(client):
        assert client.say(b"CREATE " + name)[-1].startswith(NAMES[name])
        listed = len(client.ok('LIST "" *'))
        assert listed == 6 + (NAMES[name] == "OK")
    assert not [
        path for path in house.data.parent.rglob("*") if path not in before and "blobs" not in path.parts
    ]


def test_i08_twins_are_one(house: Besieged, user: str) -> None:
    client = login(house, user)
    with closing(client):
        client.ok("ENABLE UTF8=ACCEPT")
        client.ok('CREATE "caf\u00e9"')
        assert client.say('CREATE "cafe\u0301"')[-1].startswith("NO [ALREADYEXISTS]")
        assert len(client.ok('LIST "" caf*')) == 1


HOSTILE = [
    b"=?utf-8?q?a=0D=0A*_1_EXISTS?=",
    b"=?utf-8?q?a=22=5C=00b?=",
    b'quotes " and \\ and {5}',
    b"{99999}",
    b"\xff\xfe octets of no charset \xc3(",
    b"folded\r\n * 9 EXPUNGE\r\n\t(NIL",
    b'")) FETCH ((',
]


@pytest.mark.parametrize("enable", ["CONDSTORE", "UTF8=ACCEPT", "IMAP4rev2"])
def test_i09_nothing_that_a_sender_wrote_is_a_word_of_the_protocol(
    house: Besieged, user: str, enable: str
) -> None:
    client = login(house, user)
    with closing(client):
        client.ok(f"ENABLE {enable}")
        for text in HOSTILE:
            fields = (
                b"Subject: %b",
                b'From: "%b" <x@a.test>',
                b"Message-ID: <%b@a>",
                b'Content-Type: text/plain; name="%b"',
            )
            raw = b"".join(field % text + b"\r\n" for field in fields)
            raw += b"Content-Disposition: attachment; filename=%b\r\nContent-Language: %b\r\n\r\nx\r\n" % (
                text,
                text,
            )
            assert append(client, raw).startswith("OK")
        client.ok("SELECT INBOX")
        for items in ("ENVELOPE", "BODYSTRUCTURE", "BODY[HEADER.FIELDS (SUBJECT)]", "PREVIEW", "ALL", "FULL"):
            lines = client.ok(
                f"FETCH 1:* ({items})" if items not in {"ALL", "FULL"} else f"FETCH 1:* {items}"
            )
            assert [line for line in lines if not well_formed(line)] == []
            assert [int(line.split(" ")[1]) for line in lines] == list(range(1, len(HOSTILE) + 1))
        assert all(well_formed(line) for line in client.ok("THREAD REFERENCES UTF-8 ALL"))


def test_i09_names_and_flags_of_ones_own_come_back_as_they_are_meant(house: Besieged, user: str) -> None:
    client = login(house, user)
    with closing(client):
        for name in (b'"a\\"b"', b'"a\\\\b"', b"{3+}\r\na{5", b'"(x)"', b'"% *"'):
            assert client.say(b"CREATE " + name)[-1].startswith(("OK", "NO [CANNOT]"))
        for command in (
            'LIST "" *',
            'LIST "" * RETURN (STATUS (MESSAGES) MYRIGHTS)',
            'LSUB "" *',
            "ESEARCH IN (personal) ALL",
        ):
            assert all(well_formed(line) for line in client.ok(command))
        for flag in (b'"x"', b"{3+}\r\na\r\n", b"a\0b", b"a)b", b"\xc3\xa9"):
            append(client, b"Subject: x\r\n\r\n")
            client.ok("SELECT INBOX")
            assert client.say(b"STORE 1 +FLAGS (%b)" % flag)[-1].startswith("BAD")
        assert all(well_formed(line) for line in client.say('SETMETADATA INBOX (/private/comment "a\\"b")'))
        assert client.ok("GETMETADATA INBOX /private/comment") == [
            '* METADATA "INBOX" (/private/comment "a\\"b")'
        ]


_ATOM = re.compile(r"""[^\s(){}"\\]+|\\[A-Za-z*]+""")
_QUOTED = re.compile(r'"(?:[^"\\\r\n\0]|\\["\\])*"')
_LITERAL = re.compile(r"~?\{(\d+)\}\r\n")


def well_formed(line: str) -> bool:
    """Whether a response is words, strings and balanced parentheses, and nothing else."""
    data = line.encode("utf-8", "surrogateescape").decode("latin-1")
    at = depth = 0
    while at < len(data):
        if literal := _LITERAL.match(data, at):
            at = literal.end() + int(literal[1])
        elif data[at] in " ()":
            depth += {"(": 1, ")": -1, " ": 0}[data[at]]
            at += 1
        elif found := _QUOTED.match(data, at) or _ATOM.match(data, at):
            at = found.end()
        else:
            return False
        if depth < 0:
            return False
    return depth == 0 and at == len(data)


def test_i11_a_bomb_is_one_line_that_is_too_long(house: Besieged, user: str) -> None:
    client = login(house, user)
    with closing(client):
        deflate, inflate = zlib.compressobj(9, zlib.DEFLATED, -15), zlib.decompressobj(-15)
        assert client.say("COMPRESS DEFLATE")[-1].startswith("OK")
        bomb = b"".join(deflate.compress(b"x" * (1 << 20)) for _ in range(256))
        client.send(bomb + deflate.compress(b"\r\nz NOOP\r\n") + deflate.flush(zlib.Z_SYNC_FLUSH))
        said = b""
        while b"z OK" not in said:
            said += inflate.decompress(client.sock.recv(65_536))
        assert said.startswith(b"* BAD [TOOBIG] ")
        assert said.count(b"\r\n") == 2


def test_i11_nothing_comes_behind_the_end_of_the_compression(house: Besieged, user: str) -> None:
    client = login(house, user)
    with closing(client):
        deflate, inflate = zlib.compressobj(9, zlib.DEFLATED, -15), zlib.decompressobj(-15)
        assert client.say("COMPRESS DEFLATE")[-1].startswith("OK")
        client.send(deflate.compress(b"z NOOP\r\n") + deflate.flush() + b"x" * 10_000)
        assert b"* BYE " in inflate.decompress(client.rest())


def test_i11_who_idles_without_a_word_is_let_go(house: Besieged, user: str) -> None:
    idler, reader = login(house, user), login(house, user)
    with closing(idler, reader):
        idler.ok("SELECT INBOX")
        idler.send("x IDLE\r\n")
        assert idler.line().startswith("+ ")
        house.move(29 * 60)
        reader.ok("NOOP")
        append(reader, b"Subject: x\r\n\r\n")
        assert idler.line() == "* 1 EXISTS"
        house.move(32 * 60)
        assert b"* BYE " in idler.rest()


def test_i11_one_session_too_many(house: Besieged, user: str) -> None:
    clients = [login(house, user) for _ in range(SESSIONS)]
    late = stranger(house)
    with closing(late, *clients):
        assert late.say(f"LOGIN {user} {PASSWORD}")[-1].startswith("NO [LIMIT] ")
        login(house, house.person()).close()  # others are not concerned
        clients.pop().ok("LOGOUT")
        assert late.say(f"LOGIN {user} {PASSWORD}")[-1].startswith("OK ")


class Racer:
    """One of many who change one mailbox at the same time, and note what they saw of its numbers."""

    def __init__(self, house: Besieged, user: str, number: int) -> None:
        self.client = login(house, user)
        self.client.ok(f"ENABLE {('CONDSTORE', 'QRESYNC', 'IMAP4rev2')[number % 3]}")
        self.client.select()
        self.chance = random.Random(number)
        self.appended: list[int] = []
        self.numbers: list[tuple[int, int]] = []

    def run(self) -> None:
        for _ in range(25):
            self.chance.choice((self._append, self._append, self._store, self._expunge, self._look))()
            self.client.learn()

    def _append(self) -> None:
        code = append(self.client, b"Subject: x\r\n\r\n")
        self.appended.append(int(code.split("]")[0].split()[-1]))

    def _store(self) -> None:
        if self.client.replica.rows:
            number = self.chance.randint(1, len(self.client.replica.rows))
            flag = self.chance.choice(("\\Seen", "\\Deleted", "$x"))
            self.client.say(f"STORE {number} {self.chance.choice('+-')}FLAGS ({flag})")

    def _expunge(self) -> None:
        self.client.ok("EXPUNGE")

    def _look(self) -> None:
        lines = self.client.ok("STATUS INBOX (UIDNEXT HIGHESTMODSEQ)")
        found = re.search(r"UIDNEXT (\d+) HIGHESTMODSEQ (\d+)", " ".join(lines))
        assert found is not None
        self.numbers.append((int(found[1]), int(found[2])))


def test_i12_twenty_clients_race(house: Besieged, user: str) -> None:
    racers = [Racer(house, user, number) for number in range(SESSIONS)]
    with closing(*(racer.client for racer in racers)):
        threads = [threading.Thread(target=racer.run) for racer in racers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert house.log.getvalue().count('"error"') == 0
        for racer in racers:
            racer.client.ok("NOOP")
            racer.client.learn()
            racer.client.ok("NOOP")
        beliefs = [racer.client.replica.believed() for racer in racers]
        assert beliefs.count(beliefs[0]) == len(beliefs)
        uids = [uid for racer in racers for uid in racer.appended]
        assert sorted(uids) == list(range(1, len(uids) + 1))  # none twice, none left out
        for racer in racers:
            assert racer.appended == sorted(racer.appended)
            assert racer.numbers == sorted(racer.numbers)
            assert [modseq for _, modseq in racer.numbers] == sorted(modseq for _, modseq in racer.numbers)

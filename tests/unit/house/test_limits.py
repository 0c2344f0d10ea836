"""Each limit of a session, at its edge and one beyond it: what is allowed is done, what is not is refused in the words that were meant.

A limit without such a test here is found by name. The values are small ones of the tests' own; what they are by default says docs/limits.md.
"""

from __future__ import annotations

import base64
import inspect
from typing import Any

import msgspec
import pytest

from postroom.message.errors import AuthenticationFailed
from postroom.proto.imap import commands, grammar, search_keys, sections, sets
from postroom.proto.imap.arrival import Arriving
from postroom.proto.imap.commands import (
    appending,
    fetching,
    listing,
    metadata,
    notifying,
    searching,
    session,
    urlauth,
)
from postroom.proto.imap.config import ImapConfig
from postroom.proto.imap.config import Limits as ImapLimits
from postroom.proto.imap.events import Drain as ImapDrain
from postroom.proto.imap.events import Given
from postroom.proto.imap.server import ImapServer
from postroom.proto.imap.verb import State
from postroom.proto.pop3.authorization import Limits as Pop3Limits
from postroom.proto.pop3.authorization import Pop3Config
from postroom.proto.pop3.events import Asked as Pop3Asked
from postroom.proto.pop3.events import Code, Drain, Login
from postroom.proto.pop3.server import Pop3Server
from postroom.proto.pop3.snapshot import Snapshot
from postroom.proto.pop3.texts import Text
from postroom.proto.sasl.exchange import Denied
from postroom.proto.sasl.mechanisms import Need, Supply
from postroom.proto.smtp.config import Limits, ServerConfig, Service
from postroom.proto.smtp.events import BodyChunk
from postroom.proto.smtp.extensions import Offers
from postroom.serve.smtp.session import SmtpService, SmtpSession
from smtp_stage import NOW, Stage, config


def stage(**limits: Any) -> Stage:
    return Stage(config(limits=Limits(**limits))).ready()


TOKENS = Supply(kept=lambda: frozenset((Need.TOKEN,)))
BEARER = base64.b64encode(b"n,a=bob@h.test,\1auth=Bearer worn-out\1\1")


def last(replies: list[str]) -> str:
    return replies[-1]


# ------------------------------------------------------------------------------------------------------------- SMTP


@pytest.mark.parametrize(("octets", "reply"), [(512, "250 2.0.0"), (513, "500 5.5.2 The line is too long")])
def test_smtp_command(octets: int, reply: str) -> None:
    line = "NOOP ".ljust(octets - len("\r\n"), "x")
    assert last(stage(command=512).say(line)).startswith(reply)


@pytest.mark.parametrize(("octets", "reply"), [(600, "501 5.5.2"), (601, "500 5.5.6")])
def test_smtp_auth(octets: int, reply: str) -> None:
    response = "?".ljust(octets - len("\r\n"), "?")  # no base64, so what is read whole is refused for that
    talk = Stage(config(auth=True, limits=Limits(auth=600))).ready()
    assert last(talk.say("AUTH PLAIN", response)).startswith(reply)


@pytest.mark.parametrize("spill", [50, 10_000])
@pytest.mark.parametrize(("octets", "reply"), [(1000, "250 2.0.0"), (1001, "552 5.3.4")])
def test_smtp_message(octets: int, reply: str, spill: int) -> None:
    body = b"x" * (octets - 2) + b"\r\n"
    by_data = stage(message=1000, spill=spill).transaction()
    by_data.say("DATA")
    assert by_data.hear(body + b".\r\n").startswith(reply)
    in_chunks = stage(message=1000, spill=spill).transaction()
    assert in_chunks.hear(b"BDAT %d LAST\r\n" % octets + body).startswith(reply)
    declared = stage(message=1000).say(f"MAIL FROM:<x@a.test> SIZE={octets}")
    assert last(declared)[:3] == reply[:3]


@pytest.mark.parametrize(("count", "reply"), [(3, "250 2.0.0"), (4, "452 4.5.3")])
def test_smtp_recipients(count: int, reply: str) -> None:
    heard = stage(recipients=3).say("MAIL FROM:<x@a.test>", *(f"RCPT TO:<u{n}@l.test>" for n in range(count)))
    assert last(heard).startswith(reply)


@pytest.mark.parametrize(("count", "reply"), [(3, "250 2.0.0"), (4, "421 4.7.0")])
def test_smtp_mails(count: int, reply: str) -> None:
    heard = stage(mails=3).say(*["MAIL FROM:<x@a.test>", "RSET"] * (count - 1), "MAIL FROM:<x@a.test>")
    assert last(heard).startswith(reply)


@pytest.mark.parametrize(("count", "reply"), [(3, "500 5.5.1"), (4, "421 4.7.0 Too many errors")])
def test_smtp_errors(count: int, reply: str) -> None:
    talk = stage(errors=3)
    assert last(talk.say(*["NONSENSE"] * count)).startswith(reply)
    assert talk.machine.closing is (count > 3)


@pytest.mark.parametrize("command", ["NOOP", "RSET", "HELP", "VRFY u", "EHLO a.test"])
@pytest.mark.parametrize(("count", "code"), [(3, "2"), (4, "421")])
def test_smtp_junk(command: str, count: int, code: str) -> None:
    talk = stage(junk=3)
    talk.machine.junk = 0  # the greeting of the stage was one
    assert last(talk.say(*[command] * count)).startswith(code)


@pytest.mark.parametrize(("count", "closed"), [(1, False), (2, True)])
def test_smtp_logins(count: int, closed: bool) -> None:
    wrong = base64.b64encode(b"\0u\0wrong").decode()
    talk = Stage(config(auth=True, limits=Limits(logins=2))).ready()
    heard = talk.say(*[f"AUTH PLAIN {wrong}"] * count)
    assert last(heard).startswith("421 4.7.0 Too many failed logins" if closed else "535 5.7.8")
    assert talk.machine.closing is closed


@pytest.mark.parametrize(("count", "closed"), [(1, False), (2, True)])
def test_logins_that_are_given_up_over_smtp(count: int, closed: bool) -> None:
    talk = Stage(config(auth=True, limits=Limits(logins=2))).ready()
    heard = talk.say(*["AUTH PLAIN", "*"] * count)
    assert last(heard).startswith("421 4.7.0 Too many failed logins" if closed else "501 5.7.0")
    assert talk.machine.closing is closed


@pytest.mark.parametrize(("octets", "in_pieces"), [(99, False), (100, True)])
def test_smtp_spill(octets: int, in_pieces: bool) -> None:
    talk = stage(spill=100).transaction()
    talk.say("DATA")
    talk.hear(b"x" * octets)
    assert any(isinstance(event, BodyChunk) for event in talk.events) is in_pieces
    talk.hear(b"\r\n.\r\n")
    assert len(talk.letters[0][1]) == octets + len("\r\n")


@pytest.mark.parametrize(("seconds", "reply"), [(3600, "250 2.0.0"), (3601, "501 5.5.4")])
def test_smtp_hold(seconds: int, reply: str) -> None:
    settings = ServerConfig(
        "mx.l.test", lambda: NOW * 1_000_000, service=Service.SUBMISSION, limits=Limits(hold=3600)
    )
    assert last(Stage(settings).ready().say(f"MAIL FROM:<x@a.test> HOLDFOR={seconds}")).startswith(reply)


@pytest.mark.parametrize(("seconds", "reply"), [(60, "250 2.0.0"), (59, "553 5.4.7")])
def test_smtp_deliver_by(seconds: int, reply: str) -> None:
    assert last(stage(deliver_by=60).say(f"MAIL FROM:<x@a.test> BY={seconds};R")).startswith(reply)


def test_smtp_silence() -> None:
    """How long it is comes from the limits; that it ends the connection is a matter of the pump."""
    settings = config(limits=Limits(silence=7.0))
    unused: Any = None
    service = SmtpService(Offers(settings), unused, unused, unused, unused, unused, "l.test", unused)
    assert SmtpSession(service).deadline() == 7.0


# ------------------------------------------------------------------------------------------------------------- POP3


def pop3(*, count: int = 0, **limits: Any) -> Pop3Server:
    """A session that has said its greeting, and let bob in when there is a `count` of messages."""
    server = Pop3Server(Pop3Config("hamburger.test", plaintext=True, limits=Pop3Limits(**limits)))
    server.greet()
    server.data_to_send()
    if count:
        server.receive(b"AUTH PLAIN AGJvYgBodW5ncnk=\r\n")
        assert isinstance(server.next_event(), Login)
        server.logged_in("bob", Snapshot(1, [(uid, 42) for uid in range(1, count + 1)]))
    server.data_to_send()
    return server


def pop3_answer(server: Pop3Server, data: bytes) -> bytes:
    server.receive(data)
    assert server.next_event() is None
    return server.data_to_send()


@pytest.mark.parametrize(("octets", "begin"), [(100, b"+OK"), (101, b"-ERR Line too long")])
def test_pop3_line(octets: int, begin: bytes) -> None:
    line = b"USER ".ljust(octets, b"u")
    assert pop3_answer(pop3(line=100), line + b"\r\n").startswith(begin)


@pytest.mark.parametrize(("octets", "words"), [(400, b"base64"), (401, b"too long")])
def test_pop3_auth_line(octets: int, words: bytes) -> None:
    server = pop3(auth_line=400)
    pop3_answer(server, b"AUTH PLAIN\r\n")
    assert words in pop3_answer(server, b"?" * octets + b"\r\n")


@pytest.mark.parametrize(("count", "closed"), [(2, False), (3, True)])
def test_pop3_faults(count: int, closed: bool) -> None:
    server = pop3(faults=3)
    pop3_answer(server, b"NONSENSE\r\n" * count)
    assert server.closing is closed


@pytest.mark.parametrize(("count", "closed"), [(1, False), (2, True)])
def test_pop3_failed_logins(count: int, closed: bool) -> None:
    server = pop3(failed_logins=2)
    for _ in range(count):
        server.receive(b"USER bob\r\nPASS wrong\r\n")
        assert isinstance(server.next_event(), Login)
        server.refuse(Text.WRONG_CREDENTIALS, Code.AUTH)
    assert server.closing is closed


@pytest.mark.parametrize(("count", "closed"), [(1, False), (2, True)])
def test_logins_that_are_given_up_over_pop3(count: int, closed: bool) -> None:
    server = pop3(failed_logins=2)
    assert pop3_answer(server, b"AUTH PLAIN\r\n*\r\n" * count).count(b"-ERR") == count
    assert server.closing is closed


@pytest.mark.parametrize(("count", "closed"), [(1, False), (2, True)])
def test_bearer_logins_that_are_given_up_when_refused_over_pop3(count: int, closed: bool) -> None:
    server = Pop3Server(
        Pop3Config(
            "h.test",
            plaintext=True,
            mechanisms=("OAUTHBEARER",),
            sasl=TOKENS,
            limits=Pop3Limits(failed_logins=2),
        )
    )
    server.greet()
    for _ in range(count):
        server.receive(b"AUTH OAUTHBEARER " + BEARER + b"\r\n")
        assert isinstance(server.next_event(), Pop3Asked)
        server.tell(Denied(AuthenticationFailed()))
        assert pop3_answer(server, b"*\r\n").endswith(b"-ERR Authentication cancelled\r\n")
    assert server.closing is closed


@pytest.mark.parametrize("beyond", [0, 1])
def test_pop3_queued(beyond: int) -> None:
    """With so much queued the next command waits until it has left."""
    server = pop3(count=1)
    server.receive(b"STAT\r\n")
    server.next_event()
    octets = len(server.data_to_send())
    server = pop3(count=1, queued=octets + beyond)
    server.receive(b"STAT\r\nSTAT\r\n")
    assert isinstance(server.next_event(), Drain)
    assert server.data_to_send().count(b"+OK") == 1 + beyond


# ------------------------------------------------------------------------------------------------------------- IMAP


def imap(*, logged_in: bool = True, minus: bool = False, **limits: Any) -> ImapServer:
    """A session that has said its greeting, and let somebody in."""
    limits = {"faults": 1000} | limits
    server = ImapServer(
        ImapConfig("hamburger.test", plaintext=True, literal_minus=minus, limits=ImapLimits(**limits))
    )
    server.greet()
    if logged_in:
        server.receive(b"a LOGIN bob hungry\r\n")
        assert isinstance(server.next_event(), Given)
        server.logged_in("in")
    server.data_to_send()
    return server


def imap_answer(server: Any, data: bytes) -> bytes:
    """What is said without asking anybody; a whole command is `OK`."""
    server.receive(data)
    while (event := server.next_event()) is not None:
        if isinstance(event, Given):
            server.finish("OK", "Done")
        else:
            if isinstance(event, Arriving):
                server.arrival.accept()
            server.go_on()
    return server.data_to_send()


@pytest.mark.parametrize(("octets", "begin"), [(100, b"a OK"), (101, b"a BAD [TOOBIG] The line is too long")])
def test_imap_line_before_login(octets: int, begin: bytes) -> None:
    name = b"x" * (octets - len(b"a LOGIN  p"))
    assert imap_answer(imap(logged_in=False, line_before_login=100), b"a LOGIN %b p\r\n" % name).startswith(
        begin
    )


@pytest.mark.parametrize(("octets", "begin"), [(100, b"a OK"), (101, b"a BAD [TOOBIG] The line is too long")])
def test_imap_line(octets: int, begin: bytes) -> None:
    assert imap_answer(imap(line=100), b"a DELETE ".ljust(octets, b"x") + b"\r\n").startswith(begin)


@pytest.mark.parametrize(
    ("octets", "begin"), [(200, b"a OK"), (201, b"a BAD [TOOBIG] A command has at most 200")]
)
def test_imap_command(octets: int, begin: bytes) -> None:
    literal = b"x" * (octets - len(b"a DELETE {100+}\r\n"))
    assert imap_answer(imap(command=200), b"a DELETE {%d+}\r\n%b\r\n" % (len(literal), literal)).startswith(
        begin
    )


@pytest.mark.parametrize(
    ("count", "begin"), [(3, b"a OK"), (4, b"a BAD [TOOBIG] A command has at most 3 literals")]
)
def test_imap_literals(count: int, begin: bytes) -> None:
    patterns = b" ".join([b"{1+}\r\nx"] * count)
    assert imap_answer(imap(literals=3), b'a LIST "" (%b)\r\n' % patterns).startswith(begin)


@pytest.mark.parametrize(
    ("octets", "said"), [(50, b"a OK"), (51, b"a NO [TOOBIG] One APPEND has at most 100")]
)
def test_imap_appended(octets: int, said: bytes) -> None:
    two = b" ".join([b"{%d+}\r\n%b" % (size, b"x" * size) for size in (50, octets)])
    assert said in imap_answer(imap(appended=100), b"a APPEND x %b\r\n" % two)


@pytest.mark.parametrize(
    ("octets", "begin"), [(40, b"a OK"), (41, b"a BAD [TOOBIG] A literal that is not waited for")]
)
def test_imap_literal_minus(octets: int, begin: bytes) -> None:
    server = imap(minus=True, literal_minus=40)
    assert imap_answer(server, b"a DELETE {%d+}\r\n%b\r\n" % (octets, b"x" * octets)).startswith(begin)
    assert server.closing is (octets > 40)


@pytest.mark.parametrize(("octets", "closed"), [(300, False), (301, True)])
def test_imap_discarded(octets: int, closed: bool) -> None:
    server = imap(command=200, discarded=300)
    said = imap_answer(server, b"a DELETE {%d+}\r\n%b\r\n" % (octets, b"x" * octets))
    assert said.startswith(b"a BAD [TOOBIG]")
    assert server.closing is closed


@pytest.mark.parametrize(("count", "closed"), [(2, False), (3, True)])
def test_imap_faults(count: int, closed: bool) -> None:
    server = imap(faults=3)
    assert (
        b"* BYE Too many commands that are none" in imap_answer(server, b"a NONSENSE\r\n" * count)
    ) is closed
    assert server.closing is closed


def test_faults_of_imap_count_in_a_row() -> None:
    said = imap_answer(imap(faults=3), b"a NONSENSE\r\nb NONSENSE\r\nc NOOP\r\n" * 5)
    assert b"BYE" not in said
    assert said.count(b"c OK") == 5


@pytest.mark.parametrize(("count", "closed"), [(1, False), (2, True)])
def test_imap_failed_logins(count: int, closed: bool) -> None:
    server = imap(logged_in=False, failed_logins=2)
    for _ in range(count):
        server.receive(b"a LOGIN bob wrong\r\n")
        assert isinstance(server.next_event(), Given)
        server.login_refused("Wrong", "AUTHENTICATIONFAILED")
    assert server.closing is closed


@pytest.mark.parametrize(("count", "closed"), [(1, False), (2, True)])
def test_logins_that_are_given_up_over_imap(count: int, closed: bool) -> None:
    server = imap(logged_in=False, failed_logins=2)
    said = imap_answer(server, b"a AUTHENTICATE PLAIN\r\n*\r\n" * count)
    assert said.count(b"a BAD The login is given up") == count
    assert server.closing is closed


def test_mechanisms_that_are_not_offered_are_no_failed_logins_over_imap() -> None:
    server = imap(logged_in=False, failed_logins=2)
    assert imap_answer(server, b"a AUTHENTICATE GSSAPI\r\n" * 5).count(b"a NO [CANNOT]") == 5
    assert not server.closing


@pytest.mark.parametrize(("count", "closed"), [(1, False), (2, True)])
def test_bearer_logins_that_are_given_up_when_refused_over_imap(count: int, closed: bool) -> None:
    server = ImapServer(
        ImapConfig(
            "h.test",
            plaintext=True,
            mechanisms=("OAUTHBEARER",),
            sasl=TOKENS,
            limits=ImapLimits(failed_logins=2),
        )
    )
    server.greet()
    for _ in range(count):
        server.receive(b"a AUTHENTICATE OAUTHBEARER " + BEARER + b"\r\n")
        assert isinstance(server.next_event(), Given)
        server.tell(Denied(AuthenticationFailed()))
        assert b"a BAD The login is given up" in imap_answer(server, b"*\r\n")
    assert server.closing is closed


@pytest.mark.parametrize("beyond", [0, 1])
def test_imap_queued(beyond: int) -> None:
    """With so much queued the next command waits until it has left."""
    octets = len(imap_answer(imap(), b"a NONSENSE\r\n"))
    server = imap(queued=octets + beyond)
    server.receive(b"a NONSENSE\r\n" * 2)
    assert isinstance(server.next_event(), ImapDrain)
    assert server.data_to_send().count(b"a BAD") == 1 + beyond


def _seen(count: int, each: bytes, joint: bytes = b" ") -> bytes:
    return joint.join([each] * count)


# Named limits of the grammar: what is allowed just so, and the words that refuse one more.
IMAP_NAMED = {
    "grammar.MAX_DEPTH": (lambda n: b"a SEARCH " + b"(" * n + b"ALL" + b")" * n, grammar.MAX_DEPTH, b"deep"),
    "grammar.MAX_ITEMS": (lambda n: b"a STORE 1 FLAGS (%b)" % _seen(n, b"a"), grammar.MAX_ITEMS, b"at most 5000 items"),
    "sets.MAX_RANGES": (lambda n: b"a UID FETCH %b UID" % _seen(n, b"1", b","), sets.MAX_RANGES, b"at most 50000"),
    "listing.MAX_PATTERNS": (lambda n: b'a LIST "" (%b)' % _seen(n, b"x"), listing.MAX_PATTERNS, b"at most 100 patterns"),
    "listing.MAX_PATTERN_CHARS": (lambda n: b'a LIST "" *%b' % (b"x" * (n - 1)), listing.MAX_PATTERN_CHARS, b"at most 20000 characters"),
    "searching.MAX_CRITERIA": (lambda n: b"a SORT (%b) UTF-8 ALL" % _seen(n, b"DATE"), searching.MAX_CRITERIA, b"at most 20"),
    "searching.MAX_SOURCES": (
        lambda n: b"a ESEARCH IN (mailboxes (%b)) ALL" % _seen(n, b"x"), searching.MAX_SOURCES, b"at most 1000 mailboxes"
    ),
    "search_keys.MAX_KEYS": (lambda n: b"a SEARCH %b" % _seen(n, b"ALL"), search_keys.MAX_KEYS, b"at most 1000"),
    "sections.MAX_FIELD_NAMES": (
        lambda n: b"a FETCH 1 BODY[HEADER.FIELDS (%b)]" % b" ".join(b"x%d" % i for i in range(n)), sections.MAX_FIELD_NAMES, b"at most 500"
    ),
    "sections.MAX_PART_NUMBERS": (lambda n: b"a FETCH 1 BODY[%b]" % _seen(n, b"1", b"."), sections.MAX_PART_NUMBERS, b"at most 200"),
    "session.MAX_LANGUAGES": (lambda n: b"a LANGUAGE %b" % _seen(n, b"x"), session.MAX_LANGUAGES, b"at most 50"),
    "session.MAX_ID_FIELDS": (
        lambda n: b"a ID (%b)" % b" ".join(b'"%d" NIL' % i for i in range(n)), session.MAX_ID_FIELDS, b"30"
    ),
    "session.MAX_ID_FIELD": (lambda n: b'a ID ("%b" NIL)' % (b"x" * n), session.MAX_ID_FIELD, b"30"),
    "session.MAX_ID_VALUE": (lambda n: b'a ID ("x" "%b")' % (b"x" * n), session.MAX_ID_VALUE, b"1024"),
    "metadata.MAX_ENTRY_NAME": (
        lambda n: b'a GETMETADATA "" /private/%b' % (b"x" * (n - len("/private/"))), metadata.MAX_ENTRY_NAME, b"255"
    ),
    "notifying.MAX_FILTERS": (
        lambda n: b"a NOTIFY SET (mailboxes (%b) (MessageNew MessageExpunge))" % _seen(n, b"x"), notifying.MAX_FILTERS, b"at most 1000"
    ),
    "urlauth.MAX_URLS": (lambda n: b"a URLFETCH %b" % _seen(n, b'"x"'), urlauth.MAX_URLS, b"at most 100"),
    "fetching.MAX_ATTRIBUTES": (
        lambda n: b"a FETCH 1 (%b)" % b" ".join(b"BODY[%d]" % (i + 1) for i in range(n)), fetching.MAX_ATTRIBUTES, b"at most 500"
    ),
    "appending.MAX_PARTS": (
        lambda n: b"a APPEND x CATENATE (%b)" % _seen(n, b'URL "x"'), appending.MAX_PARTS, b"at most 2000"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", IMAP_NAMED)
def test_named_limits_of_imap_commands(name: str) -> None:
    made, most, words = IMAP_NAMED[name]
    for count, allowed in ((most, True), (most + 1, False)):
        server = imap(line=1 << 20, command=1 << 20)
        server.state = State.SELECTED
        said = imap_answer(server, made(count) + b"\r\n")
        assert said.startswith(b"a OK") is allowed, (count, said)
        assert allowed or words in said, said


def test_each_named_limit_of_imap_commands_has_its_test() -> None:
    modules = (grammar, sets, search_keys, sections, *vars(commands).values())
    named = {
        f"{module.__name__.rpartition('.')[2]}.{name}"
        for module in modules
        if inspect.ismodule(module)
        for name in vars(module)
        if name.startswith("MAX_") and f"\n{name}" in inspect.getsource(module)
    }
    assert named == set(IMAP_NAMED)


# --------------------------------------------------------------------------------------------------------- all of them


@pytest.mark.parametrize(
    ("limits", "protocol"),
    [(Limits, "smtp"), (Pop3Limits, "pop3"), (ImapLimits, "imap")],
    ids=["smtp", "pop3", "imap"],
)
def test_each_limit_has_its_test(limits: type[msgspec.Struct], protocol: str) -> None:
    tests = {name for name in globals() if name.startswith(f"test_{protocol}_")}
    assert tests == {f"test_{protocol}_{field.name}" for field in msgspec.structs.fields(limits)}

"""The server's end of the milter protocol: what is said, what is waited for, what is believed."""

from __future__ import annotations

import struct

import pytest

from postroom.proto.milter import client as machine
from postroom.proto.milter.changes import (
    BadMilter,
    BodyReplaced,
    HeaderAdded,
    HeaderChanged,
    Kind,
    Options,
    Progress,
    Quarantined,
    RecipientAdded,
    RecipientRemoved,
    SenderChanged,
    Verdict,
)
from postroom.proto.milter.client import MOST_CHANGES, MOST_PACKET, MilterClient, c_strings, connect_data
from postroom.proto.milter.codes import Command, Step


def packet(data: bytes) -> bytes:
    return struct.pack("!I", len(data)) + data


def options(version: int = 6, actions: int = 0x1FF, steps: int = 0, more: bytes = b"") -> bytes:
    return packet(b"O" + struct.pack("!III", version, actions, steps) + more)


def agreed(**more: int) -> MilterClient:
    client = MilterClient()
    client.negotiate()
    client.data_to_send()
    client.receive(options(**more))
    assert isinstance(client.next_event(), Options)
    return client


def asked(command: Command = Command.END, **more: int) -> MilterClient:
    client = agreed(**more)
    assert client.say(command)
    client.data_to_send()
    return client


@pytest.mark.parametrize("version", [2, 3])
def test_an_old_filter_is_not_told_of_data(version: int) -> None:
    """It would take DATA, which came with version 4, for a fault."""
    client = agreed(version=version)
    assert not client.say(Command.DATA)
    assert client.data_to_send() == b""
    assert client.say(Command.HEADER, b"Subject\0x\0")


def test_the_negotiation() -> None:
    client = MilterClient()
    client.negotiate()
    assert client.data_to_send() == packet(b"O" + struct.pack("!III", 6, 0x1FF, 0x1FFFFF))
    symbols = struct.pack("!I", 0) + b"j {client_addr}\0" + struct.pack("!I", 5) + b"i\0"
    client.receive(options(steps=0x40, more=symbols))
    assert client.next_event() == Options(6, 0x1FF, 0x40, {0: ("j", "client_addr"), 5: ("i",)})
    assert client.wanted == {Command.CONNECT: ("j", "client_addr"), Command.END: ("i",)}
    assert client.next_event() is None


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (options(version=1), "version 1"),
        (options(version=7), "version 7"),
        (options(actions=0x200), "not offered"),
        (options(steps=0x200000), "not offered"),
        (packet(b"O\0\0\0\6"), "too short"),
        (packet(b"c"), "did not negotiate"),
        (packet(b"?"), "unknown response"),
        (struct.pack("!I", 0), "packet of 0"),
        (options(more=b"\0\0\0\0j"), "no end"),
    ],
)
def test_a_negotiation_that_fails(answer: bytes, words: str) -> None:
    client = MilterClient()
    client.negotiate()
    client.receive(answer)
    with pytest.raises(BadMilter, match=words):
        client.next_event()
    assert client.closing


@pytest.mark.parametrize("beyond", [0, 1])
def test_the_largest_packet(beyond: int) -> None:
    client = asked()
    client.receive(packet(b"b".ljust(MOST_PACKET + beyond, b"x"))[:20])
    assert client.closing is bool(beyond)


def test_packets_of_any_cut() -> None:
    stream = packet(b"hX-A\0b\0") + packet(b"p") + packet(b"c")
    for size in (1, 2, 3, 7, len(stream)):
        client = asked()
        for at in range(0, len(stream), size):
            client.receive(stream[at : at + size])
        said = [client.next_event() for _ in range(4)]
        assert said == [HeaderAdded(b"X-A", b"b"), Progress(), Verdict(Kind.CONTINUE), None]


ANSWERS = {
    b"a": Verdict(Kind.ACCEPT),
    b"r": Verdict(Kind.REJECT),
    b"t": Verdict(Kind.TEMPFAIL),
    b"d": Verdict(Kind.DISCARD),
    b"s": Verdict(Kind.SKIP),
    b"y550 5.7.1 No\0": Verdict(Kind.REJECT, "550 5.7.1 No"),
    b"y451 Later": Verdict(Kind.TEMPFAIL, "451 Later"),
    b"4": Verdict(Kind.TEMPFAIL, "421 4.3.2 The service is closing, try again later"),
    b"f": Verdict(Kind.TEMPFAIL, "421 4.3.0 A filter has failed, try again later"),
    b"hA\0b\0": HeaderAdded(b"A", b"b"),
    b"i\0\0\0\2A\0b\0": HeaderAdded(b"A", b"b", 2),
    b"m\0\0\0\2A\0b\0": HeaderChanged(b"A", b"b", 2),
    b"m\0\0\0\0A\0\0": HeaderChanged(b"A", b"", 1),
    b"bHello\r\n": BodyReplaced(b"Hello\r\n"),
    b"+<a@b.test>\0": RecipientAdded(b"<a@b.test>"),
    b"2<a@b.test>\0NOTIFY=NEVER\0": RecipientAdded(b"<a@b.test>", b"NOTIFY=NEVER"),
    b"-<a@b.test>\0": RecipientRemoved(b"<a@b.test>"),
    b"e<a@b.test>\0": SenderChanged(b"<a@b.test>"),
    b"qbecause\0": Quarantined("because"),
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_answers(answer: bytes) -> None:
    client = asked()
    client.receive(packet(answer))
    assert client.next_event() == ANSWERS[answer]


@pytest.mark.parametrize(
    "answer", [b"hA\0b", b"hA\0b\0c\0", b"m\0\0", b"+a\0b\0", b"y250 Ok\0", b"y5x0 no\0", b"y", b"q", b"h"]
)
def test_bad_answers(answer: bytes) -> None:
    client = asked()
    client.receive(packet(answer))
    with pytest.raises(BadMilter):
        client.next_event()
    assert client.closing


@pytest.mark.parametrize(
    "letter", [b"hA\0b\0", b"m\0\0\0\1A\0b\0", b"bx", b"+a\0", b"-a\0", b"ea\0", b"qx\0", b"2a\0"]
)
def test_what_was_not_announced_is_not_done(letter: bytes) -> None:
    client = asked(actions=0)
    client.receive(packet(letter))
    with pytest.raises(BadMilter, match="announced"):
        client.next_event()


def test_a_change_before_the_end_is_a_fault() -> None:
    client = asked(Command.MAIL)
    client.receive(packet(b"hA\0b\0"))
    with pytest.raises(BadMilter, match="before its end"):
        client.next_event()


@pytest.mark.parametrize("beyond", [0, 1])
def test_so_many_changes(beyond: int) -> None:
    client = asked()
    client.receive(packet(b"hA\0b\0") * (MOST_CHANGES + beyond))
    assert client.closing is bool(beyond)


def test_the_pieces_of_a_body_are_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "MOST_CHANGES", 2)
    client = asked()
    client.receive(packet(b"bx") * 10 + packet(b"hA\0b\0") * 2)
    assert not client.closing


def test_what_a_filter_does_not_want_is_not_said() -> None:
    client = agreed(steps=Step.NO_HELO | Step.NO_BODY | Step.SILENT_HEADER)
    assert not client.say(Command.HELO, b"x\0")
    assert client.data_to_send() == b""
    assert not client.wants_body
    assert not client.say(Command.HEADER, b"A\0b\0")
    assert client.data_to_send() == packet(b"LA\0b\0")


def test_after_accept_nothing_more_of_the_message() -> None:
    client = asked(Command.MAIL)
    client.receive(packet(b"a"))
    client.next_event()
    assert not client.say(Command.RCPT)
    assert client.data_to_send() == b""
    assert client.say(Command.MAIL)
    assert client.data_to_send() == packet(b"M")


def test_accept_at_connect_is_for_the_client_until_it_greets_anew() -> None:
    client = asked(Command.CONNECT)
    client.receive(packet(b"a"))
    client.next_event()
    assert not client.say(Command.HELO)
    assert not client.say(Command.MAIL)
    client.begin_anew()
    assert client.say(Command.HELO)


def test_a_refused_recipient_is_not_a_refused_message() -> None:
    client = asked(Command.RCPT)
    client.receive(packet(b"r"))
    client.next_event()
    assert client.say(Command.RCPT)


def test_skip_ends_the_body_only() -> None:
    client = asked(Command.BODY)
    client.receive(packet(b"s"))
    client.next_event()
    assert not client.wants_body
    assert client.say(Command.END)


def test_macros() -> None:
    client = agreed()
    client.say(Command.MAIL, b"<>\0", {"i": "J1", "mail_addr": "a@b.test", "auth_type": ""})
    assert client.data_to_send() == packet(b"DMi\0J1\0{mail_addr}\0a@b.test\0") + packet(b"M<>\0")
    client.wanted[Command.MAIL] = ("i", "unheard_of")
    client.say(Command.MAIL, b"<>\0", {"i": "J1", "mail_addr": "a@b.test"})
    assert client.data_to_send() == packet(b"DMi\0J1\0") + packet(b"M<>\0")


def test_unasked_words_are_a_fault() -> None:
    client = agreed()
    client.receive(packet(b"c"))
    with pytest.raises(BadMilter, match="without having been asked"):
        client.next_event()


def test_the_client_of_a_connection() -> None:
    assert connect_data("a.test", "192.0.2.1", 25) == b"a.test\x004\x00\x19192.0.2.1\0"
    assert connect_data("", "2001:db8::1", 25) == b"[2001:db8::1]\x006\x00\x192001:db8::1\0"
    assert connect_data("", "", 0) == b"[]\0U"
    assert c_strings(["a\0b"]) == b"ab\0"

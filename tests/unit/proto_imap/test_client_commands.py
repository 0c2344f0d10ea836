"""Commands: nothing of a name or a word becomes one."""

from __future__ import annotations

import datetime as dt

import pytest

from postroom.proto.imap import client_commands as say
from postroom.proto.imap.client_commands import Criteria, Literal
from postroom.proto.imap.client_values import Capabilities
from postroom.wire.utf7 import encode_utf7

NEW = Capabilities(frozenset({"IMAP4REV1", "SPECIAL-USE", "LIST-EXTENDED", "LIST-STATUS", "ESEARCH"}))
OLD = Capabilities(frozenset({"IMAP4REV1"}))


def written(request: say.Request) -> bytes:
    return b"".join(b"<%b>" % part.octets if isinstance(part, Literal) else part for part in request.parts)


@pytest.mark.parametrize(
    ("request_", "text"),
    [
        (say.list_all(NEW, utf8=False), b'LIST "" "*" RETURN (SPECIAL-USE STATUS (MESSAGES UNSEEN))'),
        (say.list_all(OLD, utf8=False), b'LIST "" "*"'),
        (say.select("Entwürfe & Co", utf8=False), b'SELECT "Entw&APw-rfe &- Co"'),
        (say.select('Entwürfe & "Co"\\', utf8=True), 'SELECT "Entwürfe & \\"Co\\"\\\\"'.encode()),
        (say.status("x", utf8=False), b'STATUS "x" (MESSAGES UNSEEN)'),
        (say.create("x", utf8=False), b'CREATE "x"'),
        (
            say.uid_store(b"1:3", b"+FLAGS.SILENT", ["\\Deleted", "$Junk"]),
            b"UID STORE 1:3 +FLAGS.SILENT (\\Deleted $Junk)",
        ),
        (say.uid_move(b"1", "x y", utf8=False), b'UID MOVE 1 "x y"'),
        (say.uid_copy(b"1", "x", utf8=False), b'UID COPY 1 "x"'),
        (say.uid_expunge(b"1"), b"UID EXPUNGE 1"),
        (say.append("Sent", b"hi\r\n", ["\\Seen"], utf8=False), b'APPEND "Sent" (\\Seen) <hi\r\n>'),
        (
            say.append("Sent", b"hi", [], 1_750_000_000_000_000, utf8=False),
            b'APPEND "Sent" () "15-Jun-2025 15:06:40 +0000" <hi>',
        ),
        (say.uid_search(Criteria(), OLD, utf8=False), b"UID SEARCH ALL"),
        (
            say.uid_search(
                Criteria(
                    [("FROM", "a b"), ("TEXT", 'say "x"')],
                    ["UNSEEN"],
                    dt.date(2025, 2, 1),
                    dt.date(2025, 3, 12),
                    1000,
                ),
                NEW,
                utf8=False,
            ),
            b'UID SEARCH RETURN (ALL) UNSEEN FROM "a b" TEXT "say \\"x\\"" SINCE 1-Feb-2025 BEFORE 12-Mar-2025 LARGER 1000',
        ),
        (
            say.uid_search(Criteria([("BODY", "crêpe")]), OLD, utf8=False),
            "UID SEARCH CHARSET UTF-8 BODY <crêpe>".encode(),
        ),
        (say.uid_search(Criteria([("BODY", "crêpe")]), OLD, utf8=True), 'UID SEARCH BODY "crêpe"'.encode()),
        (
            say.uid_search(Criteria([("BODY", "a\r\nA2 LOGOUT")]), OLD, utf8=True),
            b"UID SEARCH BODY <a\r\nA2 LOGOUT>",
        ),
    ],
)
def test_commands(request_: say.Request, text: bytes) -> None:
    assert written(request_) == text


@pytest.mark.parametrize("name", ["会議\u3000資料", "نامه\u200cها", "\U0001fae8"])
def test_names_as_people_write_them(name: str) -> None:
    """What Python does not print is no control character for that (RFC 6855 §3)."""
    assert written(say.select(name, utf8=True)) == f'SELECT "{name}"'.encode()
    assert written(say.select(name, utf8=False)) == f'SELECT "{encode_utf7(name)}"'.encode()


@pytest.mark.parametrize("name", ["a\r\nb", "a\0", "\udc80"])
def test_names_that_are_none(name: str) -> None:
    for utf8 in (False, True):
        with pytest.raises(ValueError, match="name"):
            say.select(name, utf8=utf8)


@pytest.mark.parametrize("flag", ["", "a b", "\\", "(x)", "x\r\n", "é"])
def test_flags_that_are_none(flag: str) -> None:
    with pytest.raises(ValueError, match="not a flag"):
        say.uid_store(b"1", b"+FLAGS", [flag])


@pytest.mark.parametrize("length", [say.MAX_QUOTED, say.MAX_QUOTED + 1])
def test_long_strings_are_literals(length: int) -> None:
    assert isinstance(say.string("x" * length, utf8=False), Literal) is (length > say.MAX_QUOTED)


def test_long_sets_are_several() -> None:
    assert say.set_texts([]) == []
    assert say.set_texts([(1, 3), (5, 5)]) == [b"1:3,5"]
    texts = say.set_texts([(4_000_000_000 + 3 * n, 4_000_000_001 + 3 * n) for n in range(1000)])
    assert max(map(len, texts)) <= say.MAX_SET
    assert b",".join(texts).count(b":") == 1000


def test_the_dialogue_shows_the_size_of_a_literal_only() -> None:
    assert say.append("x", b"secret", [], utf8=False).shown == 'APPEND "x" () {6}'

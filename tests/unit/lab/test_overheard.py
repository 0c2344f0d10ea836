"""Dialogues as lines: in every cut of the octets, with what is secret masked and what is content told apart."""

from __future__ import annotations

import random

import pytest

from postroom.lab.heard.overheard import Dialogue, dialogue_of
from postroom.proto.smtp.texts import OUT_OF_STEP

# (service, what was said: `<` by the client, `>` by the server; `=` the same as content; then the lines as they are told)
SMTP = (
    "smtp",
    [
        (">", "220 mail.hamburger.test\r\n"),
        (
            "<",
            "EHLO crepes.test\r\nAUTH PLAIN AGJvYgBzZWNyZXQ=\r\n",
            "EHLO crepes.test\r\nAUTH PLAIN ****************\r\n",
        ),
        (">", "334 VXNlcm5hbWU6\r\n"),
        ("<", "c2VjcmV0\r\n", "********\r\n"),
        (">", "235 2.7.0 Ok\r\n"),
        ("<", "DATA\r\n"),
        (">", "354 go on\r\n"),
        ("<=", "AUTH PLAIN is a word of this letter\r\n..\r\n"),
        ("<", ".\r\n"),
        (">", "250 Ok\r\n"),
        ("<", "BDAT 12 LAST\r\n"),
        ("<=", "AUTH X 45 \r\n"),
        (">", "250 Ok\r\n"),
        ("<", "QUIT\r\n"),
    ],
)
LMTP = (
    "lmtp",
    [
        (">", "220 mail.hamburger.test\r\n"),
        ("<", "LHLO crepes.test\r\n"),
        (">", "250-mail.hamburger.test\r\n250 CHUNKING\r\n"),
        ("<", "MAIL FROM:<>\r\nRCPT TO:<a>\r\nRCPT TO:<b>\r\nRCPT TO:<c>\r\nBDAT 6 LAST\r\n"),
        ("<=", "Hi\r\n\r\n"),
        ("<", "MAIL FROM:<>\r\nRCPT TO:<a>\r\nRCPT TO:<b>\r\nDATA\r\n"),
        (">", "250 Ok\r\n250 Ok\r\n550 No\r\n250 Ok\r\n250 For a\r\n452 For c\r\n"),
        (">", "250 Ok\r\n250 Ok\r\n250 Ok\r\n354 go on\r\n"),
        ("<=", "MAIL is a word of this letter\r\n"),
        ("<", ".\r\nMAIL FROM:<>\r\nRCPT TO:<a>\r\nDATA\r\n"),
        (">", "250 For a\r\n250 For b\r\n250 Ok\r\n250 Ok\r\n354 go on\r\n"),
        ("<=", "QUIT is another\r\n"),
        ("<", ".\r\n"),
        (">", "250 For a\r\n"),
        ("<", "BDAT 0 LAST\r\nDATA\r\n"),
        (">", "503 No recipient\r\n503 No recipient\r\n"),
        ("<", "QUIT\r\n"),
    ],
)
POP3 = (
    "pop3",
    [
        (">", "+OK ready\r\n"),
        ("<", "USER bob\r\nPASS hungry people\r\n", "USER bob\r\nPASS *************\r\n"),
        (">", "+OK\r\n+OK in\r\n"),
        ("<", "RETR 1\r\nLIST 1\r\nRETR 9\r\n"),
        (">", "+OK 10 octets\r\n"),
        (">=", "-ERR is in this letter\r\n..\r\n"),
        (">", ".\r\n+OK 1 10\r\n-ERR no such message\r\n"),
        ("<", "AUTH PLAIN AGJvYg==\r\n", "AUTH PLAIN ********\r\n"),
        (">", "+ \r\n"),
        ("<", "AGJvYg==\r\n", "********\r\n"),
        (">", "+OK\r\n"),
    ],
)
IMAP = (
    "imap",
    [
        (">", "* OK ready\r\n"),
        ("<", 'a LOGIN "bo b" "hungry"\r\n', 'a LOGIN "bo b" ********\r\n'),
        (">", "a NO wrong\r\n"),
        ("<", "b LOGIN bob {6}\r\n"),
        (">", "+ go on\r\n"),
        ("<=", "hungry", "******"),
        ("<", "\r\n"),
        (">", "b NO wrong\r\n"),
        ("<", "c LOGIN {3+}\r\n"),
        ("<=", "bob", "***"),
        ("<", " hungry\r\n", "*******\r\n"),
        (">", "c OK in\r\n"),
        ("<", "d APPEND INBOX {4}\r\n"),
        (">", "+ go on\r\n"),
        ("<=", "a\r\nb"),
        ("<", "\r\n"),
        (">", "* 1 FETCH (BODY[] {6}\r\n"),
        (">=", "+ go\r\n"),
        (">", ")\r\nd OK done\r\n"),
        ("<", "e AUTHENTICATE PLAIN AGJvYg==\r\n", "e AUTHENTICATE PLAIN ********\r\n"),
        (">", "+ \r\n"),
        ("<", "AGJvYg==\r\n", "********\r\n"),
        (">", "e OK\r\n"),
        ("<", "LOGIN bob secret\r\n", "LOGIN bob ******\r\n"),
        (">", "LOGIN BAD Unknown command\r\n"),
        ("<", "AUTHENTICATE PLAIN AGJvYg== AGJvYg==\r\n", "AUTHENTICATE PLAIN *****************\r\n"),
        (">", "AUTHENTICATE BAD Unknown command\r\n"),
        ("<", "LOGIN NOOP\r\n"),
        (">", "LOGIN OK done\r\n"),
        ("<", "f COMPRESS DEFLATE\r\n"),
        (">", "f OK active\r\n"),
        ("<=", "\x00\r\n\x01"),
    ],
)


def parts(said: list[tuple[str, ...]]) -> list[tuple[str, bytes, str]]:
    return [(one[0], one[1].encode("latin-1"), one[-1]) for one in said]


def heard(dialogue: Dialogue, arrow: str, octets: bytes, cuts: random.Random | None) -> list[tuple[str, str]]:
    """What is told of some octets, in one piece or cut at random."""
    listen = dialogue.came if arrow == "<" else dialogue.went
    chunks = [octets]
    if cuts is not None:
        at = sorted(cuts.sample(range(len(octets) + 1), min(len(octets), 3)))
        chunks = [octets[a:b] for a, b in zip([0, *at], [*at, len(octets)], strict=True)]
    return [
        (arrow + "=" * piece.content, piece.octets.decode("latin-1"))
        for chunk in chunks
        for piece in listen(chunk)
    ]


def joined(told: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Neighbours of one kind as one."""
    found: list[tuple[str, str]] = []
    for kind, text in told:
        if found and found[-1][0] == kind:
            found[-1] = (kind, found[-1][1] + text)
        else:
            found.append((kind, text))
    return found


@pytest.mark.parametrize("seed", [None, *range(20)])
@pytest.mark.parametrize(("service", "said"), [SMTP, LMTP, POP3, IMAP], ids=["smtp", "lmtp", "pop3", "imap"])
def test_lines_are_told_and_secrets_are_not(
    service: str, said: list[tuple[str, ...]], seed: int | None
) -> None:
    dialogue = dialogue_of(service)
    cuts = None if seed is None else random.Random(seed)
    told = [one for kind, octets, _ in parts(said) for one in heard(dialogue, kind[0], octets, cuts)]
    assert joined(told) == joined([(kind, words) for kind, _, words in parts(said)])


def test_http_tells_the_path_and_the_status_only() -> None:
    dialogue = dialogue_of("https")
    request = b"POST /mail/sign-in?token=x HTTP/1.1\r\nCookie: secret\r\n\r\n{}"
    assert [piece.octets for piece in dialogue.came(request)] == [b"POST /mail/sign-in HTTP/1.1\r\n"]
    assert [piece.octets for piece in dialogue.went(b"HTTP/1.1 200 OK\r\nSet-Cookie: secret\r\n\r\n")] == [
        b"HTTP/1.1 200 OK\r\n"
    ]
    assert not dialogue.came(b"password=secret")


def test_a_line_without_end_is_not_held_for_ever() -> None:
    dialogue = dialogue_of("smtp")
    assert dialogue.came(b"x" * 64 * 1024) == []
    assert [len(piece.octets) for piece in dialogue.came(b"x")] == [64 * 1024 + 1]


# (service, what was said, each piece as it came; what of the last one is told)
EARLY = [
    ("smtp", [(">", "220 x\r\n"), ("<", "AUTH LOGIN\r\nYm9i\r\naHVuZ3J5\r\n")], "AUTH LOGIN\r\n****\r\n********\r\n"),
    ("smtp", [("<", "EHLO a\r\nAUTH LOGIN\r\n"), (">", "250 x\r\n334 \r\n"), ("<", "Ym9i\r\naHVu\r\n")], "****\r\n****\r\n"),
    ("smtp", [("<", "AUTH PLAIN\r\nYm9i\r\n"), (">", "535 5.7.8 No\r\n"), ("<", "NOOP\r\n")], "NOOP\r\n"),
    ("smtp", [("<", "AUTH PLAIN\r\n"), ("=", ""), ("<", "EHLO a\r\n")], "EHLO a\r\n"),
    ("pop3", [(">", "+OK\r\n"), ("<", "AUTH PLAIN\r\naHVuZ3J5\r\n")], "AUTH PLAIN\r\n********\r\n"),
    ("pop3", [(">", "+OK\r\n"), ("<", "AUTH X\r\naHVu\r\n"), (">", "-ERR no\r\n"), ("<", "NOOP\r\n")], "NOOP\r\n"),
    ("pop3", [(">", "+OK\r\n"), ("<", "CAPA\r\nAUTH X\r\n"), (">", "+OK\r\n.\r\n"), ("<", "aHVu\r\n")], "****\r\n"),
    ("pop3", [(">", "+OK\r\n"), ("<", "NOOP\r\nAUTH X\r\n"), (">", "+OK\r\n-ERR no\r\n"), ("<", "NOOP\r\n")], "NOOP\r\n"),
    ("smtp", [("<", "EHLO a\r\nX\r\nAUTH LOGIN\r\n"), (">", "250-y\r\n250 z\r\n500 What\r\n"), ("<", "aHVu\r\n")], "****\r\n"),
    ("smtp", [("<", "X\r\nAUTH LOGIN\r\n"), (">", "500 What\r\n535-5.7.8\r\n535 5.7.8 No\r\n"), ("<", "NOOP\r\n")], "NOOP\r\n"),
    ("imap", [("<", "a AUTHENTICATE PLAIN\r\naHVuZ3J5\r\n")], "a AUTHENTICATE PLAIN\r\n********\r\n"),
    ("imap", [("<", "a CAPABILITY\r\nb AUTHENTICATE PLAIN\r\n"), (">", "* X\r\na OK\r\n+ \r\n"), ("<", "aHVu\r\n")], "****\r\n"),
    ("imap", [("<", "a NOOP {100}\r\n"), (">", "a BAD no\r\n"), ("<", "b LOGIN bob hungry\r\n")], "b LOGIN bob ******\r\n"),
    ("imap", [("<", "a LOGIN {3}\r\n"), (">", "a NO no\r\n"), ("<", "b NOOP\r\n")], "b NOOP\r\n"),
    ("imap", [("<", "a NOOP\r\nb LOGIN {3}\r\n"), (">", "a OK\r\n+ \r\n"), ("<", "bob hungry\r\n")], "**********\r\n"),
    ("imap", [("<", "a LOGIN  bob hungry\r\n")], "a LOGIN  bob ******\r\n"),
    ("imap", [("<", 'a LOGIN "bob hungry\r\n')], 'a LOGIN "bob ******\r\n'),
    ("imap", [("<", "a AUTHENTICATE X\r\n"), ("=", ""), ("<", "a NOOP\r\n")], "a NOOP\r\n"),
]  # fmt: skip


@pytest.mark.parametrize(("service", "said", "told"), EARLY)
def test_secrets_are_not_told_of_those_who_do_not_wait(
    service: str, said: list[tuple[str, str]], told: str
) -> None:
    """RFC 9051 §5.5: a client may send AUTHENTICATE behind other commands; and by hand all of a login is pasted at once."""
    dialogue = dialogue_of(service)
    pieces: list[bytes] = []
    for arrow, octets in said:
        if arrow == "=":
            dialogue.secured()
        else:
            listen = dialogue.came if arrow == "<" else dialogue.went
            pieces = [piece.octets for piece in listen(octets.encode())]
    assert b"".join(pieces).decode() == told


# (what was said: `<` by the client, `>` by the server; then the client's lines as they are told in the end, content with `=`)
PASTED = [
    (
        [("<", "DATA\r\n"), ("<", "AUTH of this letter\r\n.\r\nAUTH PLAIN AGJvYg==\r\n"), (">", "354 go on\r\n250 Ok\r\n")],
        ["DATA", "=AUTH of this letter", ".", "AUTH PLAIN ********"],
    ),
    (
        [("<", "RCPT a\r\nRCPT b\r\nDATA\r\nHi\r\n"), (">", "550 No\r\n250-Yes\r\n250 Yes\r\n"), (">", "354 go on\r\n")],
        ["RCPT a", "RCPT b", "DATA", "=Hi"],
    ),
    ([("<", "DATA\r\nRSET\r\nQUIT\r\n"), (">", "503 5.5.1 RCPT first\r\n")], ["DATA", "RSET", "QUIT"]),
    (
        [("<", "EHLO a\r\nDATA\r\nHi\r\n.\r\nQUIT\r\n"), (">", f"{OUT_OF_STEP}\r\n")],
        ["EHLO a", "DATA", "=Hi", ".", "QUIT"],
    ),
    ([("<", "MAIL a\r\nDATA\r\nHi\r\n"), (">", "421 4.3.2 Bye\r\n"), ("x", "")], ["MAIL a", "DATA", "=Hi"]),
    ([("<", "DATA\r\n.\r\n" + "x" * 65_535 + "\r\n"), (">", "354 go on\r\n"), ("<", "AUTH X aHVu\r\n")], ["DATA", ".", "x" * 65_535, "AUTH X ****"]),
]  # fmt: skip


@pytest.mark.parametrize(("said", "told"), PASTED)
def test_what_comes_before_the_reply_to_data_is_what_the_reply_makes_of_it(
    said: list[tuple[str, str]], told: list[str]
) -> None:
    """RFC 2920 §3.1: DATA is the last of a group, but by hand the message is pasted with it."""
    dialogue = dialogue_of("smtp")
    found: list[str] = []
    for arrow, octets in said:
        if arrow == "x":
            dialogue.ended()
        elif arrow == ">":
            dialogue.went(octets.encode())
        pieces = dialogue.came(octets.encode() if arrow == "<" else b"")
        found += ["=" * piece.content + piece.octets.decode().rstrip() for piece in pieces]
    assert found == told


def test_a_request_whose_line_has_no_end_is_looked_through_once() -> None:
    assert dialogue_of("http").came(b"GET /" + b"a" * 1_000_000) == []

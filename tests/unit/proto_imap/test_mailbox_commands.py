"""Commands about mailboxes, rights, quotas and notes are read, or said to be wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.proto.imap.commands import acl, listing, mailboxes, metadata, quota
from postroom.proto.imap.commands.acl import SetAcl
from postroom.proto.imap.commands.listing import List, Lsub
from postroom.proto.imap.commands.mailboxes import Create, Rename, Status, Subscribe
from postroom.proto.imap.commands.metadata import INFINITY, GetMetadata, SetMetadata
from postroom.proto.imap.commands.quota import GetQuota
from postroom.proto.imap.events import Given
from postroom.proto.imap.parsing import Bad, parse
from postroom.proto.imap.verb import State

VERBS = sorted({*acl.VERBS, *listing.VERBS, *mailboxes.VERBS, *metadata.VERBS, *quota.VERBS})


@pytest.mark.parametrize(
    ("line", "command"),
    [
        (b"CREATE a/b", Create("a/b")),
        (b'create "Inbox/x" (use (\\Sent \\nonsense))', Create("INBOX/x", ("sent", ""))),
        (b"RENAME {3+}\r\na b {1+}\r\nc", Rename("a b", "c")),
        (b"UNSUBSCRIBE inbox", Subscribe("INBOX", subscribed=False)),
        (b"STATUS &APw- (messages Messages SIZE)", Status("\u00fc", ("MESSAGES", "SIZE"))),
        (b'LIST "" %', List(("%",))),
        (b'LIST "a/" "b c*"', List(("a/b c*",))),
        (b'LIST () "" (a "b%")', List(("a", "b%"), extended=True)),
        (
            b'LIST (subscribed recursivematch) "" * RETURN (status (unseen) metadata ("/shared/a" /private/B) myrights special-use)',
            List(
                ("*",),
                frozenset((b"SUBSCRIBED", b"RECURSIVEMATCH")),
                subscribed=True,
                status=("UNSEEN",),
                metadata=("/shared/a", "/private/b"),
                myrights=True,
                extended=True,
            ),
        ),
        (b'LIST "" * RETURN ()', List(("*",), extended=True)),
        (b'LSUB "x." %', Lsub("x.%")),
        (b"SETACL box fred +cd", SetAcl("box", "fred", "kxte", "+")),
        (b'SETACL box -fred ""', SetAcl("box", "-fred", "")),
        (b"DELETEACL box anyone", SetAcl("box", "anyone", "")),
        (b'GETQUOTA "#user/x"', GetQuota("#user/x")),
        (b'GETMETADATA "" /private/x', GetMetadata("", ("/private/x",))),
        (
            b"GETMETADATA (MAXSIZE 10 DEPTH infinity) box (/private/x /shared/y)",
            GetMetadata("box", ("/private/x", "/shared/y"), INFINITY, 10),
        ),
        (b"GETMETADATA box (DEPTH 1) (/private/x)", GetMetadata("box", ("/private/x",), 1)),
        (b"GETMETADATA box /private/x /shared/y", GetMetadata("box", ("/private/x", "/shared/y"))),
        (
            b"SETMETADATA box (/private/x NIL /shared/y ~{2+}\r\n\0\xff)",
            SetMetadata("box", (("/private/x", None), ("/shared/y", b"\0\xff"))),
        ),
    ],
)
def test_commands(line: bytes, command: object) -> None:
    found = parse(b"a " + line, State.AUTHENTICATED, utf8=False)
    assert isinstance(found, Given), found
    assert found.command == command


@given(
    st.sampled_from(VERBS),
    st.lists(
        st.sampled_from(
            [
                b" ",
                b"(",
                b")",
                b'"',
                b"\\",
                b"{3+}\r\nabc",
                b"%",
                b"*",
                b"RETURN",
                b"STATUS",
                b"USE",
                b"/private/x",
                b"NIL",
                b"a",
                b"\xff",
                b"+",
                b"-",
            ]
        )
        | st.binary(max_size=4),
        max_size=14,
    ),
)
def test_anything_else_is_said_to_be_wrong(verb: bytes, words: list[bytes]) -> None:
    found = parse(b"a " + verb + b"".join(words), State.AUTHENTICATED, utf8=False)
    assert isinstance(found, Given | Bad)


def test_no_name_has_a_nul_however_it_is_written() -> None:
    """PostgreSQL has no text with NUL: the store would say that it is busy."""
    for command in (
        b"SELECT &AAA-",
        b"CREATE a/b&AAA-c",
        b"LIST {1}\r\n\0 *",
        b'LIST "" &AAA-',
        b"COPY 1 &AAA-",
    ):
        found = parse(b"x " + command, State.SELECTED, utf8=False)
        assert isinstance(found, Bad), command
        assert "without NUL" in found.words, command


def test_patterns_are_bounded_together_with_their_reference() -> None:
    most = listing.MAX_PATTERN_CHARS
    for command, good in (
        (b'LIST "" {%d}\r\n*%b' % (most, b"a" * (most - 1)), True),
        (b'LIST "" {%d}\r\n*%b' % (most + 1, b"a" * most), False),
        (b'LIST "" ({%d}\r\n%b b)' % (most, b"a" * most), False),
        (b"LIST {%d}\r\n%b (%%b c d)" % (most // 2, b"a" * (most // 2)), False),
        (b"LSUB {%d}\r\n%b *b" % (most, b"a" * most), False),
    ):
        found = parse(b"x " + command, State.AUTHENTICATED, utf8=False)
        assert isinstance(found, Given if good else Bad), command[:20]

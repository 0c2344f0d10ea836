"""FETCH and UID FETCH."""

import pytest

from imap_stage import ImapStage

LETTER = (
    b"From: Alice <alice@crepes.test>\r\nTo: bob@hamburger.test\r\nSubject: ketchup\r\nMessage-ID: <1@crepes.test>\r\n"
    b"\r\nDo you like ketchup?\r\n"
)


async def test_plain_attributes(stage: ImapStage) -> None:
    await stage.deliver(LETTER)
    bob = await stage.user(select="INBOX")
    assert await bob.ok("FETCH 1 FAST") == [
        f'* 1 FETCH (FLAGS (\\Recent) INTERNALDATE "15-Jun-2025 15:06:40 +0000" RFC822.SIZE {len(LETTER)})'
    ]
    assert await bob.ok("UID FETCH 1 ENVELOPE") == [
        (
            '* 1 FETCH (UID 1 ENVELOPE (NIL "ketchup" (("Alice" NIL "alice" "crepes.test")) (("Alice" NIL "alice" "crepes.test")) '
            '(("Alice" NIL "alice" "crepes.test")) ((NIL NIL "bob" "hamburger.test")) NIL NIL NIL "<1@crepes.test>"))'
        )
    ]
    assert await bob.ok("FETCH 1 (BODY BODYSTRUCTURE)") == [
        (
            '* 1 FETCH (BODY ("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 22 1) '
            'BODYSTRUCTURE ("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 22 1 NIL NIL NIL NIL))'
        )
    ]


async def test_body_sets_seen_and_says_so(stage: ImapStage) -> None:
    await stage.deliver(LETTER)
    bob = await stage.user(select="INBOX")
    assert await bob.ok("FETCH 1 BODY.PEEK[TEXT]") == [
        "* 1 FETCH (BODY[TEXT] {22}",
        "Do you like ketchup?",
        ")",
    ]
    assert await bob.ok("FETCH 1 BODY[TEXT]") == [
        "* 1 FETCH (BODY[TEXT] {22}",
        "Do you like ketchup?",
        " FLAGS (\\Seen \\Recent))",
    ]
    assert await bob.ok("FETCH 1 BODY[TEXT]") == ["* 1 FETCH (BODY[TEXT] {22}", "Do you like ketchup?", ")"]


@pytest.mark.parametrize("filler", [10, 5_000])
async def test_whole_messages(stage: ImapStage, filler: int) -> None:
    raw = LETTER + b"x" * filler + b"\r\n"
    await stage.deliver(raw)
    bob = await stage.user(select="INBOX")
    said = await bob.send(b"a UID FETCH 1 (BODY.PEEK[] BODY.PEEK[HEADER.FIELDS (subject FROM)])\r\n")
    fields = b"From: Alice <alice@crepes.test>\r\nSubject: ketchup\r\n\r\n"
    assert said == (
        b"* 1 FETCH (UID 1 BODY[] {%d}\r\n%b BODY[HEADER.FIELDS (subject FROM)] {%d}\r\n%b)\r\na OK Fetched\r\n"
        % (len(raw), raw, len(fields), fields)
    )

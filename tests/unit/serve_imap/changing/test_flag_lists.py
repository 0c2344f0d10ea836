"""FLAGS and PERMANENTFLAGS after SELECT: whoever has a mailbox open is told of a keyword before a message has it."""

import re

from imap_stage import ALICE, BOB, ImapStage

INBOX = f'"Other Users/{BOB}/INBOX"'


def untold(lines: list[str], known: set[str]) -> set[str]:
    """The keywords in FETCH that no FLAGS before them has named; `known` grows."""
    found = set()
    for line in lines:
        flags = set(re.sub(r".*FLAGS \(([^)]*)\).*", r"\1", line).split()) if "FLAGS (" in line else set()
        if line.startswith("* FLAGS"):
            known |= flags
        elif " FETCH " in line:
            found |= {flag for flag in flags if not flag.startswith("\\")} - known
    return found


async def test_a_keyword_is_told_of_before_a_message_has_it(stage: ImapStage) -> None:
    for _ in range(3):
        await stage.deliver()
    bob, other = await stage.user(select="INBOX"), await stage.user(select="INBOX")
    mine, theirs = set[str](), set[str]()
    for command in (
        "STORE 1 +FLAGS (one)",
        "STORE 2 FLAGS.SILENT (two)",
        "FETCH 1:2 FLAGS",
        "UID STORE 3 +FLAGS (ONE three)",
        "APPEND INBOX (four) {3+}\r\nabc",
        "FETCH 1:* FLAGS",
        "STORE 1 -FLAGS (five)",
    ):
        assert untold(await bob.ok(command), mine) == set(), command
        assert untold(await other.ok("NOOP"), theirs) == set(), command
        assert untold(await other.ok("FETCH 1:* FLAGS"), theirs) == set(), command
    assert mine >= {"one", "two", "three", "four"} <= theirs
    assert "five" not in mine
    assert not any("* FLAGS" in line for line in await bob.ok("STORE 1:* +FLAGS (one two three four)"))


async def test_what_may_be_changed_is_told_by_rights(stage: ImapStage) -> None:
    await stage.deliver()
    bob, alice = await stage.user(select="INBOX"), await stage.user(ALICE)
    await bob.ok(f"SETACL INBOX {ALICE} lrs")
    await alice.ok(f"SELECT {INBOX}")
    await bob.ok("STORE 1 +FLAGS (one)")
    flags, permanent, fetch = await alice.ok("NOOP")
    assert flags == "* FLAGS (\\Seen \\Answered \\Flagged \\Deleted \\Draft one)"
    assert permanent == "* OK [PERMANENTFLAGS (\\Seen)] Flags that are kept"
    assert "FLAGS (one" in fetch

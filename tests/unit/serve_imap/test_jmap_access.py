"""GETJMAPACCESS (RFC 9698)."""

import msgspec

from imap_stage import ImapStage

URL = "https://mail.hamburger.test/jmap/session"


async def test_where_it_is(stage: ImapStage) -> None:
    stage.config = msgspec.structs.replace(stage.config, jmap=lambda: URL)
    bob = await stage.user()
    assert "JMAPACCESS" in (await bob.ok("CAPABILITY"))[0].split()
    assert await bob.ok("GETJMAPACCESS") == [f'* JMAPACCESS "{URL}"']


async def test_where_there_is_none(stage: ImapStage) -> None:
    bob = await stage.user()
    assert "JMAPACCESS" not in (await bob.ok("CAPABILITY"))[0].split()
    assert await bob.say("a GETJMAPACCESS") == ["a BAD There is no JMAP here"]

"""GENURLAUTH, RESETKEY, URLFETCH."""

import re

import pytest

from imap_stage import ALICE, BOB, LETTER, NOW, Client, ImapStage
from postroom.proto.imap.commands.urlauth import MAX_URLS

MINE = "imap://bob%40hamburger.test@mail.hamburger.test/INBOX/;UID=1"


@pytest.fixture
async def bob(stage: ImapStage) -> Client:
    await stage.deliver(LETTER % 1)
    return await stage.user()


async def sign(client: Client, *rumps: str) -> list[str]:
    listed = " ".join(f'"{rump}" INTERNAL' for rump in rumps)
    (line,) = await client.ok(f"GENURLAUTH {listed}")
    assert line.startswith("* GENURLAUTH ")
    return re.findall(r'"([^"]+)"', line)


async def fetch(client: Client, url: str) -> bytes | None:
    said = await client.send(f'a URLFETCH "{url}"\r\n'.encode())
    lead = f'* URLFETCH "{url}" '.encode()
    assert said.startswith(lead)
    assert said.endswith(b"\r\na OK Fetched\r\n")
    value = said[len(lead) : -len(b"\r\na OK Fetched\r\n")]
    if value == b"NIL":
        return None
    size, _, octets = value.partition(b"\r\n")
    assert size == b"{%d}" % len(octets)
    return octets


async def test_whoever_it_is_for_reads_it(stage: ImapStage, bob: Client) -> None:
    alice = await stage.user(ALICE)
    urls = await sign(
        bob,
        f"{MINE};URLAUTH=authuser",
        f"{MINE};URLAUTH=user+{ALICE}",
        f"{MINE}/;SECTION=TEXT/;PARTIAL=0.6;URLAUTH=anonymous",
    )
    assert [re.sub(":internal:01[0-9a-f]{64}$", "", url) for url in urls] == [
        f"{MINE};URLAUTH=authuser",
        f"{MINE};URLAUTH=user+{ALICE}",
        f"{MINE}/;SECTION=TEXT/;PARTIAL=0.6;URLAUTH=anonymous",
    ]
    assert await fetch(alice, urls[0]) == await fetch(alice, urls[1]) == LETTER % 1
    assert await fetch(alice, urls[2]) == b"Do you"
    assert await fetch(bob, urls[0]) == LETTER % 1
    assert await fetch(bob, urls[1]) is None


async def test_the_name_of_a_mailbox_in_any_form_of_unicode(bob: Client) -> None:
    """What is signed can be fetched: a Mac writes names decomposed, and so its URLs."""
    await bob.ok("CREATE B&APw-ro")
    assert (await bob.say("x APPEND B&APw-ro {3+}", "abc"))[-1].startswith("x OK")
    [url] = await sign(bob, MINE.replace("INBOX", "Bu%CC%88ro") + ";URLAUTH=anonymous")
    assert await fetch(bob, url) == b"abc"


async def test_what_is_not_as_it_was_signed_leads_nowhere(stage: ImapStage, bob: Client) -> None:
    await stage.deliver()
    alice = await stage.user(ALICE)
    (url,) = await sign(bob, f"{MINE};URLAUTH=authuser")
    for other in (
        url.replace("UID=1", "UID=2"),
        url.replace("INBOX", "Drafts"),
        url[:-1] + ("0" if url[-1] != "0" else "1"),
        url.replace(";URLAUTH", "/;SECTION=1;URLAUTH"),
        url.replace("authuser", "anonymous"),
        url.replace(":internal:", ":other:"),
        url.replace("mail.hamburger", "mail.other"),
        url.replace("bob%40hamburger", "alice%40crepes"),
        MINE,
        "nonsense",
    ):
        assert await fetch(alice, other) is None
    assert await fetch(alice, url) == LETTER % 1


async def test_expired(stage: ImapStage, bob: Client) -> None:
    (url,) = await sign(bob, f"{MINE};EXPIRE=2025-06-15T16:06:41+01:00;URLAUTH=authuser")
    assert await fetch(bob, url) is not None
    stage.now = NOW + 1_000_000
    assert await fetch(bob, url) is None


async def test_keys_are_reset(stage: ImapStage, bob: Client) -> None:
    (url,) = await sign(bob, f"{MINE};URLAUTH=authuser")
    assert await bob.say("a RESETKEY Drafts INTERNAL") == [
        "a OK [URLMECH INTERNAL] URLs of this mailbox are invalid now"
    ]
    assert await fetch(bob, url) is not None
    await bob.ok("SELECT INBOX")
    assert await bob.ok("RESETKEY INBOX") == ["* OK [URLMECH INTERNAL] There is a new key"]
    assert await fetch(bob, url) is None
    (url,) = await sign(bob, f"{MINE};URLAUTH=authuser")
    assert await fetch(bob, url) is not None
    await bob.ok("RESETKEY")
    assert await fetch(bob, url) is None


async def test_gone(stage: ImapStage, bob: Client) -> None:
    (url,) = await sign(bob, f"{MINE};URLAUTH=authuser")
    await bob.ok("SELECT INBOX")
    await bob.ok("STORE 1 +FLAGS.SILENT (\\Deleted)")
    await bob.ok("EXPUNGE")
    assert await fetch(bob, url) is None


async def test_a_long_one(stage: ImapStage, bob: Client) -> None:
    raw = LETTER % 2 + b"a line\r\n" * 100_000
    await stage.deliver(raw)
    (url,) = await sign(bob, f"{MINE.replace('UID=1', 'UID=2')};URLAUTH=authuser")
    assert await fetch(bob, url) == raw


@pytest.mark.parametrize(
    "rump",
    [
        MINE,
        f"{MINE};URLAUTH=everybody",
        f"{MINE};URLAUTH=user+",
        f"{MINE};URLAUTH=authuser:INTERNAL:{'0' * 32}",
        f"{MINE.replace('bob', 'alice')};URLAUTH=authuser",
        f"{MINE.replace('mail.', 'other.')};URLAUTH=authuser",
        "/INBOX/;UID=1;URLAUTH=authuser",
        "nonsense",
    ],
)
async def test_what_is_not_signed(bob: Client, rump: str) -> None:
    assert (await bob.say(f'a GENURLAUTH "{rump}" INTERNAL'))[-1].startswith("a BAD")


async def test_other_answers(stage: ImapStage, bob: Client) -> None:
    good = f"{MINE};URLAUTH=submit+{ALICE}"
    assert await fetch(bob, (await sign(bob, good))[0]) is None
    assert (await bob.say(f'a GENURLAUTH "{good}" XSAMPLE'))[-1] == "a BAD The only mechanism is INTERNAL"
    assert (await bob.say("a RESETKEY INBOX XSAMPLE"))[-1] == "a NO The only mechanism is INTERNAL"
    assert (await bob.say("a RESETKEY Nowhere"))[-1] == "a NO [NONEXISTENT] No such mailbox"
    elsewhere = good.replace("INBOX", "Nowhere")
    assert (await bob.say(f'a GENURLAUTH "{elsewhere}" INTERNAL'))[-1] == "a BAD No such mailbox"


async def test_only_owners_have_keys(stage: ImapStage, bob: Client) -> None:
    alice = await stage.user(ALICE)
    await alice.ok(f"SETACL INBOX {BOB} lrswipkxtea")
    theirs = MINE.replace("INBOX", f"Other%20Users/{ALICE}/INBOX")
    assert (await bob.say(f'a GENURLAUTH "{theirs};URLAUTH=authuser" INTERNAL'))[-1].startswith(
        "a NO [NOPERM]"
    )
    assert (await bob.say(f'a RESETKEY "Other Users/{ALICE}/INBOX"'))[-1].startswith("a NO [NOPERM]")


@pytest.mark.parametrize(("number", "status"), [(MAX_URLS, "OK"), (MAX_URLS + 1, "BAD")])
async def test_most_urls(bob: Client, number: int, status: str) -> None:
    assert (await bob.say("a URLFETCH" + " x" * number))[-1].startswith(f"a {status}")


async def test_a_file_that_ends_too_early_ends_the_connection(stage: ImapStage, bob: Client) -> None:
    """Inside a literal nothing else can be said: an answer would be taken for a part of the message."""
    bob = await stage.user()
    await bob.send(b"a APPEND INBOX {8000+}\r\n" + b"x" * 8000 + b"\r\n")
    assert stage.store.files is not None
    account_id = stage.logins.people[BOB]
    (blob_id,) = [blob for account, blob, _ in stage.store.files.listing() if account == account_id]
    (url,) = await sign(bob, f"{MINE.replace('UID=1', 'UID=2')};URLAUTH=authuser")
    stage.store.files.path(account_id, blob_id).write_bytes(b"x" * 7000)
    with pytest.raises(ConnectionAbortedError):
        await bob.send(f'a URLFETCH "{url}"\r\n'.encode())
    assert bob.connection.closed
    assert bob.heard().endswith(b"{8000}\r\n")

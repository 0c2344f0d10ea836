"""The IMAP dialogues of this folder, whole and in every cut, against a session over a store.

In these files `…` stands for any text, since `*` begins most lines. `@ message` puts a letter into Bob's INBOX beforehand; `E: deliver` does so
meanwhile, `E: expunge UIDS` and `E: flag UIDS FLAGS` are another session's doing. `E: alice SELECT INBOX` is what Alice says in a session of her
own, `E: bob NOOP` what Bob says in a second one; both must be answered OK. `@ enable QRESYNC` comes before `@ login INBOX` is carried out.
`@ administrator ADDRESS` names who that is, `@ closed ADDRESS` whose account is closed, `@ busy ADDRESS` who has too many sessions; `@ config FIELD
NUMBER` is a field of `ImapConfig`, `@ most MODULE.LIMIT NUMBER` makes a limit smaller, `@ without tls` leaves the server without certificates.
"""

import random
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from imap_stage import ALICE, BOB, Client, ImapStage
from postroom.message.address import parse_mailbox
from postroom.message.errors import MailboxDisabled, TooManyLogins
from postroom.proto.imap.verbs import VERBS
from postroom.store.administration import domains
from postroom.store.engine.postgres_options import PostgresOptions
from postroom.store.store import Store, StoreSettings
from transcript import Exchange, compare, read_script

PEOPLE = {"alice": ALICE, "bob": BOB}
SCRIPTS = sorted((Path(__file__).parent / "imap").glob("*.txt"))


@pytest.fixture
def store_url(request: pytest.FixtureRequest, tmp_path: Path, cut: str) -> str:
    if cut != "postgresql":
        return f"sqlite://{tmp_path}/store"
    url: str = request.getfixturevalue("database_url")
    return url


@pytest.fixture
async def stage(store_url: str, tmp_path: Path) -> AsyncIterator[ImapStage]:
    options = PostgresOptions(writers=4, readers=2)
    settings = StoreSettings(files=str(tmp_path / "files"), file_from=1000, postgres=options)
    store = await Store.open(store_url, settings, on_fatal=_unexpected)
    yield await ImapStage.open(store, ALICE)
    await store.close()


CUTS = {"whole": 0, "octets": 1, "sevens": 7, "random": -1, "postgresql": 0}


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
async def test_dialogue(stage: ImapStage, path: Path, cut: str, monkeypatch: pytest.MonkeyPatch) -> None:
    script = read_script(path)
    for lines in script.messages:
        await stage.deliver("".join(f"{line}\r\n" for line in lines).encode())
    for what, *words in script.facts:
        if what in FACTS:
            await FACTS[what](stage, *words)
        elif what == "most":
            monkeypatch.setattr(f"postroom.{words[0]}", int(words[1]))
    client = await _client(stage, {fact[0]: fact[1:] for fact in script.facts})
    others: dict[str, Client] = {}
    chance = random.Random(20040401)
    early = b""  # what is told as it comes may come before it is asked for
    for exchange in script.exchanges:
        for event in exchange.events:
            await _happen(stage, others, event)
        said = early + await _speak(client, exchange, CUTS[cut], chance)
        early = b"" if exchange.sent or exchange.heard else said
        if early:
            continue
        compare(exchange, said.decode().split("\r\n")[:-1], "…")


async def _speak(client: Client, exchange: Exchange, cut: int, chance: random.Random) -> bytes:
    data = "".join(f"{line}\r\n" for line in exchange.sent).encode()
    said, start = b"", 0
    while start < len(data):
        size = chance.randint(1, 9) if cut < 0 else cut or len(data)
        said += await client.send(data[start : start + size])
        start += size
    said += client.heard()
    if any("COMPRESS DEFLATE" in line for line in exchange.sent) and b" OK " in said:
        client.compress()
    return said


async def _client(stage: ImapStage, facts: dict[str, list[str]]) -> Client:
    if "login" not in facts:
        return stage.session()
    client = await stage.user(BOB)
    if "enable" in facts:
        await client.ok(f"ENABLE {' '.join(facts['enable'])}")
    if facts["login"]:
        await client.ok(f"SELECT {' '.join(facts['login'])}")
    return client


async def _administrator(stage: ImapStage, address: str) -> None:
    rules = domains.Rules("+", parse_mailbox(address))
    await stage.store.engine.write(lambda tx: domains.set_rules(tx, rules))


async def _closed(stage: ImapStage, address: str) -> None:
    stage.logins.refused[address] = MailboxDisabled()


async def _busy(stage: ImapStage, address: str) -> None:
    stage.logins.refused[address] = TooManyLogins()


async def _config(stage: ImapStage, field: str, number: str) -> None:
    values: dict[str, Any] = {field: int(number)}
    stage.config = msgspec.structs.replace(stage.config, **values)


async def _without(stage: ImapStage, _what: str) -> None:
    stage.certified = False


FACTS = {
    "administrator": _administrator,
    "closed": _closed,
    "busy": _busy,
    "config": _config,
    "without": _without,
}


async def _happen(stage: ImapStage, others: dict[str, Client], event: str) -> None:
    verb, _, rest = event.partition(" ")
    if verb == "deliver":
        await stage.deliver()
    elif verb in PEOPLE:
        if verb not in others:
            others[verb] = await stage.user(PEOPLE[verb])
        await others[verb].ok(rest)
    else:
        uids, *flags = rest.split()
        other = await stage.user(BOB, select="INBOX")
        await other.ok(f"UID STORE {uids} +FLAGS.SILENT ({' '.join(flags) or chr(92) + 'Deleted'})")
        if verb == "expunge":
            await other.ok(f"UID EXPUNGE {uids}")


def _unexpected(error: BaseException) -> None:
    raise AssertionError(f"the store failed: {error!r}")


def test_every_command_is_in_a_dialogue() -> None:
    said = {line for path in SCRIPTS for one in read_script(path).exchanges for line in one.sent}
    words = [line.upper().split(" ")[1:3] for line in said]
    used = {" ".join(pair) if pair[0] == "UID" else pair[0] for pair in words if pair}
    assert {verb.decode() for verb in VERBS} <= used


def test_every_response_code_is_in_a_dialogue() -> None:
    """But those of a server that is slow, fails or stops; tests of their own have them."""
    sources = Path(__file__).parents[2] / "src" / "postroom"
    code = "".join(
        path.read_text() for room in ("proto", "serve") for path in (sources / room / "imap").rglob("*.py")
    )
    sent = {one for one in REGISTRY.split() if re.search(rf'["{{\[]{one}\b', code)} - {
        "INPROGRESS",
        "SERVERBUG",
    }
    told = {line for path in SCRIPTS for one in read_script(path).exchanges for line in one.heard}
    assert sent <= {word for line in told for word in re.findall(r"\[([A-Z-]+)[] ]", line)}
    assert {"LONGENTRIES", "MAXSIZE", "TOOMANY"} <= {
        word for line in told for word in re.findall(r"\[METADATA ([A-Z]+)[] ]", line)
    }


# The registry of response codes (RFC 5530 §6), without those of extensions that are not offered.
REGISTRY = """
ALREADYEXISTS APPENDUID AUTHENTICATIONFAILED AUTHORIZATIONFAILED BADCHARSET BADEVENT BADURL CANNOT CAPABILITY CLIENTBUG CLOSED COMPRESSIONACTIVE
CONTACTADMIN COPYUID CORRUPTION EXPIRED EXPUNGEISSUED HASCHILDREN HIGHESTMODSEQ INPROGRESS INUSE LIMIT MAILBOXID MESSAGELIMIT METADATA MODIFIED NOMODSEQ
NONEXISTENT NOPERM NOTIFICATIONOVERFLOW NOTSAVED NOUPDATE OVERQUOTA PERMANENTFLAGS PRIVACYREQUIRED READ-ONLY READ-WRITE SERVERBUG TOOBIG
TRYCREATE UIDNEXT UIDNOTSTICKY UIDREQUIRED UIDVALIDITY UNAVAILABLE UNDEFINED-FILTER UNKNOWN-CTE UNSEEN URLMECH USEATTR
"""

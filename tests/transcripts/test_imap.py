"""The IMAP dialogues of this folder, whole and in every cut, against a session over a store.

In these files `…` stands for any text, since `*` begins most lines. `@ message` puts a letter into Bob's INBOX beforehand; `E: deliver` does so
meanwhile, `E: expunge UIDS` and `E: flag UIDS FLAGS` are another session's doing. `E: alice SELECT INBOX` is what Alice says in a session of her
own, `E: bob NOOP` what Bob says in a second one; both must be answered OK. `@ enable QRESYNC` comes before `@ login INBOX` is carried out.
"""

import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from imap_stage import ALICE, BOB, Client, ImapStage
from postroom.proto.imap.verbs import VERBS
from postroom.store.store import Store, StoreSettings
from transcript import Exchange, compare, read_script

PEOPLE = {"alice": ALICE, "bob": BOB}
SCRIPTS = sorted((Path(__file__).parent / "imap").glob("*.txt"))


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[ImapStage]:
    store = await Store.open(
        f"sqlite://{tmp_path}/store", StoreSettings(file_from=1000), on_fatal=_unexpected
    )
    yield await ImapStage.open(store, ALICE)
    await store.close()


@pytest.mark.parametrize("cut", [0, 1, 7, -1], ids=["whole", "octets", "sevens", "random"])
@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
async def test_dialogue(stage: ImapStage, path: Path, cut: int) -> None:
    script = read_script(path)
    for lines in script.messages:
        await stage.deliver("".join(f"{line}\r\n" for line in lines).encode())
    facts = {fact[0]: fact[1:] for fact in script.facts}
    client = await _client(stage, facts)
    others: dict[str, Client] = {}
    chance = random.Random(20040401)
    for exchange in script.exchanges:
        for event in exchange.events:
            await _happen(stage, others, event)
        said = await _speak(client, exchange, cut, chance)
        compare(exchange, said.decode().split("\r\n")[:-1], "…")


async def _speak(client: Client, exchange: Exchange, cut: int, chance: random.Random) -> bytes:
    data = "".join(f"{line}\r\n" for line in exchange.sent).encode()
    said, start = b"", 0
    while start < len(data):
        size = chance.randint(1, 9) if cut < 0 else cut or len(data)
        said += await client.send(data[start : start + size])
        start += size
    return said + client.heard()


async def _client(stage: ImapStage, facts: dict[str, list[str]]) -> Client:
    if "login" not in facts:
        return stage.session()
    client = await stage.user(BOB)
    if "enable" in facts:
        await client.ok(f"ENABLE {' '.join(facts['enable'])}")
    if facts["login"]:
        await client.ok(f"SELECT {' '.join(facts['login'])}")
    return client


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

"""Programmers' clients that know more of IMAP than imaplib: IMAPClient, and aioimaplib for IDLE."""

from __future__ import annotations

import asyncio
import datetime as dt
import ssl

import aioimaplib
import imapclient
import pytest

from imap_box import ImapBox
from letters import letter, stamp
from running import PATIENCE


@pytest.fixture
def box(imap_of, newcomer) -> ImapBox:
    return imap_of(newcomer)


@pytest.fixture
def trust(lab) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=lab.ca)


def some(box: ImapBox, count: int) -> list[bytes]:
    return [letter("alice@crepes.test", box.user, f"{stamp()} number{n}") for n in range(count)]


@pytest.fixture
def client(lab, box, trust):
    with imapclient.IMAPClient("localhost", lab.port("imap"), ssl=False, timeout=PATIENCE) as one:
        one.starttls(trust)
        one.login(box.user, box.password)
        yield one


def test_imapclient_in_folders(client, box):
    raws = some(box, 3)
    client.create_folder("Crêpes & Co")
    for raw in raws:
        client.append("Crêpes & Co", raw, [imapclient.FLAGGED], dt.datetime(2025, 6, 15, 12, tzinfo=dt.UTC))
    assert client.folder_status("Crêpes & Co", ["MESSAGES", "UNSEEN"]) == {b"MESSAGES": 3, b"UNSEEN": 3}
    assert client.find_special_folder(b"\\Trash") == "Trash"
    assert (b"\\HasNoChildren",) in [
        flags for flags, _, name in client.list_folders() if name == "Crêpes & Co"
    ]
    client.rename_folder("Crêpes & Co", "Küche")
    selected = client.select_folder("Küche")
    assert (selected[b"EXISTS"], selected[b"READ-WRITE"]) == (3, True)
    uids = client.search(["SUBJECT", "number1"])
    assert client.search(["BODY", "crêpe"], "UTF-8") == []
    found = client.fetch(
        uids, ["BODY[]", "ENVELOPE", "INTERNALDATE", "RFC822.SIZE", "FLAGS", "BODYSTRUCTURE"]
    )
    facts = found[uids[0]]
    assert facts[b"BODY[]"] == raws[1]
    assert facts[b"RFC822.SIZE"] == len(raws[1])
    assert facts[b"ENVELOPE"].from_[0].mailbox == b"alice"
    assert facts[b"BODYSTRUCTURE"][:2] == (b"text", b"plain")
    assert facts[b"INTERNALDATE"].astimezone(dt.UTC) == dt.datetime(2025, 6, 15, 12, tzinfo=dt.UTC)
    assert imapclient.FLAGGED in facts[b"FLAGS"]
    assert b"$forwarded" in client.add_flags(uids, [b"$Forwarded"])[uids[0]]  # keywords have no case
    client.move(uids, "Trash")
    assert client.search() == [uid for uid in (1, 2, 3) if uid not in uids]
    client.delete_messages(client.search())
    client.expunge()
    client.close_folder()
    client.delete_folder("Küche")
    ((flags, raw),) = box.messages("Trash").values()
    assert raw == raws[1]
    assert flags == {"\\Seen", "\\Flagged", "$forwarded"}


def test_imapclient_sorts_and_threads(client, box):
    one = letter("alice@crepes.test", box.user, "b pickles")
    identifier = one.partition(b"Message-ID: ")[2].partition(b"\r\n")[0]
    answer = letter("carol@crepes.test", box.user, "Re: b pickles").replace(
        b"\r\n\r\n", b"\r\nReferences: " + identifier + b"\r\n\r\n", 1
    )
    for raw in (one, letter("bob@crepes.test", box.user, "a ketchup"), answer):
        box.put(raw)
    client.select_folder("INBOX", readonly=True)
    assert client.sort("SUBJECT") == [2, 1, 3]
    assert client.sort("REVERSE FROM") == [3, 2, 1]
    assert sorted(client.thread("REFERENCES")) == [(1, 3), (2,)]
    assert client.get_quota_root("INBOX") is not None
    assert client.namespace().personal[0] == ("", "/")
    assert client.id_({"name": "IMAPClient"})


def test_imapclient_idles(client, box):
    client.select_folder("INBOX")
    client.idle()
    box.put(some(box, 1)[0])
    heard: list[object] = []
    while (1, b"EXISTS") not in heard:
        news = client.idle_check(timeout=PATIENCE)
        assert news
        heard += news
    client.idle_done()
    assert client.search("ALL") == [1]


async def test_aioimaplib_idles(lab, box, trust):
    client = aioimaplib.IMAP4_SSL("localhost", lab.port("imaps"), timeout=PATIENCE, ssl_context=trust)
    await client.wait_hello_from_server()
    assert (await client.login(box.user, box.password)).result == "OK"
    assert (await client.select("INBOX")).result == "OK"
    idling = await client.idle_start(timeout=PATIENCE)
    raw = some(box, 1)[0]
    await asyncio.to_thread(box.put, raw)
    heard: list[bytes] = []
    while b"1 EXISTS" not in heard:
        heard += await client.wait_server_push(PATIENCE)
    client.idle_done()
    await asyncio.wait_for(idling, PATIENCE)
    answer = await client.uid("fetch", "1", "(UID BODY.PEEK[])")
    assert answer.result == "OK"
    assert raw in [bytes(line) for line in answer.lines]
    assert (await client.uid("move", "1", "Archive")).result == "OK"
    await client.logout()
    assert [raw for _, raw in box.messages("Archive").values()] == [raw]

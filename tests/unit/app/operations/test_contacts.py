"""Contacts taken in and given out."""

from __future__ import annotations

import base64
from typing import Any

from offices import TestOffice
from postroom.app.operations.contacts import MOST_CARDS
from postroom.message.address import parse_mailbox
from postroom.store.administration.accounts import get
from postroom.store.blobs import blobs
from postroom.store.changes import RecordsChanged
from postroom.store.records import contacts

BOB = "bob@hamburger.test"


def card(uid: str, **more: Any) -> dict[str, Any]:
    """A Card."""
    return {"@type": "Card", "version": "1.0", "uid": uid, **more}


async def test_cards_come_in_and_are_replaced(office: TestOffice) -> None:
    (done,) = await office.ask(
        "contacts.import", address=BOB, cards=[card("a"), card("b"), card("a", kind="org")]
    )
    assert (done["book"], done["added"], done["replaced"]) == ("Contacts", 2, 1)
    found = await office.ask("contacts.list", address=BOB)
    assert [(one["card"]["uid"], one["books"]) for one in found] == [("a", ["Contacts"]), ("b", ["Contacts"])]
    assert found[0]["card"]["kind"] == "org"
    assert await office.ask("contacts.list", address=BOB, book="Contacts") == found
    assert "no address book 'Work'" in await office.refusal("contacts.list", address=BOB, book="Work")


async def test_what_is_no_card_is_told(office: TestOffice) -> None:
    wrong = [
        {"uid": "x"},
        card("y", name={"full": "Y\x1b"}, emails=[]),
        card("z", media={"m": {"kind": "photo", "blobId": "B1"}}),
        card("w", notes={"n": {"note": "x" * (1 << 20)}}),
    ]
    (done,) = await office.ask("contacts.import", address=BOB, cards=[*wrong, card("a")])
    assert (done["added"], len(done["complaints"])) == (1, 4)
    assert done["complaints"][0] == "x: version: it has to be there"
    assert "\x1b" not in done["complaints"][1]
    assert "no blobs of another account" in done["complaints"][2]
    assert done["complaints"][3].startswith("w: A record has at most")


async def test_as_many_as_one_request_holds(office: TestOffice) -> None:
    cards = [card(f"u{n}") for n in range(MOST_CARDS)]
    assert (await office.ask("contacts.import", address=BOB, cards=cards))[0]["added"] == MOST_CARDS
    assert "at most" in await office.refusal("contacts.import", address=BOB, cards=[*cards, card("x")])


async def test_pictures_go_along(office: TestOffice) -> None:
    await office.ask("contacts.import", address=BOB, cards=[card("a")])
    who = parse_mailbox(BOB)
    assert who is not None

    async def work(tx: Any) -> None:
        account_id = (await get(tx, who)).account_id
        await blobs.put(tx, account_id, 77, b"picture")
        (book,) = await contacts.all_books(tx, account_id)
        media = {
            "m": {"kind": "photo", "blobId": "B2d", "mediaType": "image/png"},
            "n": {"kind": "photo", "blobId": "B9"},
        }
        kept = contacts.Card([book], card("p", media=media), [77])
        await contacts.put_card(tx, contacts.Reach(account_id), 1, kept, 0)

    await office.engine.write(work)
    found = {one["card"]["uid"]: one for one in await office.ask("contacts.list", address=BOB)}
    uri = f"data:image/png;base64,{base64.b64encode(b'picture').decode()}"
    assert found["p"]["card"]["media"] == {"m": {"kind": "photo", "mediaType": "image/png", "uri": uri}}
    assert found["p"]["left_out"] == ["n"]


async def test_pictures_that_come_in_become_blobs(office: TestOffice) -> None:
    """RFC 9610 §3; what is no picture is left out, and told (§3.5)."""
    png = b"\x89PNG\r\n\x1a\n" + bytes(300_000)
    uri = f"data:image/png;base64,{base64.b64encode(png).decode()}"
    media = {
        "m": {"kind": "photo", "uri": uri},
        "n": {"kind": "photo", "uri": "data:image/png;base64,AAAA"},
        "s": {"kind": "sound", "uri": "https://x.test/s"},
    }
    (done,) = await office.ask("contacts.import", address=BOB, cards=[card("p", media=media)])
    assert (done["added"], done["complaints"]) == (1, ["p: media/n: no picture of a known type, left out"])
    who = parse_mailbox(BOB)
    assert who is not None
    account_id = (await get(office.engine.reading(), who)).account_id
    ((_, kept),) = [
        one async for one in contacts.all_cards(office.engine.reading(), contacts.Reach(account_id))
    ]
    assert set(kept.card["media"]) == {"m", "s"}
    assert kept.card["media"]["m"].keys() == {"kind", "blobId", "mediaType"}
    await office.store.sweep(10**18)
    assert await office.store.read(account_id, kept.blobs[0]) == png
    (given,) = await office.ask("contacts.list", address=BOB)
    assert given["card"]["media"]["m"]["uri"] == uri
    assert given["left_out"] == []
    (again,) = await office.ask("contacts.import", address=BOB, cards=[card("p", media=media)])
    assert again["replaced"] == 1


async def test_who_listens_hears_of_what_was_imported(office: TestOffice) -> None:
    await office.ask("contacts.import", address=BOB, cards=[card("a")])
    kinds = [one.kind for one in office.published if isinstance(one, RecordsChanged)]
    assert kinds == [contacts.BOOK, contacts.CARD]

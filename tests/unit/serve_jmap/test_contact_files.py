"""ContactCard/parse and ContactCard/serialize over a real store."""

import pytest

from jmap_stage import ALICE, JmapClient, JmapStage
from postroom.serve.jmap.contacts.contact_card_files import MOST_CARDS

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
VCARD = b"BEGIN:VCARD\r\nVERSION:3.0\r\nN:B;Bob;;;\r\nFN:Bob B\r\nEMAIL;TYPE=work:bob@x.test\r\nEND:VCARD\r\n"
CSV = b"First Name,E-mail Address\r\nCarol,carol@x.test\r\n"


async def uploaded(client: JmapClient, octets: bytes, kind: str = "text/vcard") -> str:
    """The id of a blob with these octets."""
    headers = {**client.credentials(), "content-type": kind}
    reply = await client.http("POST", f"/jmap/upload/{client.account}/", octets, headers)
    assert reply.status == 201, reply.body
    return str(reply.json["blobId"])


async def add(client: JmapClient, **card: object) -> str:
    """A card in the first address book."""
    (book,) = (await client.call("AddressBook/get", ids=None))["list"]
    done = await client.call("ContactCard/set", create={"c": {"addressBookIds": {book["id"]: True}, **card}})
    assert done["notCreated"] is None, done
    return str(done["created"]["c"]["id"])


async def test_files_of_any_kind_become_cards(stage: JmapStage) -> None:
    bob = stage.jmap()
    vcard, csv, none = [await uploaded(bob, octets) for octets in (VCARD, CSV, b"nothing of the kind")]
    told = await bob.call("ContactCard/parse", blobIds=[vcard, csv, none, "Gnone"])
    assert told["parsed"][vcard]["format"] == "vcard"
    (card,) = told["parsed"][vcard]["cards"]
    assert card["emails"] == {"1": {"address": "bob@x.test", "contexts": {"work": True}}}
    assert told["parsed"][csv]["cards"][0]["name"]["full"] == "Carol"
    assert told["notParsable"][none]["type"] == "notParsable"
    assert told["notFound"] == ["Gnone"]
    made = await add(bob, **card)  # as it came
    assert made


@pytest.mark.parametrize("form", ["vcard", "vcard3", "xcard", "csv", "csv-outlook"])
async def test_cards_become_a_file_and_come_back(stage: JmapStage, form: str) -> None:
    bob = stage.jmap()
    blob = await uploaded(bob, PNG, "image/png")
    one = await add(
        bob,
        name={
            "full": "Zoë Z",
            "components": [{"kind": "given", "value": "Zoë"}, {"kind": "surname", "value": "Z"}],
        },
        emails={"e1": {"address": "zoe@x.test"}},
        media={"p": {"kind": "photo", "blobId": blob, "mediaType": "image/png"}},
    )
    await add(bob, name={"full": "Other"}, emails={"e1": {"address": "other@x.test"}})
    told = await bob.call("ContactCard/serialize", format=form, ids=[one, "Rnone"])
    assert (told["cards"], told["leftOut"], told["notFound"]) == (1, 0, ["Rnone"])
    back = (await bob.call("ContactCard/parse", blobIds=[told["blobId"]]))["parsed"][told["blobId"]]["cards"]
    assert [card["emails"]["e1"]["address"] for card in back] == ["zoe@x.test"]
    if not form.startswith("csv"):
        assert next(iter(back[0]["media"].values()))["uri"].startswith("data:image/png;base64,iVBOR")
    everything = await bob.call("ContactCard/serialize", format=form)
    assert everything["cards"] == 2


async def test_of_one_address_book(stage: JmapStage) -> None:
    bob = stage.jmap()
    await add(bob, name={"full": "In the first"})
    made = await bob.call("AddressBook/set", create={"b": {"name": "Second"}})
    second = made["created"]["b"]["id"]
    assert (await bob.call("ContactCard/serialize", addressBookId=second))["cards"] == 0
    error = await bob.error("ContactCard/serialize", addressBookId="Rnone")
    assert (error["type"], error["arguments"]) == ("invalidArguments", ["addressBookId"])


async def test_others_files_and_cards_are_nobody_elses(stage: JmapStage) -> None:
    alice, bob = stage.jmap(ALICE), stage.jmap()
    blob = await uploaded(alice, VCARD)
    assert (await bob.call("ContactCard/parse", blobIds=[blob]))["notFound"] == [blob]
    for method, more in (("ContactCard/parse", {"blobIds": [blob]}), ("ContactCard/serialize", {})):
        error = await bob.error(method, accountId=alice.account, **more)
        assert error["type"] == "accountNotFound"


async def test_too_much_is_refused(stage: JmapStage) -> None:
    bob = stage.jmap()
    error = await bob.error("ContactCard/parse", blobIds=[f"G{at}" for at in range(11)])
    assert error["type"] == "requestTooLarge"
    error = await bob.error("ContactCard/serialize", format="pdf")
    assert error["type"] == "invalidArguments"


async def test_as_many_cards_as_an_answer_holds(stage: JmapStage) -> None:
    bob = stage.jmap()
    one = await add(bob, name={"full": "x"})
    others = [f"Rnone{number}" for number in range(MOST_CARDS - 2)]
    told = await bob.call("ContactCard/serialize", ids=[one, one, *others])
    assert (told["cards"], told["notFound"]) == (1, others)
    refused = await bob.error("ContactCard/serialize", ids=[one, one, one, *others])
    assert refused["type"] == "requestTooLarge"
    refused = await bob.error("ContactCard/parse", blobIds=others)
    assert refused["type"] == "requestTooLarge"

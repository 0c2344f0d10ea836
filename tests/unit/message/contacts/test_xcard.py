"""xCards of anybody's making (RFC 6351)."""

from __future__ import annotations

import pytest

from postroom.message.contacts import xcard, xcard_writing
from postroom.message.contacts.from_vcard import from_vcard
from postroom.message.contacts.properties import Property, VCard
from postroom.message.contacts.vcard import NotContacts


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (b"<x/>", "its root is x"),
        (b"<vcards/>", "not vcards of"),
        (b"<!DOCTYPE v><v/>", "DTD"),
        (b'<!DOCTYPE v [<!ENTITY a "b"><!ENTITY c "&a;&a;">]><v>&c;</v>', "DTD"),
        (b"<vcards", "not XML"),
        (b'<?xml version="1.0" encoding="nonsense"?><v/>', "not XML|cannot be read"),
        (b'<vcards xmlns="urn:ietf:params:xml:ns:vcard-4.0"/>', "no vcard element"),
    ],
)
def test_xml_that_is_no_xcard(document: bytes, words: str) -> None:
    with pytest.raises(NotContacts, match=words):
        xcard.read(document)


def _xml(inner: str) -> bytes:
    return f'<vcards xmlns="urn:ietf:params:xml:ns:vcard-4.0" xmlns:o="urn:o"><vcard>{inner}</vcard></vcards>'.encode()


def test_xcard_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    deepest = "<fn>" + "<a>" * (xcard.MAX_DEPTH - 3) + "</a>" * (xcard.MAX_DEPTH - 3) + "</fn>"
    xcard.read(_xml(deepest))
    with pytest.raises(NotContacts, match="deep"):
        xcard.read(_xml(deepest.replace("<fn>", "<fn><a>").replace("</fn>", "</a></fn>")))
    xcard.read(_xml("<fn>" + "<a/>" * xcard.MAX_ELEMENTS + "</fn>"))
    with pytest.raises(NotContacts, match="elements"):
        xcard.read(_xml("<fn>" + "<a/>" * (xcard.MAX_ELEMENTS + 1) + "</fn>"))
    monkeypatch.setattr(xcard, "MAX_PROPERTIES", 2)
    xcard.read(_xml("<fn/>" * 2))
    with pytest.raises(NotContacts, match="properties"):
        xcard.read(_xml("<fn/>" * 3))
    monkeypatch.setattr(xcard, "MAX_LINE", 3)
    xcard.read(_xml("<fn>abc</fn>"))
    with pytest.raises(NotContacts, match="more than"):
        xcard.read(_xml("<fn>abcd</fn>"))
    monkeypatch.setattr(xcard, "MAX_CARDS", 0)
    with pytest.raises(NotContacts, match="cards"):
        xcard.read(_xml("<fn/>"))


def test_elements_of_others_are_left_out() -> None:
    (found,) = xcard.read(_xml("<o:fn><text>y</text></o:fn><fn><text>x</text><o:z>y</o:z></fn>")).cards
    assert [(one.name, one.value) for one in found.properties] == [("FN", "x")]


def test_all_texts_of_a_property_are_read() -> None:
    (found,) = xcard.read(_xml("<x-tags><text>a,b</text><text>c</text></x-tags>")).cards
    assert [(one.name, one.value) for one in found.properties] == [("X-TAGS", "a\\,b,c")]


@pytest.mark.parametrize("one", [Property("X_ODD", "1", {"x_p": ("2",)}), Property("X-ABLABEL", " a ")])
def test_an_odd_property_comes_back(one: Property) -> None:
    given = VCard((one,))
    assert xcard.read(xcard_writing.write([given])).cards == [given]


def test_elements_of_others_have_a_depth() -> None:
    xcard.read(_xml("<o:a>" * (xcard.MAX_OPEN - 2) + "</o:a>" * (xcard.MAX_OPEN - 2)))
    with pytest.raises(NotContacts, match="deep"):
        xcard.read(_xml("<o:a>" * (xcard.MAX_OPEN - 1) + "</o:a>" * (xcard.MAX_OPEN - 1)))


def test_a_card_of_rfc_6351_in_pieces() -> None:
    inner = (
        "<fn><text>J. Doe</text></fn><n><surname>Doe</surname><given>J.</given><additional/></n>"
        '<group name="contact"><tel><parameters><type><text>work</text><text>voice</text></type></parameters>'
        "<uri>tel:+1-555</uri></tel></group><gender><sex>M</sex></gender><bday><date>1990-10-10</date></bday>"
    )
    (found,) = xcard.read(_xml(inner)).cards
    made = from_vcard(found)
    assert made["name"]["full"] == "J. Doe"
    assert made["phones"]["1"]["contexts"] == {"work": True}
    assert made["anniversaries"]["1"]["date"] == {"year": 1990, "month": 10, "day": 10}
    assert made["vCardProps"] == [["gender", {}, "unknown", "M"]]

"""XML within bounds, and texts that come back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.message.xml_documents import MAX_NAME, XmlReader, xml_text


class Reading(XmlReader):
    """What was said, in one text."""

    def __init__(self, deepest: int = 8) -> None:
        super().__init__(ValueError, deepest)
        self.said = ""

    def begins(self, name: str, attributes: dict[str, str]) -> None:
        assert self.path[-1] == name
        self.said += "".join(attributes.values())

    def says(self, text: str) -> None:
        self.said += text


def said(document: str, deepest: int = 8) -> str:
    reading = Reading(deepest)
    reading.read(document.encode())
    assert reading.path == []
    return reading.said


@given(st.text(st.characters(codec="utf-8")))
def test_texts_come_back(text: str) -> None:
    fit = "".join(
        char if char in "\t\n\r" or (char >= " " and char not in "\ufffe\uffff") else "?" for char in text
    )
    assert said(f"<a>{xml_text(text)}</a>") == fit


def test_attributes() -> None:
    text = '<&>"x'
    assert said(f'<a b="{xml_text(text)}"/>') == text


def test_others_are_left_out_with_all_that_is_in_them() -> None:
    assert said('<a xmlns="u:a" xmlns:b="u:b">1<b:x>2<a>3</a></b:x>4<x xmlns="">5</x></a>') == "14"


@pytest.mark.parametrize("name", ["a", "b:a"])
def test_the_depth(name: str) -> None:
    root = '<a xmlns="u:a" xmlns:b="u:b">'
    for inner, fits in ((7, True), (8, False)):
        document = root + f"<{name}>" * inner + f"</{name}>" * inner + "</a>"
        if fits:
            said(document)
        else:
            with pytest.raises(ValueError, match="more than 8 deep"):
                said(document)


def test_a_long_name_is_cut() -> None:
    class Names(Reading):
        def ends(self) -> None:
            assert len(self.path[-1]) == MAX_NAME

    Names().read(b"<%b/>" % (b"x" * 100_000))


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("<!DOCTYPE a><a/>", "DTD"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "DTD"),
        ('<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "DTD"),
        ("<a>&b;</a>", "not XML"),
        ("", "not XML"),
        ("<a>", "not XML"),
        ('<?xml version="1.0" encoding="rot13"?><a/>', "not XML|cannot be read"),
    ],
)
def test_what_is_refused(document: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        said(document)

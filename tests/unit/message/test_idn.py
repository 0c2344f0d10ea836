"""Domains in A-labels."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis.strategies import text

from postroom.message.idn import a_labels, other_forms


@pytest.mark.parametrize(
    ("domain", "ascii_form"),
    [
        ("e.test", "e.test"),
        ("E.test.", "E.test."),
        ("", ""),
        ("bücher.test", "xn--bcher-kva.test"),
        ("BÜCHER.test", "xn--bcher-kva.test"),
        ("例え.テスト", "xn--r8jz45g.xn--zckzah"),
    ],
)
def test_names(domain: str, ascii_form: str) -> None:
    assert a_labels(domain) == ascii_form


@pytest.mark.parametrize("domain", ["é..test", "\u2044.test", "é" * 70 + ".test", "\ud800.test"])
def test_what_is_no_name(domain: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        a_labels(domain)


def test_a_name_that_is_too_long_is_not_looked_at() -> None:
    """Half a million different characters in one label would take Punycode hours."""
    with pytest.raises(ValueError, match="256 characters, at most 255"):
        a_labels("é" * 256)
    with pytest.raises(ValueError, match="characters, at most 255"):
        a_labels("".join(map(chr, range(0x4E00, 0x9FFF))) * 25)
    assert a_labels(".".join(["é"] * 31)).count("xn--") == 31


@pytest.mark.parametrize(
    ("name", "forms"),
    [
        ("a.test", ()),
        ("bücher.test", ("xn--bcher-kva.test",)),
        ("xn--bcher-kva.test", ("bücher.test",)),
        ("a.xn--bcher-kva.xn--p1ai", ("a.bücher.рф",)),
        ("bÜcher.test", ("xn--bcher-kva.test", "bücher.test")),
        ("xn--99999999999.test", ()),
        ("xn--" + "9" * 59 + ".test", ()),
        ("xn--ib9b.test", ()),  # a surrogate: nothing that UTF-8 could carry
        ("xn--a" * 100, ()),
        ("-\u0301.test", ()),
    ],
)
def test_the_other_forms_of_a_name(name: str, forms: tuple[str, ...]) -> None:
    assert other_forms(name) == forms


@given(text())
def test_any_name_has_other_forms_or_none(name: str) -> None:
    for form in (*other_forms(name), *other_forms(f"xn--{name}.test")):
        assert form.encode()

"""Domains in A-labels."""

from __future__ import annotations

import pytest

from postroom.message.idn import a_labels


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

"""Names that look like others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.message.mixed_scripts import (
    ascii_domain,
    mixed,
    readable_domain,
    suspicious_domain,
    suspicious_hosts,
)


@pytest.mark.parametrize(
    "text",
    ["Alice Cr\u00eape", "\u0411\u043e\u0440\u0438\u0441 Ivanov", "\u6771\u4eac\u30bf\u30ef\u30fc Tokyo", "caf\u00e9", "cafe\u0301", "\uff21\uff22\uff23", "", "\u0627\u0644\u0639\u0631\u0628\u064a\u0629", "\ud55c\uad6d\uc5b4", "x\u00b2"],
)  # fmt: skip
def test_honest(text):
    assert mixed(text) == []


def test_mixed():
    assert mixed("my P\u0430ypal") == ["cyrillic", "latin"]
    assert mixed("\u0391pple") == ["greek", "latin"]


@pytest.mark.parametrize(
    ("domain", "suspicious"),
    [("hamburger.test", False), ("b\u00fccher.de", False), ("xn--bcher-kva.de", False), ("xn--80ak6aa92e.com", True), ("p\u0430ypal.com", True), ("\u043f\u0440\u0438\u043c\u0435\u0440.\u0440\u0444", False), ("xn--\uffff", False)],
)  # fmt: skip
def test_domains(domain, suspicious):
    assert bool(suspicious_domain(domain)) is suspicious


def test_links():
    found = suspicious_hosts(
        "see https://ok.test/x and http://xn--80ak6aa92e.com/login https://u@p\u0430ypal.com."
    )
    assert list(found) == ["\u0430\u0440\u0440\u04cf\u0435.com", "p\u0430ypal.com."]


def test_as_machines_write_it():
    assert ascii_domain("\u0430\u0440\u0440\u04cf\u0435.com") == "xn--80ak6aa92e.com"
    assert ascii_domain("\u202e.com") == "\\u202e.com"


@given(st.text(max_size=100))
def test_whatever(text):
    mixed(text)
    readable_domain(text)
    assert ascii_domain(text).isascii()
    suspicious_hosts(f"https://{text}")

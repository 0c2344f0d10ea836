"""The settings of sender authentication: what they mean, and errors that name the key."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from postroom.app.authenticating import dmarc_terms, examiner, identity, policy
from postroom.app.settings.file import AuthenticationSettings, SettingsError, parse
from postroom.mailauth.decision import Measure, Policy


def world() -> Any:
    return SimpleNamespace(
        resolver=None,
        clock=SimpleNamespace(now=lambda: 0, monotonic=lambda: 0.0),
        open_house=False,
        log=SimpleNamespace(info=lambda *_, **__: None),
        found=None,
    )


def test_what_holds_when_nothing_is_said() -> None:
    assert policy(AuthenticationSettings()) == Policy(Measure.REFUSE, Measure.JUNK, Measure.REFUSE)
    settings = parse('[server]\nhostname = "mx.a.test"')
    assert identity(settings) == "mx.a.test"
    made = examiner(settings, world(), lambda _: None)
    assert made is not None
    assert [made.concerns(ip) for ip in ("127.0.0.5", "::1", "::ffff:127.0.0.1", "192.0.2.1", "")] == [
        False,
        False,
        False,
        True,
        False,
    ]


def test_all_of_it() -> None:
    settings = parse(
        '[authentication]\nidentity = "a.test"\nmost = "junk"\nspf_fail = "refuse"\nunclear_author = "note"\n'
        'undecided = "defer"\ntrusted_sealers = ["Lists.test", "crêpes.test"]\nexempt = []'
    )
    assert policy(settings.authentication) == Policy(
        Measure.JUNK, Measure.REFUSE, Measure.NOTE, True, frozenset({"lists.test", "xn--crpes-isa.test"})
    )
    assert identity(settings) == "a.test"
    made = examiner(settings, world(), lambda _: None)
    assert made is not None
    assert made.concerns("127.0.0.1")


def test_nothing_is_checked() -> None:
    assert examiner(parse("[authentication]\ncheck = false"), world(), lambda _: None) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('most = "bounce"', r'\[authentication\] most = "bounce": use one of note, junk, refuse'),
        ('spf_fail = ""', "spf_fail"),
        ('unclear_author = "Junk"', "unclear_author"),
        ('undecided = "junk"', "use one of accept, defer"),
        ('trusted_sealers = ["a b"]', '"a b" is no domain'),
        ('exempt = ["10.0.0.0/40"]', '"10.0.0.0/40" is no network'),
        ('suffix_list = "/nonexistent"', "suffix_list: /nonexistent"),
    ],
)
def test_what_cannot_be_names_its_key(text: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        examiner(parse(f"[authentication]\n{text}"), world(), lambda _: None)


def test_a_suffix_list(tmp_path: Path) -> None:
    path = tmp_path / "list.dat"
    path.write_text("// comment\nco.uk\n")
    terms = dmarc_terms(str(path), lambda below: below - 1)
    assert terms.suffixes is not None
    assert terms.suffixes.organizational_domain("a.b.co.uk") == "b.co.uk"
    assert terms.roll() == 99
    assert dmarc_terms("", lambda below: 0).suffixes is None

"""LANGUAGE (RFC 5255 §3), and whether everything that is said is known in each language."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import postroom
from imap_stage import BOB, ImapStage
from postroom.proto.imap.verb import NO_NUMBERS
from postroom.proto.imap.words import LANGUAGES, OTHER_USERS, TRANSLATIONS
from postroom.serve.imap.changing.copying import GONE
from postroom.serve.imap.conversation.conversation import _CODES
from postroom.serve.imap.mailboxes.language import lookup

# Which argument of a call is words for people.
SPEAKING = {
    "Answer": 0,
    "Refusal": 0,
    "Wrong": 1,
    "Abandoned": 1,
    "Impossible": 0,
    "BadName": 0,
    "bye": 0,
    "finish": 1,
    "logged_in": 0,
    "logged_out": 0,
    "login_refused": 0,
    "status": 2,
}
SOURCE = Path(postroom.__file__).parent


def _constants(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.IfExp):
        yield from _constants(node.body)
        yield from _constants(node.orelse)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


def _said() -> Iterator[tuple[str, str]]:
    """All fixed words, and where they are said."""
    files = [*(SOURCE / "serve/imap").rglob("*.py"), *(SOURCE / "proto/imap").rglob("*.py")]
    files += [SOURCE / f"store/mailboxes/{name}.py" for name in ("acl", "annotations", "mailboxes", "tree")]
    files.append(SOURCE / "store/emails/expunge.py")
    for path in files:
        if path.name.startswith("client"):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            place = SPEAKING.get(name)
            if place is not None and len(node.args) > place:
                for words in _constants(node.args[place]):
                    yield words, path.name
    for words in (GONE, NO_NUMBERS, *(kind.words for kind, _ in _CODES)):
        yield words, "a constant"


def test_everything_fixed_is_known_in_every_language() -> None:
    said = dict(_said())
    assert len(said) > 100
    assert "".join(said).isascii()  # RFC 9051 §9 (text): more only after ENABLE IMAP4rev2, or LANGUAGE
    for language in LANGUAGES[1:]:
        missing = {words: place for words, place in said.items() if words not in TRANSLATIONS[language]}
        assert not missing, language


def test_translations_can_be_said() -> None:
    for words in TRANSLATIONS.values():
        for translated in words.values():
            assert translated.isprintable()
            assert "[" not in translated  # RFC 5255 §3.5
    assert set(OTHER_USERS) == set(TRANSLATIONS)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("de", "de"),
        ("de-it", "de"),
        ("fr-ca-x-odd", "fr"),
        ("en-us", "en"),
        ("default", "i-default"),
        ("i-default", "i-default"),
        ("mul", None),
        ("d", None),
        ("", None),
        ("-", None),
        ("*", None),
    ],
)
def test_lookup(asked: str, found: str | None) -> None:
    assert lookup(asked) == found


async def test_the_languages(stage: ImapStage) -> None:
    bob = stage.session()
    bob.heard()
    assert "LANGUAGE" in (await bob.ok("CAPABILITY"))[0].split()
    assert await bob.ok("LANGUAGE") == ["* LANGUAGE (EN DE FR i-default)"]
    assert await bob.say("a LANGUAGE MUL") == ["a NO No such language"]
    assert await bob.say('a LANGUAGE mul "FR-CA" EN') == [
        "* LANGUAGE (FR)",
        "a OK On parle français à présent",
    ]
    assert await bob.say("a LANGUAGE MUL") == ["a NO Cette langue n'existe pas ici"]
    assert (await bob.say(f"a LOGIN {BOB} hungry"))[-1].endswith("] Connecté")
    assert await bob.say("a LANGUAGE DE-IT") == [
        "* LANGUAGE (DE)",
        '* NAMESPACE (("" "/")) (("Other Users/" "/" "TRANSLATION" ("Andere Benutzer/"))) NIL',
        "a OK Jetzt wird Deutsch gesprochen",
    ]
    assert (await bob.ok("NAMESPACE"))[0].endswith('"TRANSLATION" ("Andere Benutzer/"))) NIL')
    assert "* OK [UIDNEXT 1] Die nächste UID" in await bob.ok("SELECT INBOX")
    assert await bob.say("a SELECT nowhere") == [
        "* OK [CLOSED] Das ausgewählte Postfach ist geschlossen",
        "a NO [NONEXISTENT] Dieses Postfach gibt es nicht",
    ]
    assert await bob.say("a LANGUAGE default") == [
        "* LANGUAGE (i-default)",
        '* NAMESPACE (("" "/")) (("Other Users/" "/")) NIL',
        "a OK The language is changed",
    ]


async def test_nothing_stays_behind_tls_or_a_login(stage: ImapStage) -> None:
    bob = stage.session()
    bob.heard()
    await bob.ok("LANGUAGE FR")
    await bob.ok("STARTTLS")
    bob.session.secured(None)  # type: ignore[arg-type]
    assert await bob.say("a NOOP") == ["a OK Nothing done"]
    await bob.ok("LANGUAGE FR")
    await bob.ok(f"LOGIN {BOB} hungry")
    await bob.ok("UNAUTHENTICATE")
    assert await bob.say("a NOOP") == ["a OK Nothing done"]


async def test_how_many_may_be_named(stage: ImapStage) -> None:
    bob = await stage.user()
    assert (await bob.say("a LANGUAGE" + " mul" * 50))[-1].startswith("a NO")
    assert (await bob.say("a LANGUAGE" + " mul" * 51))[-1].startswith("a BAD")

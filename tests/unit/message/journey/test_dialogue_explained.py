"""Every line that our servers speak has an explanation, and none makes the explainer fail."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.message.journey import dialogue_words as words
from postroom.message.journey.dialogue_explained import Explainer, explain_event
from postroom.message.journey.events import (
    Accepted,
    Asked,
    Authenticated,
    Connected,
    Decided,
    Handled,
    Hop,
    HopKind,
    Outcome,
    Routed,
    Said,
    Secured,
    Stamped,
)
from postroom.proto.pop3.commands import CAPABILITIES, COMMANDS
from postroom.proto.smtp import texts
from postroom.proto.smtp.commands import VERBS
from postroom.proto.smtp.extensions import EXTENSIONS
from postroom.proto.smtp.reply import Reply

MEANINGS = Path(__file__).parents[4] / "frontend" / "src" / "features" / "knowing" / "meanings"


def explained(*lines, kind=HopKind.RECEIVED, protocol="esmtp"):
    explainer = Explainer(Hop(kind, 0, [Connected(0, protocol, "p", "l")]))
    return [explainer.line(line.encode()) for line in lines]


def test_every_verb_has_one():
    assert words.VERBS.keys() == VERBS.keys()
    assert words.POP3_VERBS.keys() == {name.decode() for name in COMMANDS}


def test_every_extension_has_one():
    assert {one.keyword for one in EXTENSIONS} <= words.EXTENSIONS.keys()
    assert {one.tag for one in CAPABILITIES} <= words.POP3_CAPABILITIES.keys()


def test_every_reply_of_the_server_has_one():
    replies = [one for one in vars(texts).values() if isinstance(one, Reply)]
    assert len(replies) > 20
    for reply in replies:
        found = explained(f">{reply.code} x")[0]
        assert found is not None
        assert str(reply.code) in words.CODES, reply


def test_all_have_their_section():
    for table in (words.VERBS, words.POP3_VERBS, words.EXTENSIONS, words.POP3_CAPABILITIES, words.CLASSES, words.CODES, words.SUBJECTS, words.DETAILS, words.QUESTIONS, words.CHECKS):  # fmt: skip
        for key, one in table.items():
            assert one.text, key
            assert one.source, key


def test_a_dialogue():
    said = [">220 hi", "<EHLO x", ">250-mx.test", ">250-SIZE 10", ">250 X-OWN", "<AUTH PLAIN", ">334 ", "<abc", ">235 2.7.0 in", "<MAIL FROM:<a@b.test>", ">250 2.1.0 ok", "<RCPT TO:<x@y.test>", ">550 5.1.1 who?", "<DATA", ">354 go", "<[10 octets of message]", ">451 4.9.9 x"]  # fmt: skip
    found = explained(*said)
    assert found[2] == words.GREETING_NAME
    assert found[3] == words.EXTENSIONS["SIZE"]
    assert found[4] == words.UNKNOWN_EXTENSION
    assert found[7] == words.SECRET
    assert found[8].names == ("code.235", "subject.7", "2.7.0")
    assert "5.1.1: there is no such mailbox." in found[12].text
    assert found[12].source == "RFC 5321 §4.2.3, RFC 3463 §3.2"
    assert found[12].names == ("code.550", "detail.1.1", "5.1.1")
    assert found[15] == words.BODY
    assert found[16] == words.CODES["451"]


def test_the_other_direction():
    assert explained(">EHLO me", "<250-you", "<250 DSN", kind=HopKind.RELAY)[2] == words.EXTENSIONS["DSN"]


def test_pop3():
    said = (">+OK hi", "<CAPA", ">+OK", ">TOP", ">.", "<RETR 1", "<NONSENSE", ">-ERR no")
    found = explained(*said, kind=HopKind.READ, protocol="pop3s")
    assert found[3] == words.POP3_CAPABILITIES["TOP"]
    assert found[4] == words.POP3_END
    assert found[5] == words.POP3_VERBS["RETR"]
    assert found[6] == words.UNKNOWN
    assert found[7] == words.POP3_ERR


def test_events():
    events = [
        Connected(0, "esmtp", "p", "l"), Secured(0, "TLSv1.3", "c"), Authenticated(0, "u", "PLAIN"), Accepted(0, "a", ["b"], 1), Stamped(0, "f"),
        Routed(0, 0, "a", "local"), Asked(0, "x.test", "MX", "NOERROR", []), Asked(0, "x.test", "WKS", "NOERROR", []), Decided(0, "spf", "pass"),
        Decided(0, "else", "x"), Outcome(0, 0, "a", "filed"), Handled(0, "read", "b"),
    ]  # fmt: skip
    assert all(explain_event(event) for event in events)
    assert explain_event(Said(0, [])) is None


@given(st.lists(st.tuples(st.sampled_from([b"<", b">"]), st.binary(max_size=40))), st.sampled_from(HopKind))
def test_whatever_is_said(lines, kind):
    explainer = Explainer(Hop(kind, 0, []))
    for direction, line in lines:
        explainer.line(direction + line)


@pytest.mark.parametrize("language", ["de", "ar"])
def test_every_meaning_is_translated_for_the_web_mail(language):
    tables = (one if isinstance(one, dict) else {"": one} for one in vars(words).values())
    names = [
        name
        for table in tables
        for one in table.values()
        if isinstance(one, words.Words)
        for name in one.names
    ]
    translated = json.loads((MEANINGS / f"{language}.json").read_text("utf-8"))
    assert translated.keys() == set(names)
    assert all(translated.values())

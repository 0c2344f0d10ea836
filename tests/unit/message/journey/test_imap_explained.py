"""Every command, response and capability that our server speaks has an explanation, and none makes the explainer fail."""

from hypothesis import given
from hypothesis import strategies as st

from postroom.message.journey import dialogue_words
from postroom.message.journey import imap_words as words
from postroom.message.journey.imap_explained import ImapExplainer
from postroom.proto.imap.verbs import VERBS


def explained(*lines: str) -> list[dialogue_words.Words | None]:
    """`C: ` and `S: ` before commands and responses, `c: ` and `s: ` before content."""
    explainer = ImapExplainer()
    return [explainer.line(line[3:], client=line[0] in "Cc", content=line[0].islower()) for line in lines]


def test_every_verb_has_one():
    known = words.VERBS.keys() | {f"UID {verb}" for verb in words.UID_VERBS}
    assert {verb.decode() for verb in VERBS} <= known


def test_all_have_their_section():
    for table in (words.VERBS, words.RESPONSES, words.CONDITIONS, words.CODES):
        for key, one in table.items():
            assert one.text, key
            assert one.source.startswith("RFC "), key


def test_a_dialogue():
    found = explained(
        "S: * OK [CAPABILITY IMAP4rev2] Ready", "C: a LOGIN bob ***", "S: a OK [CAPABILITY IMAP4rev2] In", "C: b SELECT INBOX", "S: * 3 EXISTS",
        "S: * OK [UIDVALIDITY 7] Valid", "S: b OK [READ-WRITE] Selected", "C: c UID FETCH 1:* (FLAGS)", "S: * 1 FETCH (UID 1)", "S: c NO [LIMIT] Too much", "C: d NONSENSE x", "S: d BAD What?", "S: * BYE Gone",
    )  # fmt: skip
    assert (
        found[0].text == "The server is ready. CAPABILITY: what the server can do, said without being asked."
    )
    assert found[1] == words.VERBS["LOGIN"]
    assert found[2].text.startswith("Done. That was the answer to LOGIN. CAPABILITY: ")
    assert found[4] == words.RESPONSES["EXISTS"]
    assert found[5].text.startswith("News of the server. UIDVALIDITY: ")
    assert found[6].source == "RFC 9051 §7.1.1"
    assert found[7].text.startswith(words.VERBS["FETCH"].text)
    assert found[7].source == "RFC 9051 §6.4.5, RFC 9051 §6.4.9"
    assert found[8] == words.RESPONSES["FETCH"]
    assert "answer to FETCH. LIMIT: a limit of the server is reached." in found[9].text
    assert found[10] == words.UNKNOWN
    assert found[11] == words.CONDITIONS["BAD"]
    assert found[12] == words.CONDITIONS["BYE"]


def test_a_login_and_counted_octets():
    found = explained(
        "S: * OK hi", "C: a AUTHENTICATE PLAIN", "S: + ", "C: ****", "S: a OK in", "C: b APPEND Sent {3}", "S: + go", "c: abc", "C: ", "S: b OK done",
        "C: c FETCH 1 BODY[]", "S: * 1 FETCH (BODY[] {3}", "s: abc", "S: )", "S: c OK done", "C: d IDLE", "S: + idling", "C: DONE",
    )  # fmt: skip
    assert found[2] == words.GO_ON
    assert found[3].text == dialogue_words.SECRET.text
    assert found[5] == words.VERBS["APPEND"]
    assert (found[6], found[7], found[8]) == (words.GO_ON, words.LITERAL, words.REST)
    assert (found[12], found[13]) == (words.LITERAL, words.REST)
    assert found[17] == words.VERBS["DONE"]


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.text(max_size=40))))
def test_whatever_is_said(lines):
    explainer = ImapExplainer()
    for client, content, text in lines:
        explainer.line(text, client=client, content=content)

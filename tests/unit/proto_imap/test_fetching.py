"""FETCH as it is written."""

import pytest

from postroom.proto.imap.commands.fetching import FLAGS, MAX_ATTRIBUTES, MODSEQ, PLAIN, UID, Attribute, Fetch
from postroom.proto.imap.events import Given
from postroom.proto.imap.parsing import Bad, parse
from postroom.proto.imap.sections import MAX_FIELD_NAMES, MAX_PART_NUMBERS, WHOLE, Of, Section
from postroom.proto.imap.verb import State


def read(text: str) -> Fetch | str:
    """The command, or why it is none."""
    found = parse(b"a " + text.encode(), State.SELECTED, utf8=False)
    if isinstance(found, Bad):
        return found.words
    assert isinstance(found, Given)
    assert isinstance(found.command, Fetch)
    return found.command


def attributes(text: str) -> tuple[Attribute, ...]:
    found = read(f"FETCH 1 {text}")
    assert isinstance(found, Fetch), found
    return found.attributes


def plain(*names: str) -> tuple[Attribute, ...]:
    return tuple(PLAIN[name.encode()] for name in names)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("ALL", ("FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE")),
        ("fast", ("FLAGS", "INTERNALDATE", "RFC822.SIZE")),
        ("FULL", ("FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY")),
        ("UID", ("UID",)),
        ("(uid Flags)", ("UID", "FLAGS")),
        ("(FLAGS FLAGS UID FLAGS)", ("FLAGS", "UID")),
        ("(EMAILID THREADID SAVEDATE MODSEQ)", ("EMAILID", "THREADID", "SAVEDATE", "MODSEQ")),
        ("PREVIEW", ("PREVIEW",)),
        ("PREVIEW (LAZY)", ("PREVIEW",)),
        ("(PREVIEW (LAZY) UID)", ("PREVIEW", "UID")),
        ("(UID SNIPPET (LAZY=FUZZY))", ("UID", "SNIPPET")),
        ("RFC822", ("RFC822",)),
        ("BODYSTRUCTURE", ("BODYSTRUCTURE",)),
        ("BODY", ("BODY",)),
    ],
)
def test_plain(text: str, names: tuple[str, ...]) -> None:
    assert attributes(text) == plain(*names)


@pytest.mark.parametrize(
    ("text", "section", "label"),
    [
        ("BODY[]", WHOLE, "BODY[]"),
        ("BODY[TEXT]", Section(of=Of.TEXT), "BODY[TEXT]"),
        ("body[header]", Section(of=Of.HEADER), "BODY[HEADER]"),
        ("BODY[1]", Section("1"), "BODY[1]"),
        ("BODY[1.02.3]", Section("1.2.3"), "BODY[1.2.3]"),
        ("BODY[1.2.MIME]", Section("1.2", Of.MIME), "BODY[1.2.MIME]"),
        ("BODY[3.TEXT]", Section("3", Of.TEXT), "BODY[3.TEXT]"),
        (
            'BODY[HEADER.FIELDS (Date "From" date)]',
            Section(of=Of.FIELDS, fields=(b"Date", b"From", b"date")),
            "BODY[HEADER.FIELDS (Date From date)]",
        ),
        (
            "BODY[1.HEADER.FIELDS.NOT (To)]",
            Section("1", Of.NOT_FIELDS, (b"To",)),
            "BODY[1.HEADER.FIELDS.NOT (To)]",
        ),
        ("BINARY[]", WHOLE, "BINARY[]"),
        ("BINARY[2.1]", Section("2.1"), "BINARY[2.1]"),
    ],
)
def test_sections(text: str, section: Section, label: str) -> None:
    name = f"{label.partition('[')[0]}[]"
    assert attributes(text) == (Attribute(name, label.encode(), section, marks=True),)
    peeking = text.replace("[", ".PEEK[", 1)
    assert attributes(peeking) == (Attribute(name, label.encode(), section, marks=False),)


def test_partials_and_sizes() -> None:
    assert attributes("BODY[]<0.2048>")[0] == Attribute("BODY[]", b"BODY[]<0>", WHOLE, (0, 2048), marks=True)
    assert attributes("BINARY.PEEK[1]<7.1>")[0].label == b"BINARY[1]<7>"
    assert attributes("BINARY.SIZE[1]")[0] == Attribute("BINARY.SIZE[]", b"BINARY.SIZE[1]", Section("1"))
    assert attributes("RFC822.HEADER")[0].marks is False


def test_names_of_fields_cannot_break_out() -> None:
    found = attributes('BODY[HEADER.FIELDS ("A)]" "b\\"")]')[0]
    assert found.label == b'BODY[HEADER.FIELDS ("A)]" "b\\"")]'
    assert attributes("BODY[HEADER.FIELDS ({3}\r\na\r\n)]")[0].label == b"BODY[HEADER.FIELDS ({3}\r\na\r\n)]"


def test_repeated_a_thousand_times() -> None:
    assert len(attributes(f"({' '.join(['BODY[]'] * 1000)})")) == 1


@pytest.mark.parametrize("number", [MAX_ATTRIBUTES, MAX_ATTRIBUTES + 1])
def test_most_attributes(number: int) -> None:
    text = " ".join(f"BODY[{part}]" for part in range(1, number + 1))
    found = read(f"FETCH 1 ({text})")
    assert isinstance(found, Fetch) == (number == MAX_ATTRIBUTES)


@pytest.mark.parametrize("number", [MAX_FIELD_NAMES, MAX_FIELD_NAMES + 1])
def test_most_names(number: int) -> None:
    text = " ".join(f"X-{name}" for name in range(number))
    found = read(f"FETCH 1 BODY[HEADER.FIELDS ({text})]")
    assert isinstance(found, Fetch) == (number == MAX_FIELD_NAMES)


@pytest.mark.parametrize("number", [MAX_PART_NUMBERS, MAX_PART_NUMBERS + 1])
def test_most_numbers(number: int) -> None:
    found = read(f"FETCH 1 BODY[{'.'.join(['1'] * number)}]")
    assert isinstance(found, Fetch) == (number == MAX_PART_NUMBERS)


def test_modifiers() -> None:
    found = read("UID FETCH 1:* (FLAGS) (CHANGEDSINCE 12345 VANISHED PARTIAL -1:-30)")
    assert isinstance(found, Fetch)
    assert (found.changed_since, found.vanished, found.span) == (12345, True, (-1, -30))
    assert found.attributes == (UID, FLAGS, MODSEQ)
    forwards = read("UID FETCH 1:* FLAGS (PARTIAL 500:400)")
    assert isinstance(forwards, Fetch)
    assert forwards.span == (400, 500)


@pytest.mark.parametrize("attribute", ["PREVIEW", "SNIPPET", "PREVIEW (LAZY)", "(PREVIEW)"])
def test_modifiers_behind_a_preview_alone(attribute: str) -> None:
    """RFC 8970 §6 and RFC 4466 §2.4: the list behind it is that of the attribute or of the command."""
    for modifiers, since, span in (("changedsince 5", 5, None), ("PARTIAL 1:2", None, (1, 2))):
        found = read(f"UID FETCH 1:* {attribute} ({modifiers})")
        assert isinstance(found, Fetch)
        assert (found.changed_since, found.span) == (since, span)


@pytest.mark.parametrize(
    "text",
    [
        "FETCH 1",
        "FETCH 1 ()",
        "FETCH 1 (ALL)",
        "FETCH 1 ALL FLAGS",
        "FETCH 1 (FLAGS ALL)",
        "FETCH 0 FLAGS",
        "FETCH 1 NONSENSE",
        "FETCH 1 BODY.PEEK",
        "FETCH 1 BODY[",
        "FETCH 1 BODY[MIME]",
        "FETCH 1 BODY[0]",
        "FETCH 1 BODY[1.]",
        "FETCH 1 BODY[1.0]",
        "FETCH 1 BODY[1.BOGUS]",
        "FETCH 1 BODY[HEADER.FIELDS]",
        "FETCH 1 BODY[HEADER.FIELDS ()]",
        "FETCH 1 BODY[TEXT]<0>",
        "FETCH 1 BODY[TEXT]<0.0>",
        "FETCH 1 BODY[TEXT]<-1.5>",
        "FETCH 1 BINARY[TEXT]",
        "FETCH 1 BINARY[1.MIME]",
        "FETCH 1 BINARY.SIZE[1]<0.5>",
        "FETCH 1 ENVELOPE[]",
        "FETCH 1 FLAGS (VANISHED)",
        "FETCH 1 FLAGS (CHANGEDSINCE 1 VANISHED)",
        "FETCH 1 FLAGS (PARTIAL 1:2)",
        "UID FETCH 1 FLAGS (VANISHED)",
        "UID FETCH 1 FLAGS (PARTIAL 1:-2)",
        "UID FETCH 1 FLAGS (PARTIAL -1:2)",
        "UID FETCH 1 FLAGS (PARTIAL 0:2)",
        "UID FETCH 1 FLAGS (PARTIAL 1:*)",
        "UID FETCH 1 FLAGS ()",
        "FETCH 1 PREVIEW ()",
        "FETCH 1 PREVIEW (FUZZY)",
        "FETCH 1 (PREVIEW (CHANGEDSINCE 1))",
        "FETCH 1 RFC822.PEEK",
        "FETCH 1 FLAGS ",
    ],
)
def test_no_fetch(text: str) -> None:
    words = read(text)
    assert isinstance(words, str), words

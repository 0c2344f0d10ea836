import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.store.administration.aliases_file import MAX_INCLUDES, parse_aliases


def no_file(path):
    raise FileNotFoundError(2, "No such file or directory", path)


def parsed(text, read=no_file):
    found = parse_aliases(text, read)
    return {str(one.name): [str(target) for target in one.targets] for one in found.aliases}


def complaints(text, read=no_file):
    return [(one.where, one.text) for one in parse_aliases(text, read).complaints]


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("root: alice\n", {"root": ["alice"]}),
        ("root:alice,bob@hamburger.test", {"root": ["alice", "bob@hamburger.test"]}),
        ("Postmaster : root\n", {"Postmaster": ["root"]}),
        ("# comment\n\nroot: alice # me\n", {"root": ["alice"]}),
        ("root: alice,\n  bob,\n\tcarol\n", {"root": ["alice", "bob", "carol"]}),
        ("root: alice,\n# between\n bob\n", {"root": ["alice", "bob"]}),
        ('"ann b": "carol d"@crepes.test\n', {'"ann b"': ['"carol d"@crepes.test']}),
        ('"a:b": x\n', {'"a:b"': ["x"]}),
        ('"a#b": "c,d"\n', {"a#b": ['"c,d"']}),
        ("root: \\root, bob\n", {"root": ["root", "bob"]}),
        ("a@crepes.test: b\n", {"a@crepes.test": ["b"]}),
        ("a: b, B, b\n", {"a": ["b"]}),
        ("a: b,,c,\n", {"a": ["b", "c"]}),
        ("a: b\r\nc: d\r\n", {"a": ["b"], "c": ["d"]}),
        ("", {}),
    ],
)
def test_entries(text, entries):
    assert parsed(text) == entries
    assert complaints(text) == []


@pytest.mark.parametrize(
    ("text", "where", "words", "left"),
    [
        (
            'a: b\nx: "|/usr/bin/vacation bob", c\n',
            "aliases:2",
            "not given to programs",
            {"a": ["b"], "x": ["c"]},
        ),
        ("x: |exit, c", "aliases:1", "not given to programs", {"x": ["c"]}),
        ("\n\nx: /var/mail/all, c", "aliases:3", "not written to files", {"x": ["c"]}),
        ("x: a b, c", "aliases:1", "'a b' is not an address", {"x": ["c"]}),
        ("what is this\n", "aliases:1", "no colon", {}),
        (": b\n", "aliases:1", "'' is not a name", {}),
        ("a b: c\n", "aliases:1", "'a b' is not a name", {}),
        ("x: a\nX: c\n", "aliases:1", "x is left out: it is written again at aliases:2", {"X": ["c"]}),
        ("x: :include:/none, c", "aliases:1", "/none cannot be read", {"x": ["c"]}),
    ],
)
def test_what_cannot_be_is_said_with_its_line(text, where, words, left):
    ((place, told),) = complaints(text)
    assert place == where
    assert words in told
    assert parsed(text) == left


@pytest.mark.parametrize("text", ["x: |prog\n", "x:\n"])
def test_an_entry_without_usable_target_is_left_out(text):
    assert parsed(text) == {}
    assert "x is left out" in complaints(text)[-1][1]


def test_included_files_are_read():
    files = {"/staff": "alice\nbob, carol # boss\n\n:include:/more\n|prog\n", "/more": '"dan e"\n'}
    text = 'all: zoe, :include:/staff, ":include:/more", last\n'
    assert parsed(text, files.__getitem__) == {"all": ["zoe", "alice", "bob", "carol", '"dan e"', "last"]}
    assert [where for where, _ in complaints(text, files.__getitem__)] == ["/staff:5"]


def test_a_file_that_includes_itself_ends():
    asked = []

    def read(path):
        asked.append(path)
        return "bob\n:include:/a\n:include:/a\n"

    assert parsed("all: :include:/a\n", read) == {"all": ["bob"]}
    assert len(asked) == MAX_INCLUDES


@given(st.text(alphabet='ab:,"\\#| \t\n/@', max_size=200))
def test_nothing_makes_it_fail(text):
    parse_aliases(text, no_file)

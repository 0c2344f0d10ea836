"""A class's accounts: so many, or those of a file."""

import re

import pytest

from postroom.lab.classroom.roll import MOST, parse_roll
from postroom.lab.plan import BadAccount, houses_at


def test_a_number():
    people = parse_roll("30")
    assert [str(one.address) for one in people][::29] == [
        "student01@hamburger.test",
        "student30@hamburger.test",
    ]
    assert all(re.fullmatch(r"[a-z]+-[a-z]+-[2-9]{4}", one.password) for one in people)
    assert len({one.password for one in people}) > 25


def test_numbers_have_the_same_width():
    assert str(parse_roll("100")[0].address) == "student001@hamburger.test"


def test_a_class_at_another_domain():
    assert str(parse_roll("1", houses_at(["uni.test"]))[0].address) == "student01@uni.test"


def test_the_most():
    assert len(parse_roll(str(MOST))) == MOST
    for count in (0, MOST + 1):
        with pytest.raises(BadAccount, match=f"--accounts {count}: a class has 1 to {MOST}"):
            parse_roll(str(count))


def test_a_number_that_nobody_can_count():
    with pytest.raises(BadAccount):
        parse_roll("9" * 5000)


def test_a_file(tmp_path):
    roll = tmp_path / "class"
    roll.write_text("# Summer term\n\ncarol@crepes.test:pass:word\n  dave\nerin:secret\n")
    people = parse_roll(str(roll))
    assert [str(one.address) for one in people] == [
        "carol@crepes.test",
        "dave@hamburger.test",
        "erin@hamburger.test",
    ]
    assert (people[0].password, people[2].password) == ("pass:word", "secret")
    assert people[1].password


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("carol\na b\n", "line 2: 'a b' is no address; write it as carol@hamburger.test"),
        ("carol:\n", "line 1: carol has no password behind the colon"),
        ("carol@uni.edu\n", "line 1: carol@uni.edu: the lab's domains are hamburger.test or crepes.test"),
        ("carol\nCAROL@hamburger.test\n", "line 2: CAROL@hamburger.test stands there twice"),
        ("# nobody\n", "it names 0 accounts"),
        ("".join(f"s{number}\n" for number in range(MOST + 1)), f"it names {MOST + 1} accounts"),
    ],
)
def test_a_file_that_is_wrong(tmp_path, text, words):
    roll = tmp_path / "class"
    roll.write_text(text)
    with pytest.raises(BadAccount, match=re.escape(words)):
        parse_roll(str(roll))


def test_a_file_at_the_limit(tmp_path):
    roll = tmp_path / "class"
    roll.write_text("".join(f"s{number}\n" for number in range(MOST)))
    assert len(parse_roll(str(roll))) == MOST


def test_no_file(tmp_path):
    with pytest.raises(BadAccount, match="No such file or directory; give a number, such as 30"):
        parse_roll(str(tmp_path / "none"))
    (tmp_path / "latin").write_bytes(b"caf\xe9\n")
    with pytest.raises(BadAccount, match="it is no UTF-8"):
        parse_roll(str(tmp_path / "latin"))

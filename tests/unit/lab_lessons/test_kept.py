"""How far a student has come."""

from types import SimpleNamespace

import pytest

from postroom.lab.lessons.kept import Kept, Progress

LESSON = SimpleNamespace(name="smtp", parts=("one", "two", "three"))
OTHER = SimpleNamespace(name="pop3", parts=("one",))


@pytest.fixture
def kept(tmp_path):
    return Kept({"XDG_DATA_HOME": str(tmp_path)})


def test_it_goes_on_where_it_was_left(kept):
    assert kept.of(LESSON) == Progress()
    kept.reached(LESSON, 2)
    assert kept.of(LESSON) == Progress(2)
    assert kept.of(OTHER) == Progress()


def test_with_the_last_part_it_is_done_and_begins_anew(kept):
    kept.reached(LESSON, 3)
    assert kept.of(LESSON) == Progress(0, done=True)
    kept.reached(LESSON, 1)
    assert kept.of(LESSON) == Progress(1, done=True)


def test_a_lesson_that_has_fewer_parts_now(kept):
    kept.reached(SimpleNamespace(name="smtp", parts=range(9)), 5)
    assert kept.of(LESSON) == Progress()


@pytest.mark.parametrize("content", [b"", b"{", b'{"smtp": 7}'])
def test_a_file_that_cannot_be_read(kept, content):
    kept.path.parent.mkdir(parents=True)
    kept.path.write_bytes(content)
    assert kept.of(LESSON) == Progress()
    kept.reached(LESSON, 1)
    assert kept.of(LESSON) == Progress(1)


def test_at_home(tmp_path):
    assert Kept({"HOME": str(tmp_path)}).path == tmp_path / ".local/share/postroom/lessons.json"

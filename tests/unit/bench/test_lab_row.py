"""The row of the lab: what of a side's answer becomes which figure, and what is said of peers that are not there."""

from pathlib import Path

import pytest
from bench.course import LEFT_OUT, QUICK, Course
from bench.processes import BenchError
from bench.rows import lab


def course_of(tmp_path: Path, no_peer: str = "") -> Course:
    return Course(tmp_path, QUICK, lambda _: None, no_peer)


@pytest.fixture
def sides(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Who was asked; nobody is started."""
    asked: list[str] = []
    times = {"postroom": {lab.SESSION: 0.5, lab.MAILBOX: 30.0, lab.WAIT: 9.0}, "aiosmtpd": {lab.SESSION: 0.1}}

    def fixtures(side: str, _environ: dict[str, str]) -> dict[str, float]:
        asked.append(side)
        return times[side]

    monkeypatch.setattr(lab, "_fixtures", fixtures)
    monkeypatch.setattr(lab, "_lab", lambda *_: asked.append("lab") or {lab.READY: 1.0})
    monkeypatch.setattr(lab, "_maildev", lambda *_: asked.append("maildev") or {lab.READY: 2.0})
    return asked


def test_figures(tmp_path: Path, sides: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab, "_maildev_here", lambda: "/usr/bin/maildev")
    monkeypatch.setattr(lab.importlib.util, "find_spec", lambda _name: object())
    found = {one.key: one for one in lab.run(course_of(tmp_path))}
    assert (found[lab.SESSION].ours_median, found[lab.SESSION].peer_median) == (0.5, 0.1)
    assert (found[lab.MAILBOX].ours_median, found[lab.MAILBOX].peer_median) == (30.0, None)
    assert (found[lab.SESSION].met, found[lab.MAILBOX].met) == (True, True)
    assert found[lab.READY].times_better == 2.0
    assert set(sides) == {"postroom", "aiosmtpd", "lab", "maildev"}


def test_peers_that_are_not_there(tmp_path: Path, sides: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab, "_maildev_here", lambda: "")
    monkeypatch.setattr(lab.importlib.util, "find_spec", lambda _name: None)
    course = course_of(tmp_path)
    assert [one.peer for one in lab.run(course)] == [[], [], [], []]
    assert [note.partition(":")[0] for note in course.notes] == ["fixtures", "lab"]
    sides.clear()
    (tmp_path / "alone").mkdir()
    alone = course_of(tmp_path / "alone", LEFT_OUT)
    list(lab.run(alone))
    assert (alone.notes, set(sides)) == ([], {"postroom", "lab"})


def test_a_side_that_fails(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="KeyError: 'nobody'"):
        lab._fixtures("nobody", {"PYTHONPATH": str(Path.cwd())})

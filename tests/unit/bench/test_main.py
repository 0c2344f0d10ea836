"""Options, exit codes, and the report."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from bench import __main__ as bench
from bench.course import Course, Row
from bench.figures import Figure, Kind, Samples, figure
from bench.processes import BenchError
from bench.report import number, verdict

RATE = Kind("rate", "messages/s")


def measured(course: Course) -> Iterator[Figure]:
    course.note("a remark")
    yield figure("some work", RATE, course.alternate("some work", lambda: {"rate": 12.0}, None))


def broken(_: Course) -> Iterator[Figure]:
    yield figure("half of it", RATE, Samples([{"rate": 1.0}], []))
    raise BenchError("the server did not start")


def interrupted(_: Course) -> Iterator[Figure]:
    yield figure("the begin", RATE, Samples([{"rate": 1.0}], []))
    raise KeyboardInterrupt


Run = Callable[..., int]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    rows = (Row("good", "works", measured), Row("bad", "fails", broken), Row("cut", "stops", interrupted))
    monkeypatch.setattr(bench, "ROWS", rows)
    monkeypatch.setattr(bench, "room_for", lambda count: count)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    monkeypatch.setattr(bench.signal, "signal", lambda *_: None)
    if bench.file_system(tmp_path) in bench.VOLATILE:
        monkeypatch.setattr(bench, "file_system", lambda _: "ext4")
    words = ["--quick", "--no-peers", "--directory", str(tmp_path), "--json", str(tmp_path / "out/b.json")]
    return lambda *more: bench.main([*words, *more])


def test_a_table_and_json(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert run("--only", "good") == 0
    printed = capsys.readouterr().out
    assert "some work" in printed
    assert "no peer: left out by --no-peers" in printed
    report = msgspec.json.decode((tmp_path / "out/b.json").read_bytes())
    assert report["figures"][0]["ours"] == [12.0]
    assert report["peer"] is None
    assert report["notes"] == ["a remark"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_row_that_fails_fails_the_bench_and_no_other_row(run: Run, capsys: pytest.CaptureFixture[str]):
    assert run("--only", "bad", "good") == 1
    printed = capsys.readouterr().out
    assert "half of it" in printed
    assert "some work" in printed
    assert "FAILED bad: the server did not start" in printed


def test_what_was_measured_before_an_interruption_is_told(run: Run, capsys: pytest.CaptureFixture[str]):
    assert run() == 1
    printed = capsys.readouterr().out
    assert "the begin" in printed
    assert "FAILED interrupted" in printed


def test_memory_is_no_disk(run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr(bench, "file_system", lambda _: "tmpfs")
    assert run() == 1
    assert "nothing is durable" in capsys.readouterr().err.replace("\n", " ")


@pytest.mark.parametrize("words", [["--only", "nothing"], ["--runs", "-1"], ["--runs", "many"]])
def test_bad_options_are_refused(run: Run, words: list[str], capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit, match="2"):
        run(*words)
    assert words[1] in capsys.readouterr().err


@pytest.mark.parametrize(
    ("value", "text"), [(None, "–"), (0.314, "0.31"), (31.4159, "31.4"), (31415.9, "31,416")]
)
def test_three_digits_count(value: float | None, text: str):
    assert number(value) == text


@pytest.mark.parametrize(
    ("met", "text"), [(True, "≥ 10 × met"), (False, "≥ 10 × MISSED"), (None, "≥ 10 × ?")]
)
def test_a_verdict(met: bool | None, text: str):
    made = figure("work", RATE, Samples([], []))
    made.budget, made.met = "≥ 10 ×", met
    assert verdict(made) == text

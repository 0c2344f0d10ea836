"""`postroom reports`: tables, rows, JSON, files."""

from __future__ import annotations

import gzip
import time
from pathlib import Path

import pytest

from commands import Run, Served
from report_samples import FAILURE, JSON, ORIGINAL, XML, mail


@pytest.fixture
def files(tmp_path: Path, served: Served) -> Path:
    """A directory with reports."""
    (tmp_path / "r.xml.gz").write_bytes(gzip.compress(XML))
    (tmp_path / "r.json").write_bytes(JSON)
    failure = mail(("message/feedback-report", FAILURE), ("message/rfc822", ORIGINAL))
    (tmp_path / "failure.eml").write_bytes(failure)
    return tmp_path


def test_files_become_tables(run: Run, files: Path) -> None:
    ran = run("reports", "import", str(files / "r.xml.gz"), str(files / "r.json"), str(files / "failure.eml"))
    assert (ran.code, ran.err) == (0, "")
    assert [line.split("\t")[0::3] for line in ran.out.splitlines()] == [
        ["dmarc", "yes"],
        ["tls", "yes"],
        ["failure", "yes"],
    ]
    listed = run("reports dmarc").out.split("\t")
    assert (listed[0], listed[1], listed[4:6]) == ("crepes.test", "hamburger.test", ["0", "19900"])
    assert listed[6] == "- (file)\n"
    rows = run("reports dmarc crepes.test --rows").out.splitlines()
    assert len(rows) == 199
    assert rows[0].split("\t")[3:] == ["192.0.2.1", "1", "reject", "From : nothing"]
    (failure,) = run("reports failures").out.splitlines()
    assert failure.split("\t")[3:6] == ["192.0.2.7", "1", "dmarc"]
    assert "pay \\x1b[2J" in failure
    (tls,) = run("reports tls --days 100000 --rows").out.splitlines()
    assert tls.split("\t")[3:] == ["-", "3", "pass", "no-policy-found of crepes.test"]


def test_json(run: Run, files: Path) -> None:
    run("reports", "import", str(files / "r.xml.gz"))
    (brief,) = run("reports dmarc --json").records
    assert (brief["domain"], brief["failed"], brief["report"]) == ("crepes.test", 19900, "")
    (whole,) = run("reports dmarc --json --rows").records
    assert len(whole["report"]["rows"]) == 199


def test_nothing_is_said_to_be_nothing(run: Run, served: Served) -> None:
    days = " about the last 30 days"
    for line, more in (("dmarc", days), ("tls --json", days), ("failures", days), ("dmarc --sent", "")):
        ran = run(f"reports {line}")
        assert (ran.code, ran.out, ran.err) == (0, "", f"there are no reports{more}\n")


def test_sending(run: Run, served: Served) -> None:
    (line,) = run("reports send --today").out.splitlines()
    assert line.split("\t")[0::4] == ["e.test", "r@e.test"]


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Pacific/Kiritimati"])
def test_a_report_is_about_its_day_wherever_one_reads_of_it(
    run: Run, served: Served, monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:
    with monkeypatch.context() as there:
        there.setenv("TZ", zone)
        time.tzset()
        (line,) = run("reports send --today").out.splitlines()
    time.tzset()
    assert line.split("\t")[1] == "2024-10-04"  # the 20,000th day


def test_sending_without_a_server(run: Run) -> None:
    ran = run("reports send")
    assert ran.code == 1
    assert "the server must run to send reports" in ran.err


def test_a_file_that_is_none(run: Run, files: Path) -> None:
    (files / "x").write_bytes(b"hello")
    assert "x holds no report" in run("reports", "import", str(files / "x")).err
    assert "No such file" in run("reports", "import", str(files / "gone")).err

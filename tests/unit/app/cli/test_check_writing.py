"""`postroom check writing`: words, JSON, exit codes, and links that are asked whether they answer."""

from __future__ import annotations

import io
import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from commands import Run
from postroom.app.cli import following
from postroom.app.cli.following import MOST_REDIRECTS, followed
from written_mail import letter

STATUSES = {"/there": 200, "/login": 401, "/no-head": 405, "/gone": 404, "/broken": 500}


class Pages(BaseHTTPRequestHandler):
    """Answers HEAD; `/moved/N` leads N further, `/mail` to no page at all."""

    def do_HEAD(self) -> None:
        moved = self.path.startswith("/moved/")
        left = int(self.path.rpartition("/")[2]) if moved else 0
        self.send_response(302 if moved or self.path == "/mail" else STATUSES[self.path])
        if moved:
            self.send_header("Location", f"/moved/{left - 1}" if left > 1 else "/there")
        elif self.path == "/mail":
            self.send_header("Location", "mailto:a@b.test")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def site() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.eml"
    path.write_bytes(letter().as_bytes())
    return path


def test_a_good_one(run: Run, good: Path) -> None:
    ran = run(f"check writing {good}")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines()[:2] == [
        "header",
        "  good  date, message-id, from, recipients, subject, encoded-words, mime-version, duplicates, line-lengths, raw-header, placeholders, answers",
    ]
    assert (
        "  not run because the message has no files: file-kinds, file-types, file-names, file-sizes"
        in ran.out
    )


def test_a_bad_one(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "bad.eml"
    path.write_bytes(letter(plain="", Subject="").as_bytes().replace(b"\r\n", b"\n"))
    ran = run(f"check writing {path}")
    assert ran.code == 3
    assert "  bad   subject: there is no Subject\n        add Subject with what it is about\n" in ran.out
    assert "2 of " in ran.err
    assert run(f"check writing {path} --without subject").code == 3
    assert run(f"check writing {path} --without subject --without body").code == 0
    wrong = run(f"check writing {path} --without spelling")
    assert (wrong.code, "no check or group is called spelling" in wrong.err) == (2, True)


def test_json_and_standard_input(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(letter(Date="").as_bytes())))
    ran = run("check writing - --json")
    found = [json.loads(line) for line in ran.out.splitlines()]
    assert ran.code == 3
    assert found[0]["check"] == "date"
    assert found[0]["verdict"] == "bad"
    assert set(found[0]) == {"check", "group", "verdict", "reason", "fix"}


def test_links_are_asked_when_somebody_says_so(run: Run, site: str, tmp_path: Path) -> None:
    path = tmp_path / "links.eml"
    path.write_bytes(letter(html="", plain=f"{site}/there\n{site}/gone\n").as_bytes())
    assert "not run because nobody asked for it" in run(f"check writing {path}").out
    ran = run(f"check writing {path} --follow")
    assert ran.code == 3
    assert f"link-reached: no answer: {site}/gone (status 404)" in ran.out


def test_what_counts_as_an_answer(site: str) -> None:
    names = ("there", "login", "no-head", "gone", "broken", "moved/1", f"moved/{MOST_REDIRECTS}", f"moved/{MOST_REDIRECTS + 1}", "mail")  # fmt: skip
    found = followed(f"{site}/{name}" for name in names)
    assert list(found.values()) == [
        "",
        "",
        "",
        "status 404",
        "status 500",
        "",
        "",
        f"more than {MOST_REDIRECTS} redirects",
        "a redirect to mailto: is not followed",
    ]


def test_nobody_is_there(site: str) -> None:
    """A port that nobody listens at, and what is no address."""
    found = followed([f"{site.rpartition(':')[0]}:1/", "http://[::1/"])
    assert all(found.values())


def test_only_so_many_are_followed(monkeypatch: pytest.MonkeyPatch, site: str) -> None:
    monkeypatch.setattr(following, "MOST_LINKS", 2)
    assert len(followed(f"{site}/moved/{one}" for one in range(1, 4))) == 2

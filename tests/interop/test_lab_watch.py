"""What happens in a lab is followed in a terminal: from the lab itself, and beside it."""

from __future__ import annotations

import json
import smtplib
import subprocess
from pathlib import Path

from running import PATIENCE, POSTROOM, Running, at_home, postroom, until


def send(lab: Running) -> None:
    port = lab.facts["domains"]["hamburger.test"]["smtp"]
    with smtplib.SMTP("127.0.0.1", port, timeout=PATIENCE) as client:
        client.sendmail("alice@crepes.test", ["bob@hamburger.test"], "From: alice@crepes.test\r\n\r\nketchup")


def test_the_lab_shows_it_itself(tmp_path: Path) -> None:
    arguments = [
        "lab",
        "--json",
        "--ephemeral",
        "--base-port",
        "0",
        "--watch",
        "--only",
        "smtp,checks",
        "--explain",
    ]
    lab = Running(arguments, at_home(tmp_path), tmp_path / "log")
    try:
        send(lab)
        out = (tmp_path / "log").with_suffix(".out")
        until("the end of the connection", lambda: '"closed"' in out.read_text())
        found = [json.loads(line) for line in out.read_text().splitlines()[1:]]
    finally:
        lab.stop()
    assert {one["kind"] for one in found} == {"opened", "line", "checked", "closed"}
    assert (
        next(one for one in found if one.get("text", "").lower().startswith("mail from"))["source"]
        == "RFC 5321 §4.1.1.2"
    )


def test_another_command_follows_it_to_its_end(tmp_path: Path) -> None:
    home = at_home(tmp_path)
    lab = Running(["lab", "--json", "--ephemeral", "--base-port", "0"], home, tmp_path / "log")
    seen = tmp_path / "seen"
    try:
        send(lab)
        with seen.open("wb") as out:
            watcher = subprocess.Popen(
                [POSTROOM, *["lab", "watch", "--past", "--only", "smtp,dns"]],
                stdout=out,
                stderr=subprocess.STDOUT,
                env=home,
            )
        try:
            until("the first connection", lambda: b"connection closed" in seen.read_bytes())
            send(lab)
            until("the second connection", lambda: seen.read_bytes().count(b"connection closed") > 1)
            lab.stop()
            assert watcher.wait(PATIENCE) == 0
        finally:
            watcher.kill()
            watcher.wait()
    finally:
        lab.stop()
    text = seen.read_text()
    assert "<- rcpt to:<bob@hamburger.test>" in text.lower()  # smtplib writes RCPT from Python 3.13 on
    assert "?  TXT _dmarc.crepes.test = " in text
    assert text.endswith("The lab has stopped.\n")


def test_without_a_lab_it_says_how_to_start_one(tmp_path: Path) -> None:
    ended = postroom(["lab", "watch"], at_home(tmp_path))
    assert (ended.returncode, "start one with postroom lab" in ended.stderr) == (1, True)
    ended = postroom(["lab", "watch", "--only", "smpt"], at_home(tmp_path))
    assert (ended.returncode, "did you mean smtp?" in ended.stderr) == (2, True)

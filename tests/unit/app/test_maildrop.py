"""Dropped mail: whole or not there, whoever and whatever writes into the directory."""

from __future__ import annotations

import errno
import getpass
import os
from pathlib import Path
from typing import Any

import pytest

from postroom.app import maildrop
from postroom.app.maildrop import Dropped, DropRefused, collect, drop, make_directory, tidy

FACTS: dict[str, Any] = {"recipients": ["bob@hamburger.test"], "sender": ""}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    make_directory(tmp_path / "drop")
    return tmp_path / "drop"


def waiting(place: Path) -> list[Dropped]:
    return list(collect(place, place.parent / "rejected"))


def rejected(place: Path) -> list[str]:
    bad = place.parent / "rejected"
    return [path.read_text() for path in sorted(bad.glob("*.why"))] if bad.exists() else []


def test_what_is_dropped_is_collected_once(place: Path) -> None:
    drop(place, FACTS, b"Subject: one\r\n\r\n\x00\xff\r\n")
    (one,) = waiting(place)
    assert one.facts == {**FACTS, "content": b"Subject: one\r\n\r\n\x00\xff\r\n"}
    assert (one.uid, one.user) == (os.getuid(), getpass.getuser())
    assert [again.path for again in waiting(place)] == [one.path]
    one.taken()
    assert waiting(place) == []


def test_anybody_may_drop_and_nobody_may_look(place: Path) -> None:
    assert place.stat().st_mode & 0o7777 == 0o1733
    name = drop(place, FACTS, b"")
    assert (place / f"{name}.mail").stat().st_mode & 0o777 == 0o644


def test_the_oldest_comes_first(place: Path) -> None:
    names = [drop(place, FACTS, bytes([65 + n])) for n in range(3)]
    for age, name in enumerate(names):
        os.utime(place / f"{name}.mail", (1000 - age, 1000 - age))
    assert [one.facts["content"] for one in waiting(place)] == [b"C", b"B", b"A"]


@pytest.mark.parametrize("call", ["write", "fsync", "rename"])
def test_a_failure_in_the_middle_leaves_nothing(
    place: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    if call == "rename":
        monkeypatch.setattr(Path, "rename", fail)
    elif call == "fsync":
        monkeypatch.setattr(os, "fsync", fail)
    else:
        monkeypatch.setattr(maildrop, "_write", fail)
    with pytest.raises(DropRefused, match="No space left"):
        drop(place, FACTS, b"x")
    assert list(place.iterdir()) == []


def test_where_nobody_may_pass_it_says_so(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(maildrop, "_write", refused)
    monkeypatch.setattr(Path, "unlink", refused)
    with pytest.raises(DropRefused, match=f"{place}: Permission denied"):
        drop(place, FACTS, b"x")


def test_without_a_directory_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(DropRefused) as caught:
        drop(tmp_path / "none", FACTS, b"")
    assert caught.value.missing


def test_where_nobody_can_drop_nothing_waits(tmp_path: Path) -> None:
    assert list(collect(tmp_path / "none", tmp_path / "bad")) == []


def test_a_crash_before_the_rename_is_not_mail_and_goes_after_a_day(place: Path) -> None:
    (place / ".0123").write_bytes(b'{"postroom-drop":1,"si')
    assert waiting(place) == []
    now = (place / ".0123").stat().st_mtime
    assert tidy(place, now + 3600) == 0
    assert tidy(place, now + 100_000) == 1
    assert list(place.iterdir()) == []


LINE = b'{"postroom-drop":1,"size":3,"recipients":["a@b"]}\n'


@pytest.mark.parametrize(
    ("name", "octets", "why"),
    [
        ("a.mail", b"", "does not describe"),
        ("a.mail", b"\x00" * 100, "does not describe"),
        ("a.mail", LINE.replace(b":1,", b":2,") + b"abc", "version 1"),
        ("a.mail", LINE.replace(b":3,", b':"3",') + b"abc", "version 1"),
        ("a.mail", LINE.replace(b":3,", b":-3,") + b"abc", "-3 octets"),
        ("a.mail", LINE.replace(b":3,", b":99999999999,") + b"abc", "at most"),
        ("a.mail", LINE + b"ab", "should have 3"),
        ("a.mail", LINE + b"abcd", "should have 3"),
        ("a.mail", b"[" * 100_000 + b"\n", "does not describe"),
        ("a.mail", b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}\n", "does not describe"),
        ("a.mail", LINE.replace(b"a@b", b"\xff@b") + b"abc", "does not describe"),
        ("a.txt", LINE + b"abc", "does not end with"),
    ],
)
def test_what_is_no_mail_is_put_aside_with_the_reason(
    place: Path, name: str, octets: bytes, why: str
) -> None:
    (place / name).write_bytes(octets)
    drop(place, FACTS, b"good")
    assert [one.facts["content"] for one in waiting(place)] == [b"good"]
    (reason,) = rejected(place)
    assert why in reason
    assert len(list(place.iterdir())) == 1


def test_links_pipes_and_directories_are_not_followed(place: Path) -> None:
    secret = place.parent / "secret.mail"
    secret.write_bytes(LINE + b"abc")
    (place / "link.mail").symlink_to(secret)
    os.link(secret, place / "hard.mail")
    os.mkfifo(place / "pipe.mail")
    (place / "directory.mail").mkdir()
    assert waiting(place) == []
    assert len(rejected(place)) == 4
    assert secret.exists()


def test_a_server_that_is_short_of_descriptors_puts_nothing_aside(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(place, FACTS, b"good")

    def short(*_: Any, **__: Any) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as at:
        at.setattr(os, "open", short)
        with pytest.raises(OSError, match="Too many"):
            waiting(place)
    assert [one.facts["content"] for one in waiting(place)] == [b"good"]


def test_a_message_that_nobody_can_take_is_put_aside(place: Path) -> None:
    drop(place, FACTS, b"x")
    (one,) = waiting(place)
    moved = one.rejected(place.parent / "rejected", "nobody is named")
    assert moved.exists()
    assert rejected(place) == ["nobody is named\n"]
    assert waiting(place) == []

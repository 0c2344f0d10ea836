"""Attachments are saved where the user says, and nowhere else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from postroom.agent.invocation import CommandFailed
from postroom.agent.saving import save


def letter(*names: str) -> bytes:
    parts = "".join(
        f'--x\r\nContent-Type: text/csv\r\nContent-Disposition: attachment; filename="{name}"\r\n\r\n{number}\r\n'
        for number, name in enumerate(names)
    )
    return f"Content-Type: multipart/mixed; boundary=x\r\n\r\n{parts}--x--\r\n".encode()


@pytest.mark.parametrize(
    ("name", "saved"),
    [
        ("a.csv", "a.csv"),
        ("../../etc/passwd", "passwd"),
        ("/etc/passwd", "passwd"),
        ("..", "attachment"),
        ("-rf", "rf"),
        (".bashrc", "bashrc"),
    ],
)
def test_names_cannot_hurt(tmp_path: Path, name: str, saved: str) -> None:
    (file,) = save(letter(name), tmp_path / "out")
    path = Path(file.path)
    assert path.parent == tmp_path / "out"
    assert path.name.startswith(saved)
    assert path.read_bytes() == b"0"
    assert path.stat().st_mode & 0o777 == 0o600


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("mine")
    (tmp_path / "a (1).csv").symlink_to(tmp_path / "elsewhere")
    saved = save(letter("a.csv", "a.csv"), tmp_path)
    assert [Path(file.path).name for file in saved] == ["a (2).csv", "a (3).csv"]
    assert (tmp_path / "a.csv").read_text() == "mine"
    assert not (tmp_path / "elsewhere").exists()


def test_where_it_cannot_be_saved(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CommandFailed, match="file"):
        save(letter("a"), tmp_path / "file" / "out")


def test_many_of_one_name_take_one_try_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tries, opened = [], os.open

    def counted(path: Path, *others: int) -> int:
        tries.append(path)
        return opened(path, *others)

    monkeypatch.setattr(os, "open", counted)
    assert len({file.path for file in save(letter(*["a.csv"] * 500), tmp_path)}) == 500
    assert len(tries) == 500

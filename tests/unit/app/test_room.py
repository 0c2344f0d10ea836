"""Room for another message: the writer, the disk and the spool each can refuse, at their limits and not before."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from postroom.app.room import COPIES, LOOK_EVERY, WAITED, Gauges, Room
from postroom.message.errors import NoSpace, Overloaded


class World:
    def __init__(self) -> None:
        self.waited = 0.0
        self.now = 100.0
        self.coming = 0


def room(path: Path, world: World, free: int = 0, at_once: int = 1 << 60) -> Room:
    return Room(path, free, at_once, Gauges(lambda: world.waited, lambda: world.coming), lambda: world.now)


def test_a_quiet_system_has_room(tmp_path: Path) -> None:
    room(tmp_path, World()).check()


def test_the_writer_may_be_behind_for_two_seconds(tmp_path: Path) -> None:
    world = World()
    checked = room(tmp_path, world)
    world.waited = WAITED
    checked.check()
    world.waited = WAITED + 0.001
    with pytest.raises(Overloaded) as caught:
        checked.check()
    assert str(caught.value.status) == "4.3.2"


def test_the_disk_keeps_what_is_set_aside(tmp_path: Path) -> None:
    free = shutil.disk_usage(tmp_path).free
    with pytest.raises(NoSpace):
        room(tmp_path, World(), free * 2).check()
    room(tmp_path, World(), free // 2).check()


def test_the_disk_is_looked_at_again_after_a_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    checked = room(tmp_path, world, 10)
    checked.check()
    monkeypatch.setattr(Room, "_free", lambda _: 9)
    checked.check()
    world.now += LOOK_EVERY + 0.01
    with pytest.raises(NoSpace):
        checked.check()
    monkeypatch.setattr(Room, "_free", lambda _: 10)
    world.now += LOOK_EVERY + 0.01
    checked.check()


def test_a_full_queue_refuses(tmp_path: Path) -> None:
    checked = room(tmp_path, World())
    checked.queue_full = True
    with pytest.raises(NoSpace, match="queue is full"):
        checked.check()


def test_a_declared_size_must_fit_beside_what_is_coming(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World()
    monkeypatch.setattr(Room, "_free", lambda _: 1000 + COPIES * 500)
    checked = room(tmp_path, world, free=1000)
    checked.check(500)
    with pytest.raises(NoSpace, match="501 octets") as caught:
        checked.check(501)
    assert str(caught.value.status) == "4.3.1"
    world.coming = 100
    checked.check(400)
    with pytest.raises(NoSpace):
        checked.check(401)
    checked.check(0)


def test_a_message_that_is_more_than_all_that_may_come_at_once_is_refused(tmp_path: Path) -> None:
    checked = room(tmp_path, World(), at_once=70)
    checked.check(70)
    with pytest.raises(NoSpace, match="71 octets"):
        checked.check(71)


def test_the_disk_is_not_asked_for_each_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[None] = []

    def look(_: Room) -> int:
        looks.append(None)
        return 1 << 40

    monkeypatch.setattr(Room, "_free", look)
    checked = room(tmp_path, World())
    for size in range(100):
        checked.check(size)
    assert len(looks) == 1

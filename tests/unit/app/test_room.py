"""Room for another message: the writer, the disk and the spool each can refuse, at their limits and not before."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from postroom.app.room import COPIES, LOOK_EVERY, WAITED, Gauges, Room, free_octets
from postroom.message.errors import NoSpace, Overloaded


class World:
    """What is read anew; tests put another `free` in its place while a room is in use."""

    def __init__(self) -> None:
        self.waited = 0.0
        self.now = 100.0
        self.coming = 0
        self.free: Callable[[Path], int] = free_octets

    def look(self, data: Path) -> int:
        return self.free(data)


def room(path: Path, world: World, free: int = 0, at_once: int = 1 << 60) -> Room:
    gauges = Gauges(lambda: world.waited, lambda: world.coming, world.look)
    return Room(path, free, at_once, gauges, lambda: world.now)


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


def test_the_disk_is_looked_at_again_after_a_second(tmp_path: Path) -> None:
    world = World()
    checked = room(tmp_path, world, 10)
    checked.check()
    world.free = lambda _: 9
    checked.check()
    world.now += LOOK_EVERY + 0.01
    with pytest.raises(NoSpace):
        checked.check()
    world.free = lambda _: 10
    world.now += LOOK_EVERY + 0.01
    checked.check()


def test_what_a_user_keeps_needs_the_disk_alone(tmp_path: Path) -> None:
    world = World()
    world.free = lambda _: 1000 + COPIES * 500
    checked = room(tmp_path, world, free=1000, at_once=10)
    checked.queue_full, world.waited = True, WAITED + 1
    checked.check_disk(0)
    checked.check_disk(500)
    with pytest.raises(NoSpace, match="Insufficient system storage"):
        checked.check_disk(501)
    world.free, world.now = lambda _: 999, world.now + LOOK_EVERY + 0.01
    with pytest.raises(NoSpace):
        checked.check_disk(0)


def test_a_full_queue_refuses(tmp_path: Path) -> None:
    checked = room(tmp_path, World())
    checked.queue_full = True
    with pytest.raises(NoSpace, match="queue is full"):
        checked.check()


def test_a_declared_size_must_fit_beside_what_is_coming(tmp_path: Path) -> None:
    world = World()
    world.free = lambda _: 1000 + COPIES * 500
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


def test_the_disk_is_not_asked_for_each_message(tmp_path: Path) -> None:
    looks: list[None] = []

    def look(_: Path) -> int:
        looks.append(None)
        return 1 << 40

    world = World()
    world.free = look
    checked = room(tmp_path, world)
    for size in range(100):
        checked.check(size)
    assert len(looks) == 1


def test_after_a_switch_the_disk_is_looked_at_at_once(tmp_path: Path) -> None:
    world = World()
    checked = room(tmp_path, world, 10)
    checked.check()
    world.free = lambda _: 9
    checked.check()
    checked.forget()
    with pytest.raises(NoSpace):
        checked.check()

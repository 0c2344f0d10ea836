"""Whoever lives in a lab has one account, however often he is named."""

from __future__ import annotations

import io
from pathlib import Path

from postroom.app.logs import make_log
from postroom.lab.house_settings import LabSettings
from postroom.lab.laboratory import Laboratory
from postroom.lab.plan import Person, residents
from postroom.message.address import Address


async def test_who_lives_there_anyway_may_be_given_a_password(tmp_path: Path) -> None:
    alice, carol = Address("Alice", "crepes.test"), Address("carol", "crepes.test")
    people = [*residents(), Person(alice, "first"), Person(carol, "hers"), Person(carol, "later")]
    log = make_log("json", "warning", io.StringIO())
    lab = Laboratory(LabSettings(tmp_path, 0, people, log))
    try:
        await lab.start()
        found = {one.address: one.password for one in lab.inhabitants}
    finally:
        await lab.stop()
    assert len(lab.inhabitants) == 3
    assert (found["alice@crepes.test"], found["carol@crepes.test"]) == ("first", "hers")

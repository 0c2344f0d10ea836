"""Whom the POST that leaves a mailing list may be sent to: hosts on the public Internet, and in a lab those of the lab."""

from __future__ import annotations

import io
import ssl
from typing import Any

import pytest

from postroom.app.logs import make_log
from postroom.app.settings.file import ServerSettings, Settings
from postroom.app.site import leaving
from postroom.app.surroundings import Surroundings
from postroom.net.clock import SystemClock
from postroom.proto.dns.answer import Answer, Kind, Rcode


class Zone:
    """Every name is this machine."""

    async def addresses(self, name: str) -> Any:
        return Answer(name, Kind.ADDRESS, Rcode.NOERROR, records=("127.0.0.1",))


class Reached(Exception):
    """It was about to connect."""


def port_of(_ip: str) -> int:
    raise Reached


def world(*, open_house: bool) -> Surroundings:
    zone: Any = Zone()
    log = make_log("json", "error", io.StringIO())
    return Surroundings(
        SystemClock(),
        zone,
        log,
        lambda _ip: False,
        ssl.create_default_context,
        open_house=open_house,
        https_port_of=port_of,
    )


async def test_no_list_is_left_in_ones_own_network(tmp_path: Any) -> None:
    settings = Settings(server=ServerSettings("mx.hamburger.test", "hamburger.test", str(tmp_path)))
    with pytest.raises(OSError, match="public Internet"):
        await leaving(settings, world(open_house=False))("https://localhost.list.test/off")
    with pytest.raises(Reached):
        await leaving(settings, world(open_house=True))("https://localhost.list.test/off")
    with pytest.raises(OSError, match="only https"):
        await leaving(settings, world(open_house=True))("http://localhost.list.test/off")

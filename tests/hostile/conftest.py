"""One besieged server for each module, and far servers that misbehave as they are told."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from postroom.proto.dns.answer import Mx
from siege import FAR, Besieged, FarServer


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Besieged]:
    directory: Path = tmp_path_factory.mktemp("house")
    server = Besieged(directory)
    yield server
    server.close()


@pytest.fixture
def far(house: Besieged) -> Iterator[Callable[..., FarServer]]:
    """Starts the far server: `far("r.test", END="451 Later")` is where r.test's mail goes from now on."""
    started: list[FarServer] = []

    def start(domain: str = "r.test", **replies: Any) -> FarServer:
        server = FarServer(replies)
        started.append(server)
        house.names.mx_of[domain] = (Mx(10, f"mail.{domain}"),)
        house.names.addresses_of[f"mail.{domain}"] = (FAR,)
        house.far_port = server.port
        return server

    yield start
    for server in started:
        server.close()

"""Where outsiders may send a server: public addresses, however others are dressed up."""

import ssl
from typing import Any

import pytest

from postroom.net.https import NotFetched, Web
from postroom.net.public_addresses import is_public
from postroom.proto.http.client import Request


@pytest.mark.parametrize(
    "ip", ["93.184.215.14", "8.8.8.8", "2606:4700:4700::1111", "2a00:1450:4001:80b::2004"]
)
def test_public(ip: str) -> None:
    assert is_public(ip)


@pytest.mark.parametrize(
    "ip",
    [
        "127.0.0.1", "127.9.9.9", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1", "192.0.2.1",
        "198.18.0.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "192.0.0.8", "::", "::1", "::ffff:7f00:1",
        "::ffff:8.8.8.8", "64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::1", "2002:7f00:1::", "2002:808:808::",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "ff02::1", "2001:db8::1", "fec0::1",
        "::7f00:1", "", "localhost", "127.1", "0x7f000001", "2130706433",
    ],
)  # fmt: skip
def test_not_public(ip: str) -> None:
    assert not is_public(ip)


class Zone:
    """A resolver with one answer."""

    def __init__(self, *records: str) -> None:
        self.records = records
        self.rcode = "NOERROR"

    async def addresses(self, _name: str) -> Any:
        return self


@pytest.mark.parametrize("records", [("127.0.0.1",), ("::1", "10.0.0.1"), ("::ffff:7f00:1",)])
async def test_nothing_is_connected_to_that_is_not_public(records: tuple[str, ...]) -> None:
    def port_of(_ip: str) -> int:
        raise AssertionError("it was about to connect")

    zone: Any = Zone(*records)
    web = Web(zone, ssl.create_default_context, port_of, permitted=is_public)
    with pytest.raises(NotFetched, match="public Internet"):
        await web.ask(Request("x.nip.test", "/", 10))

import pytest

from postroom.proto.pop3.apop import apop_digest, find_timestamp

STAMP = "<1896.697170952@dbc.mtview.ca.us>"
DIGEST = "c4c9334bac560ecc979e58001b3e22fb"


def test_the_example_of_rfc_1939() -> None:
    assert apop_digest(STAMP, "tanstaaf") == DIGEST


@pytest.mark.parametrize(
    ("greeting", "timestamp"),
    [
        (f"+OK POP3 server ready {STAMP}".encode(), STAMP),
        (f"+OK {STAMP} ready".encode(), STAMP),
        (b"+OK ready", ""),
        (b"+OK <no-at-sign>", ""),
        (b"+OK <a b@c>", ""),
        (b"+OK <\x80@c>", ""),
        (b"+OK <" + b"a" * 500 + b"@c>", ""),
    ],
)
def test_timestamps_are_found_and_must_be_ids(greeting: bytes, timestamp: str) -> None:
    assert find_timestamp(greeting) == timestamp

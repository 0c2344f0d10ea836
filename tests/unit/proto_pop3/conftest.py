"""The two ends of a session, connected without a network."""

from collections.abc import Callable

import pytest

from postroom.proto.pop3.apop import apop_digest
from postroom.proto.pop3.authorization import Pop3Config
from postroom.proto.pop3.client import ClientLimits, Pop3Client, Upgrading
from postroom.proto.pop3.client_login import Pop3Account
from postroom.proto.pop3.events import ApopLogin, Code, Drain, Login, Pop3Event, Retrieve, StartTls, Update
from postroom.proto.pop3.server import Pop3Server
from postroom.proto.pop3.snapshot import Snapshot
from postroom.proto.pop3.texts import Text

LETTERS = (
    b"Subject: one\r\n\r\n.\r\nDo you like ketchup?\r\n..\r\n",
    b"Subject: two\r\n\r\nHow about pickles?\r\n",
)


class Loop:
    """A client of ours at a server of ours; `cut` is how many octets travel at a time."""

    def __init__(self, account: Pop3Account, config: Pop3Config, cut: int = 65_536) -> None:
        self.client = Pop3Client(account, ClientLimits())
        self.server = Pop3Server(config)
        self.cut = cut
        self.on_wire = b""  # what the client sent without TLS
        self.flights = 0  # how often the client spoke
        self.removed: tuple[int, ...] = ()
        self.events: list[object] = []
        self.server.greet(secure=account.secure, timestamp="<1896.697170952@hamburger.test>")

    def run(self) -> list[object]:
        """Lets both speak until neither has anything to say; gives the client's new events."""
        self.events = []
        while True:
            down = self.server.data_to_send()
            for start in range(0, len(down), self.cut):
                self.client.receive(down[start : start + self.cut])
            self._client_events()
            up = self.client.data_to_send()
            if not self.server.secure:
                self.on_wire += up
            self.flights += bool(up)
            for start in range(0, len(up), self.cut):
                self.server.receive(up[start : start + self.cut])
            while (event := self.server.next_event()) is not None:
                self._serve(event)
            if not up and not down:
                return self.events

    def _client_events(self) -> None:
        while (event := self.client.next_event()) is not None:
            if isinstance(event, Upgrading):
                self.server.tls_started()
                self.client.tls_started()
            self.events.append(event)

    def _serve(self, event: Pop3Event) -> None:
        if isinstance(event, Login | ApopLogin):
            self._log_in(event)
        elif isinstance(event, Retrieve):
            self.server.message(LETTERS[event.number - 1])
        elif isinstance(event, Update):
            self.removed = event.numbers
            self.server.updated()
        elif isinstance(event, StartTls):
            assert self.server.begin_tls()
        else:
            assert isinstance(event, Drain)
            self.server.go_on()

    def _log_in(self, event: Login | ApopLogin) -> None:
        right = (
            event.digest == apop_digest(event.timestamp, "hungry")
            if isinstance(event, ApopLogin)
            else event.password == "hungry"
        )
        if event.user == "bob" and right:
            self.server.logged_in(
                "bob", Snapshot(1, [(uid, len(text)) for uid, text in enumerate(LETTERS, 7)])
            )
        else:
            self.server.refuse(Text.WRONG_CREDENTIALS, Code.AUTH)


@pytest.fixture
def loop() -> Callable[..., Loop]:
    return Loop

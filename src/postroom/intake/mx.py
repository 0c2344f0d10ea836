"""The door for other servers (port 25) and for LMTP: mail for domains of ours, from anybody.

RFC 5321 §3.6.1 and §7.1: nothing is relayed for strangers. RFC 2033 (LMTP) uses the same door behind a loopback listener. A stranger's message
is examined, if there is an examiner: RFC 8601 §4.1 (the result is put on top), RFC 9989 §5.4 (what its author's domain asks for is done). Not
here: the door for users (`intake.submission`), what is found out (`intake.examiner`), and the decision (`mailauth.decision`).
"""

from __future__ import annotations

import msgspec

from postroom.deliver.letter import Receipt
from postroom.intake.client import Client, Incoming
from postroom.intake.door import Desk, Parcel, Premises
from postroom.intake.examiner import Examined, Examiner
from postroom.mailauth.decision import Action
from postroom.mailauth.iprev import Result as Reverse
from postroom.message.envelope import Recipient
from postroom.message.errors import MailError, RelayDenied
from postroom.message.journey.events import Decided

_DONE = {Action.ACCEPT: "accepted", Action.JUNK: "put into Junk"}


class MxDoor:
    """Takes mail for local recipients; a client that has logged in may send anywhere. Without an `examiner` nothing is checked."""

    def __init__(self, premises: Premises, examiner: Examiner | None = None) -> None:
        self._desk = Desk(premises)
        self._clock = premises.clock
        self._examiner = examiner

    async def mail(self, client: Client, incoming: Incoming) -> None:
        """Any sender may begin; whether he is who he says is found out while the dialogue goes on."""
        self._desk.check_room(incoming.envelope.size)
        if client.login is not None:
            return
        # RFC 6710 §4.1: strangers do not get ahead of others
        incoming.envelope.priority = min(incoming.envelope.priority, 0)
        examiner, ip = self._examiner, client.peer.ip
        if examiner is not None and not client.lmtp and examiner.concerns(ip):
            if client.host is None:
                client.host = examiner.greeted(ip, client.helo)
            incoming.opening = examiner.opened(client.host, incoming.envelope.sender)

    async def rcpt(self, client: Client, incoming: Incoming, recipient: Recipient) -> None:
        """A recipient of ours, else `RelayDenied`."""
        resolved = await self._desk.admit(incoming, recipient)
        if resolved is None and client.login is None:
            raise RelayDenied
        incoming.known[len(incoming.envelope.recipients)] = resolved

    async def message(self, client: Client, incoming: Incoming, parcel: Parcel) -> Receipt:
        """Examined, and stamped as it came. Raises what the decision says, too."""
        if incoming.opening is None or self._examiner is None:
            return await self._desk.take(client, incoming, parcel, parcel.content)
        utf8 = incoming.envelope.smtputf8
        examined = await self._examiner.examine(incoming.opening, parcel.received, utf8=utf8)
        if examined.decision.action in (Action.REFUSE, Action.DEFER):
            self._examiner.count(examined)
            raise _refusal(examined)
        self._mark(client, incoming, examined)
        receipt = await self._desk.take(client, incoming, parcel, parcel.content)
        self._examiner.count(examined)
        return receipt

    def _mark(self, client: Client, incoming: Incoming, examined: Examined) -> None:
        """What was found goes on top of the message, the client's name into Received, and all of it into the journey."""
        reverse = examined.verdicts.iprev
        if reverse is not None and reverse.result is Reverse.PASS and client.reverse != reverse.name:
            client.reverse, client.received_start = reverse.name, ""
        incoming.fields = examined.fields
        incoming.junk |= examined.decision.action is Action.JUNK
        self._note(incoming, examined)

    def _note(self, incoming: Incoming, examined: Examined) -> None:
        """What was asked, found and decided, for the journey."""
        hop, decision = incoming.hop, examined.decision
        at = hop.since(self._clock.now())
        for asked in examined.asked:
            hop.record(msgspec.structs.replace(asked, at=at))
        for what, result, why in examined.verdicts.explained():
            hop.record(Decided(at, what, result, why))
        hop.record(Decided(at, "message", _DONE[decision.action], decision.because))


def _refusal(examined: Examined) -> MailError:
    decision = examined.decision
    told = "; ".join(f"{what}={result}" for what, result, _ in examined.verdicts.explained())
    return decision.error(decision.words, detail=f"{decision.because} ({told})")

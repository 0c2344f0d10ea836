"""The SMTP and LMTP dialogues of this folder, whole and in every cut, against the machine with a small household behind it.

Facts: `domain NAME`; `users NAME...` (else everybody is known); `unqualified` (local names alone are addresses); `service lmtp|submission`;
`offers KEYWORD...` (all other extensions are withheld); `tls`; `auth NAME PASSWORD`; `turn`; `etrn`; `limit NAME NUMBER`;
`refuse ADDRESS CODE STATUS TEXT...` at RCPT; `verdict ADDRESS CODE STATUS TEXT...` over LMTP; `verify NAME TEXT...`; `expand NAME MEMBER...`;
`ends` (the server closes). With `@ message`, its `M:` lines are what must have arrived; `envelope N TEXT...` what must have been asked for.
"""

from pathlib import Path

import pytest

from postroom.message.address import Address
from postroom.message.envelope import Envelope
from postroom.proto.smtp.commands import Data, Etrn, Expn, Mail, Rcpt, StartTls, Turn, Vrfy
from postroom.proto.smtp.config import Limits, ServerConfig, Service
from postroom.proto.smtp.events import Authenticate, BodyEnd, SmtpEvent
from postroom.proto.smtp.extensions import EXTENSIONS
from postroom.proto.smtp.reply import Reply
from postroom.proto.smtp.server import SmtpServer
from transcript import Script, read_script, replay

SCRIPTS = sorted((Path(__file__).parent / "smtp").glob("*.txt"))
NOW = 1_700_000_000_000_000


class Household:
    """What stands behind the machine, as the `@` lines say."""

    def __init__(self, script: Script) -> None:
        self.facts = {fact[0]: fact[1:] for fact in script.facts}
        self.refused = {
            f[1]: Reply.of(int(f[2]), f[3], " ".join(f[4:])) for f in script.facts if f[0] == "refuse"
        }
        self.verdicts = {
            f[1]: Reply.of(int(f[2]), f[3], " ".join(f[4:])) for f in script.facts if f[0] == "verdict"
        }
        self.letters: list[tuple[Envelope, bytes]] = []
        offers = self.facts.get("offers")
        self.machine = SmtpServer(
            ServerConfig(
                self.facts["domain"][0],
                lambda: NOW,
                service=Service(self.facts.get("service", ["smtp"])[0]),
                limits=Limits(**{f[1]: int(f[2]) for f in script.facts if f[0] == "limit"}),
                starttls="tls" in self.facts,
                mechanisms=("PLAIN", "LOGIN") if "auth" in self.facts else (),
                plaintext_auth="tls" not in self.facts,
                unqualified_ok="unqualified" in self.facts,
                etrn="etrn" in self.facts,
                turn="turn" in self.facts,
                withheld=frozenset(
                    row.keyword for row in EXTENSIONS if offers is not None and row.keyword not in offers
                ),
            )
        )
        self.machine.greet()

    def answer(self, event: SmtpEvent) -> None:
        if isinstance(event, Mail):
            sender = event.envelope.sender
            self.machine.reply(Reply.of(250, "2.1.0", f"<{sender or ''}>... Sender ok"))
        elif isinstance(event, Rcpt):
            self.machine.reply(self.recipient(event.recipient.address))
        elif isinstance(event, Data):
            self.machine.reply(Reply.of(354, "", 'Enter mail, end with "." on a line by itself'))
        elif isinstance(event, BodyEnd):
            self.body(event)
        elif isinstance(event, StartTls):
            self.machine.reply(Reply.of(220, "2.0.0", "Go ahead"))
        elif isinstance(event, Authenticate):
            claim = event.credentials
            right = [claim.authcid, claim.password] == self.facts["auth"]
            self.machine.reply(Reply.of(*((235, "2.7.0", "Welcome") if right else (535, "5.7.8", "Wrong"))))
        elif isinstance(event, Vrfy | Expn | Etrn | Turn):
            self.lookup(event)

    def recipient(self, address: Address) -> Reply:
        known = self.facts.get("users")
        if str(address) in self.refused:
            return self.refused[str(address)]
        if known is not None and address.local not in known:
            return Reply.of(550, "5.1.1", "No such user here")
        return Reply.of(250, "2.1.5", f"<{address}>... Recipient ok")

    def body(self, event: BodyEnd) -> None:
        envelope = self.machine.transaction
        assert envelope is not None
        self.letters.append((envelope, event.data))
        ok = Reply.of(250, "2.0.0", f"Ok: queued as J{len(self.letters)}")
        if self.machine.lmtp:
            self.machine.reply_each([self.verdicts.get(str(one.address), ok) for one in envelope.recipients])
        else:
            self.machine.reply(ok)

    def lookup(self, event: Vrfy | Expn | Etrn | Turn) -> None:
        if isinstance(event, Vrfy) and event.text in self.facts.get("verify", []):
            self.machine.reply(Reply.of(250, "2.1.5", " ".join(self.facts["verify"][1:])))
        elif isinstance(event, Expn) and event.text in self.facts.get("expand", []):
            self.machine.reply(Reply.of(250, "2.1.5", *self.facts["expand"][1:]))
        elif isinstance(event, Vrfy | Expn):
            self.machine.reply(Reply.of(252, "2.0.0", "Send some mail, and see"))
        elif isinstance(event, Turn):
            self.machine.reply(Reply.of(250, "2.0.0", "OK now reversing the connection"))
        else:
            self.machine.reply(Reply.of(250, "2.0.0", f"OK, queuing for node {event.node} started"))


@pytest.mark.parametrize("cut", [65_536, 1, 7, 0], ids=["whole", "octets", "sevens", "random"])
@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_dialogue(path: Path, cut: int) -> None:
    script = read_script(path)
    house = Household(script)
    replay(script, house.machine, house.answer, cut)
    assert house.machine.closing == ("stays" not in house.facts)
    if script.messages:
        expected = ["".join(f"{line}\r\n" for line in lines).encode() for lines in script.messages]
        assert [data for _, data in house.letters] == expected
    for fact in script.facts:
        if fact[0] == "envelope":
            number, *wanted = fact[1:]
            assert sorted(asked_for(house.letters[int(number) - 1][0])) == sorted(wanted)


def asked_for(envelope: Envelope) -> list[str]:
    words = [f"from={envelope.sender or ''}", *(f"to={one.address}" for one in envelope.recipients)]
    words += [f"notify={one.notify.name or 'NEVER'}" for one in envelope.recipients if one.notify is not None]
    words += [f"orcpt={one.orcpt}" for one in envelope.recipients if one.orcpt]
    for name in ("size", "envid", "ret", "priority", "hold_until", "smtputf8"):
        if value := getattr(envelope, name):
            words.append(f"{name}={value}")
    if envelope.body != "7BIT":
        words.append(f"body={envelope.body}")
    if envelope.deliver_by is not None:
        words.append(f"by={envelope.deliver_by.deadline - NOW // 1_000_000};{envelope.deliver_by.mode}")
    return words


def test_there_are_dialogues() -> None:
    assert len(SCRIPTS) >= 20

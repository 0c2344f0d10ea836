"""The POP3 dialogues of this folder, whole and in every cut, against the machine with a maildrop in memory."""

from pathlib import Path

import pytest

from postroom.proto.pop3.apop import apop_digest
from postroom.proto.pop3.authorization import Pop3Config
from postroom.proto.pop3.events import ApopLogin, Code, Drain, Login, Pop3Event, Retrieve, StartTls, Update
from postroom.proto.pop3.server import Pop3Server
from postroom.proto.pop3.snapshot import Snapshot
from postroom.proto.pop3.texts import Text
from transcript import Script, read_script, replay

SCRIPTS = sorted((Path(__file__).parent / "pop3").glob("*.txt"))


class Stage:
    """What stands behind the machine, as the `@` lines say."""

    def __init__(self, script: Script) -> None:
        self.facts = {fact[0]: fact[1:] for fact in script.facts}
        self.name, self.password = self.facts["account"]
        bodies = iter(script.messages)
        self.letters: dict[int, bytes] = {}
        for fact in script.facts:
            if fact[0] == "sized":
                self.letters[len(self.letters) + 1] = (
                    b"Subject: x\r\n\r\n".ljust(int(fact[1]) - 2, b".") + b"\r\n"
                )
            elif fact[0] == "message":
                self.letters[len(self.letters) + 1] = "".join(f"{line}\r\n" for line in next(bodies)).encode()
        self.machine = Pop3Server(
            Pop3Config(
                "hamburger.test",
                stls=True,
                plaintext="tls-only" not in self.facts,
                login_delay=int(self.facts.get("login-delay", ["0"])[0]),
                expire=int(self.facts["expire"][0]) if "expire" in self.facts else None,
            )
        )
        self.machine.greet(timestamp=self.facts.get("timestamp", [""])[0])

    def answer(self, event: Pop3Event) -> None:
        machine = self.machine
        if isinstance(event, Login | ApopLogin):
            self.log_in(event)
        elif isinstance(event, Retrieve):
            machine.message(self.letters[event.uid])
        elif isinstance(event, Update):
            for uid in event.uids:
                del self.letters[uid]
            machine.updated()
        elif isinstance(event, StartTls):
            assert machine.begin_tls()
            machine.tls_started()
        else:
            assert isinstance(event, Drain)
            machine.data_to_send()
            machine.go_on()

    def log_in(self, event: Login | ApopLogin) -> None:
        if isinstance(event, ApopLogin):
            right = event.digest == apop_digest(event.timestamp, self.password)
        else:
            right = event.password == self.password
        if event.user != self.name or not right:
            self.machine.refuse(Text.WRONG_CREDENTIALS, Code.AUTH)
        elif "refuse" in self.facts:
            self.machine.refuse(Text.TOO_MANY_SESSIONS, Code(self.facts["refuse"][0]))
        else:
            sizes = [(uid, len(letter)) for uid, letter in self.letters.items()]
            self.machine.logged_in(self.name, Snapshot(1, sizes))


@pytest.mark.parametrize("cut", [65_536, 1, 7, 0], ids=["whole", "octets", "sevens", "random"])
@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_dialogue(path: Path, cut: int) -> None:
    script = read_script(path)
    stage = Stage(script)
    replay(script, stage.machine, stage.answer, cut)
    if "left" in stage.facts:
        assert len(stage.letters) == int(stage.facts["left"][0])
        assert stage.machine.closing


def test_there_are_dialogues() -> None:
    assert len(SCRIPTS) >= 12

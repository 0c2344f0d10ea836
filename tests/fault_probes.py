"""What users of a lab see of its servers, as lines: the journey of a letter between them, and dialogues of programs that send and read."""

from __future__ import annotations

import base64
import http.client
import json
import re
import smtplib
import socket
import threading
import time
from collections.abc import Callable, Iterator

from laboratory import LabThread
from postroom.message.ids import IdKind, parse_id
from postroom.message.journey.events import Hop
from postroom.message.journey.timeline import timeline

ENDS = "(the connection ends)"
PATIENCE = 60.0
_CALLS = [["Mailbox/get", {"ids": []}, "a"], ["Email/query", {}, "b"]]
_USING = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"]


class Probes:
    """Of one lab. `seconds` are what the clock is moved by while something is slow."""

    def __init__(self, lab: LabThread) -> None:
        self.thread = lab
        self.lab = lab.lab
        self.seconds = 0.0

    def until(self, what: str, found: Callable[[], object]) -> object:
        """Waits for something that is not falsy, and moves the clock meanwhile."""
        end = time.monotonic() + PATIENCE
        while not (got := found()):
            assert time.monotonic() < end, what
            self._tick()
            time.sleep(0.02)
        return got

    def _tick(self) -> None:
        if self.seconds:
            self.move(self.seconds)

    def move(self, seconds: float) -> None:
        """Moves the clock."""

        async def advance() -> None:
            self.lab.clock.advance(seconds)

        self.thread.do(advance())

    def password(self, address: str) -> str:
        return next(one.password for one in self.lab.inhabitants if one.address == address)

    def ask(self, domain: str, sql: str, *arguments: object) -> list[tuple[object, ...]]:
        reading = self.lab.servers[domain].engine.reading()

        async def fetch() -> list[tuple[object, ...]]:
            return list(await reading.fetch(sql, *arguments))

        return self.thread.do(fetch())

    # ------------------------------------------------------------------------------------------------------ the journey

    def send(self, recipient: str = "bob@hamburger.test") -> int:
        """Alice hands a letter in; gives the number of its journey."""
        with smtplib.SMTP("127.0.0.1", self.lab.ports["crepes.test"]["submission"]) as smtp:
            smtp.login("alice@crepes.test", self.password("alice@crepes.test"))
            smtp.mail("alice@crepes.test")
            smtp.rcpt(recipient)
            reply = smtp.data(b"Subject: lunch\r\n\r\nHello\r\n")[1].decode()
        number = parse_id(IdKind.JOURNEY, reply.rpartition(" ")[2])
        assert number is not None
        return number

    def journey(self) -> list[str]:
        """The first attempt to send Alice's letter on to Bob."""
        number = self.send()

        def attempts() -> list[tuple[object, ...]]:
            sql = "SELECT events FROM journal WHERE accept_id = $1 AND kind = 'relay' ORDER BY hop_id"
            return self.ask("crepes.test", sql, number)

        [events] = self.until("an attempt", attempts)[0]
        return [line.text for line in timeline([Hop.unpack(events)], brief=True)]

    def settled(self) -> None:
        """Waits for an empty queue."""
        self.until("an empty queue", lambda: not self.ask("crepes.test", "SELECT 1 FROM jobs"))

    # ----------------------------------------------------------------------------------------------------------- dialogues

    def talk(self, service: str, script: Iterator[str | None]) -> list[str]:
        """What is said when a script has the words: it is sent each reply, and gives None to hear more."""
        told: list[str] = []
        done = threading.Event()
        thread = threading.Thread(target=self._talk, args=(service, script, told, done))
        thread.start()
        self.until("the end of the dialogue", done.is_set)
        thread.join()
        return told

    def _talk(
        self, service: str, script: Iterator[str | None], told: list[str], done: threading.Event
    ) -> None:
        port = self.lab.ports["hamburger.test"][service]
        try:
            with (
                socket.create_connection(("127.0.0.1", port), PATIENCE) as sock,
                sock.makefile("rb") as lines,
            ):
                next(script)
                while line := lines.readline():
                    told.append(f"<- {line.decode().rstrip()}")
                    words = script.send(line.decode().rstrip())
                    if words is not None:
                        told.append(f"-> {words.partition(chr(13))[0]}")
                        sock.sendall(words.encode() + b"\r\n")
        except (StopIteration, OSError):
            pass
        finally:
            told.append(ENDS)
            done.set()

    def smtp(self) -> list[str]:
        """Bob sends a letter."""
        who = base64.b64encode(
            b"\0bob@hamburger.test\0" + self.password("bob@hamburger.test").encode()
        ).decode()
        wants = [
            "EHLO client.test",
            f"AUTH PLAIN {who}",
            "MAIL FROM:<bob@hamburger.test>",
            "RCPT TO:<alice@crepes.test>",
            "DATA",
            "Subject: x\r\n\r\nHello\r\n.",
            "QUIT",
        ]
        return self.talk("submission", _by_reply(wants, r"\d\d\d "))

    def pop3(self) -> list[str]:
        """Bob fetches his first letter."""
        login = ["USER bob@hamburger.test", f"PASS {self.password('bob@hamburger.test')}"]
        return self.talk("pop3", _pop3([*login, "STAT", "RETR 1", "QUIT"]))

    def imap(self) -> list[str]:
        """Bob looks into his inbox, and puts a message there."""
        wants = [
            f"a1 LOGIN bob@hamburger.test {self.password('bob@hamburger.test')}",
            "a2 SELECT INBOX",
            "a3 UID FETCH 1:* (FLAGS)",
            "a4 APPEND INBOX {21+}\r\nSubject: x\r\n\r\nHello\r\n",
            "a5 LOGOUT",
        ]
        return self.talk("imap", _by_reply(wants, r"\* OK .* ready|\* BYE|a\d "))

    def jmap(self) -> list[str]:
        """What the session resource and two methods give."""
        told: list[str] = []
        done = threading.Event()
        thread = threading.Thread(target=self._jmap, args=(told, done))
        thread.start()
        self.until("the end of the requests", done.is_set)
        thread.join()
        return told

    def _jmap(self, told: list[str], done: threading.Event) -> None:
        web = http.client.HTTPConnection(
            "127.0.0.1", self.lab.ports["hamburger.test"]["http"], timeout=PATIENCE
        )
        who = base64.b64encode(f"bob@hamburger.test:{self.password('bob@hamburger.test')}".encode()).decode()
        headers = {"Authorization": f"Basic {who}", "Content-Type": "application/json"}
        try:
            web.request("GET", "/jmap/session", headers=headers)
            answer = web.getresponse()
            body = answer.read().decode()
            if answer.status != 200:
                told.append(f"{answer.status} {body}")
                return
            [account] = json.loads(body)["accounts"]
            calls = [[name, {**arguments, "accountId": account}, call] for name, arguments, call in _CALLS]
            web.request("POST", "/jmap/api", json.dumps({"using": _USING, "methodCalls": calls}), headers)
            answer = web.getresponse()
            body = answer.read().decode()
            if answer.status != 200:
                told.append(f"{answer.status} {body}")
                return
            responses = json.loads(body)["methodResponses"]
            told.extend(f"200 {json.dumps(one, separators=(',', ':'))}" for one in responses)
        except (OSError, http.client.HTTPException):
            told.append(ENDS)
        finally:
            web.close()
            done.set()


def _by_reply(wants: list[str], last: str) -> Iterator[str | None]:
    """The next words when the last line of a reply has come; gives up after a refusal that ends things."""
    line = yield None
    for words in wants:
        while not re.match(last, line):
            line = yield None
        line = yield words
    while True:
        yield None


def _pop3(wants: list[str]) -> Iterator[str | None]:
    line = yield None
    for words in wants:
        line = yield words
        if words.startswith("RETR") and line.startswith("+OK"):
            while line != ".":
                line = yield None
    while True:
        yield None


def shown(lines: list[str], symptom: str) -> bool:
    """Whether one of the lines is the symptom, in which `…` stands for anything."""
    pattern = ".*".join(re.escape(part) for part in symptom.split("…"))
    return any(re.fullmatch(pattern, line) or line.startswith(symptom) for line in lines)

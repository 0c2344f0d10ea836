"""Faults that are switched on: at a stage, for the next so many that match, until they are used up or taken away.

RFC 5321 §4.2 (replies), §4.5.3.2.6 (a reply that is lost). Deterministic: the first rule that matches has its turn, and says how often it had. Not
here: stages (`lab.faults.stages`); who asks: doors (`lab.faults.addressed`), connections (`lab.faults.guest`), sessions (`lab.faults.session`), the web
(`lab.faults.web`), the name server; faults with names (`lab.faults.mishaps`).
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, Literal, TypedDict, Unpack

from postroom.agent.terminal import count_text
from postroom.lab.faults.stages import (
    CERTIFICATES,
    STAGES,
    BadFault,
    check_service,
    near,
    parsed,
    protocol_of_reply,
    refusal,
)
from postroom.message.errors import Dictated

__all__ = ["BadFault", "FaultRule", "FaultRules", "Step", "Terms"]

Step = Literal["mail", "rcpt", "data", "after-data"]  # the steps of a transaction, at a door
ALWAYS: Final = 0
LOGINS: Final = frozenset({"AUTH", "PASS", "APOP", "LOGIN", "AUTHENTICATE"})
_HAPPENINGS: Final = ("reply", "delay", "drip", "drop", "refuse", "certificate", "strip")
MOST: Final = 1_000_000_000  # seconds or times that a fault may have
_NUMBERS: Final = frozenset({"delay", "drip", "times"})
_SWITCHES: Final = frozenset({"drop", "refuse", "strip"})
_ANYWHERE: Final = frozenset({"times", "domain"})


class Terms(TypedDict, total=False):
    """What a fault is; see `FaultRule`."""

    reply: str
    delay: float
    drip: float
    drop: bool
    refuse: bool
    certificate: str
    strip: bool
    times: int
    sender: str
    recipient: str
    domain: str
    service: str
    containing: str
    name: str
    kind: str


class FaultRule:
    """What goes wrong at a stage. `hits` is how often it did.

    `at` is `connect`, `banner`, `tls`, `auth`, `mail`, `rcpt`, `data`, `after-data`, `dns`, or a protocol with what is called: `imap FETCH`, `jmap
    Email/*`. `reply` is what is said instead, as that protocol says it; `delay` seconds pass before, `drip` seconds between two octets of the reply (of the lab's clock);
    `drop` cuts the connection without a word; with `refuse` nobody listens, or, when that is counted or comes late, the connection is reset. At `tls`: `certificate` is `expired` or `another name`, `strip` takes STARTTLS out of
    what is offered. `times` 0, as without, is always. `sender` and `recipient` are patterns of addresses (`*@crepes.test`); at `data` and `after-data` one
    of the recipients must match. `containing` must be in the command. `name` of the DNS with all below it, `kind` such as MX. `domain` is the one whose
    server has the fault, "" every server of the lab; `service` such as `smtp` or `imap*`. Raises `BadFault`.
    """

    def __init__(self, at: str, **terms: Unpack[Terms]) -> None:
        self.stage, self.called = parsed(at)
        self.at = f"{self.stage} {self.called}".strip()
        self.terms: dict[str, Any] = {name: value for name, value in terms.items() if value}
        self._check(at)
        self.reply: str = terms.get("reply", "")
        self.protocol = protocol_of_reply(self.stage, self.reply)
        self.delay = float(terms.get("delay", 0.0))
        self.drip = float(terms.get("drip", 0.0))
        self.drop = terms.get("drop", False)
        self.refuse = terms.get("refuse", False)
        self.certificate = terms.get("certificate", "")
        self.strip = terms.get("strip", False)
        self.domain = terms.get("domain", "")
        self.service = terms.get("service", "").lower()
        self.containing = terms.get("containing", "").lower()
        self.name = terms.get("name", "").lower().rstrip(".")
        self.kind = terms.get("kind", "").upper()
        self.hits = 0
        self.number = 0  # among the rules of its lab
        self.times = terms.get("times", ALWAYS)
        self._patterns = (terms.get("sender", "*").lower(), terms.get("recipient", "*").lower())

    def _check(self, at: str) -> None:
        if not any(self.terms.get(name) for name in _HAPPENINGS):
            raise BadFault(
                f"a fault needs something that happens: {self._of(_HAPPENINGS)}, as in reply='451', or drop"
            )
        may = STAGES[self.stage].terms | _ANYWHERE
        for name, value in self.terms.items():
            if name not in may:
                raise BadFault(f"{at}: a fault here has no {name}; {near(name, sorted(may))}")
            if name in _NUMBERS:
                if not (isinstance(value, int | float) and 0 <= value <= MOST):
                    raise BadFault(f"{at}: {name} is a number from 0 to {MOST:,}")
            elif not isinstance(value, bool if name in _SWITCHES else str):
                raise BadFault(
                    f"{at}: {name} is {'true or false' if name in _SWITCHES else 'text'}, not {value!r}"
                )
        certificate = self.terms.get("certificate", CERTIFICATES[0])
        if certificate not in CERTIFICATES:
            raise BadFault(f"{at}: no certificate {certificate!r}; {near(str(certificate), CERTIFICATES)}")
        check_service(str(self.terms.get("service", "")).lower())

    def _of(self, names: Iterable[str]) -> str:
        return ", ".join(name for name in names if name in STAGES[self.stage].terms)

    @property
    def spent(self) -> bool:
        """Whether it has done what it was to do."""
        return self.times != ALWAYS and self.hits >= self.times

    def matches(self, at: str, sender: str, recipients: Iterable[str]) -> bool:
        """Whether this is its turn; addresses as they are written, "" for the empty sender. At `mail` no recipient is known."""
        of_sender, of_recipient = self._patterns
        if at != self.stage or not fnmatch.fnmatchcase(sender.lower(), of_sender):
            return False
        return at == "mail" or any(fnmatch.fnmatchcase(one.lower(), of_recipient) for one in recipients)

    def calls(self, protocol: str, verb: str, line: str) -> bool:
        """Whether a command is meant, by its verb without UID, or by both."""
        if self.protocol not in ("", protocol) or self.containing not in line.lower():
            return False
        if self.stage == "auth":
            return verb in LOGINS
        return self.stage == protocol and any(
            fnmatch.fnmatchcase(one, self.called) for one in (verb, verb.removeprefix("UID "))
        )

    def concerns(self, name: str, kind: str) -> bool:
        """Whether a question to the DNS is meant; `name` in small letters without its last dot."""
        below = name == self.name or name.endswith(f".{self.name}")
        return self.stage == "dns" and (below or not self.name) and self.kind in ("", kind)

    def serves(self, service: str) -> bool:
        """Whether it is about a service."""
        return not self.service or fnmatch.fnmatchcase(service, self.service)

    def refusal(self) -> Dictated | None:
        """What is said at a door; None when nothing else is."""
        if not self.reply:
            return None
        code, status, words = refusal(self.reply)
        return Dictated(code, status, words)

    def __str__(self) -> str:
        what = self.reply.partition(" ")[0] or next(name for name in _HAPPENINGS if self.terms.get(name))
        return f"{self.at}: {what}, {count_text(self.hits, 'time')}"


class FaultRules:
    """The faults of one lab, in the order in which they were added."""

    def __init__(self) -> None:
        self._rules: list[FaultRule] = []
        self._numbers = 0
        self.changed: Callable[[], None] = lambda: None  # called when another rule may have its turn

    def add(self, rule: FaultRule) -> FaultRule:
        """One more."""
        self._numbers += 1
        rule.number = self._numbers
        self._rules = [
            *self._rules,
            rule,
        ]  # whoever is looking at them, in another thread too, looks on at the former ones
        self.changed()
        return rule

    def remove(self, rule: FaultRule) -> None:
        """Ends it; one that has ended stays so."""
        self._rules = [one for one in self._rules if one is not rule]
        self.changed()

    def clear(self) -> None:
        """Ends all."""
        self._rules = []
        self.changed()

    def turn(self, at: str, sender: str, recipients: Iterable[str], domain: str = "") -> FaultRule | None:
        """The rule whose turn it is at the door of a domain's server, counted; None when all is well."""
        if not self._rules:
            return None
        known = tuple(recipients)
        return self._first(domain, lambda rule: rule.matches(at, sender, known))

    def at_connection(
        self, stage: str, service: str, domain: str, *, wanted: Callable[[FaultRule], bool] = lambda _: True
    ) -> FaultRule | None:
        """The same for `connect`, `banner` and `tls` of a service."""
        return self._first(domain, lambda rule: rule.stage == stage and rule.serves(service) and wanted(rule))

    def at_command(self, protocol: str, service: str, domain: str, said: tuple[str, str]) -> FaultRule | None:
        """The same for a command; `said` is its verb, and its line without tag and secrets."""
        return self._first(domain, lambda rule: rule.serves(service) and rule.calls(protocol, *said))

    def at_question(self, name: str, kind: str) -> FaultRule | None:
        """The same for a question to the name server."""
        return self._first("", lambda rule: rule.concerns(name, kind))

    def first(self, domain: str, fits: Callable[[FaultRule], bool]) -> FaultRule | None:
        """The same for whatever fits."""
        return self._first(domain, fits)

    def any_at(self, *stages: str) -> bool:
        """Whether there are rules of these stages that are not used up."""
        return any(rule.stage in stages and not rule.spent for rule in self._rules)

    def refuses_all(self, service: str, domain: str) -> bool:
        """Whether nobody is to listen for a service, uncounted: the rule whose turn is next refuses always and at once."""
        rule = self._at_next_connection(service, domain)
        return rule is not None and rule.refuse and rule.times == ALWAYS and not rule.delay

    def refuses_next(self, service: str, domain: str) -> bool:
        """Whether the next connection to a service is refused at once; counted, for it is not made then."""
        rule = self._at_next_connection(service, domain)
        if rule is None or not rule.refuse or rule.delay:
            return False
        self._count(rule)
        return True

    def _at_next_connection(self, service: str, domain: str) -> FaultRule | None:
        concerned = (one for one in self._rules if one.domain in ("", domain) and one.serves(service))
        return next((one for one in concerned if one.stage == "connect" and not one.spent), None)

    def _first(self, domain: str, fits: Callable[[FaultRule], bool]) -> FaultRule | None:
        for rule in self._rules:
            if not rule.spent and (rule.stage == "dns" or rule.domain in ("", domain)) and fits(rule):
                self._count(rule)
                return rule
        return None

    def _count(self, rule: FaultRule) -> None:
        rule.hits += 1
        if rule.spent:
            self.changed()

    def __iter__(self) -> Iterator[FaultRule]:
        return iter(tuple(self._rules))

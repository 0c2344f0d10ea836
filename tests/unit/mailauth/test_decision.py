"""The decision as a table: what was found, what the settings say, what is done."""

from __future__ import annotations

from typing import Any

import pytest

from postroom.mailauth.arc.validation import ChainResult, SetResult
from postroom.mailauth.decision import Action, Decision, Measure, Policy, decide
from postroom.mailauth.dkim.results import SignatureResult
from postroom.mailauth.dkim.results import Verdict as Word
from postroom.mailauth.dmarc import verdict as dmarc
from postroom.mailauth.dmarc.author import Fault
from postroom.mailauth.dmarc.discovery import Published
from postroom.mailauth.dmarc.record import Policy as Asked
from postroom.mailauth.dmarc.record import parse
from postroom.mailauth.examination import NO_CHAIN
from postroom.mailauth.spf import verdict as spf
from postroom.mailauth.verdicts import Verdicts
from postroom.message.address import Address
from postroom.message.errors import (
    AuthorUnclear,
    MailError,
    SenderNotAllowed,
    SenderUndecided,
    SenderUnproven,
    SpfUndecided,
)

CLIENT = spf.Client("203.0.113.9", "a.test")
NOTE, JUNK, REFUSE = Measure


def sender(result: str, explanation: str = "") -> spf.Verdict:
    identity = spf.mail_from_identity(Address("a", "crepes.test"), "a.test")
    problem = "the DNS is silent" if result == "temperror" else ""
    return spf.Verdict(
        spf.Result(result), identity, CLIENT, "v=spf1 -all", problem=problem, explanation=explanation
    )


def asked(result: str, disposition: str = "none", **more: Any) -> dmarc.Verdict:
    return dmarc.Verdict(dmarc.Result(result), "crepes.test", disposition=Asked(disposition), **more)


def signed(verdict: str) -> tuple[SignatureResult, ...]:
    return (SignatureResult(Word(verdict), domain="else.test"),)


def chain(*sets: tuple[str, str], passed: bool = True) -> ChainResult:
    """Sealers from the first to the newest, each with what it found."""
    found = tuple(
        SetResult(number, domain, "s", "pass", f"{domain}; {results}")
        for number, (domain, results) in enumerate(sets, 1)
    )
    return ChainResult(Word.PASS if passed else Word.FAIL, "" if passed else "no", found, 0, len(found))


def found(
    mail_from: str = "pass", about: dmarc.Verdict | None = None, dkim: str = "", arc: ChainResult = NO_CHAIN
) -> Verdicts:
    return Verdicts(
        None, None, sender(mail_from), signed(dkim) if dkim else (), 0, arc, about or asked("none")
    )


SEEN = "dmarc=pass header.from=crepes.test"
REJECTED = asked("fail", "reject")
TESTING = Published("crepes.test", parse(b"v=DMARC1; p=quarantine; t=y"))
LISTS = Policy(sealers=frozenset({"lists.test", "relay.test"}))


def faulty(fault: Fault, result: str = "permerror", disposition: str = "none") -> dmarc.Verdict:
    return asked(result, disposition, fault=fault, problem=str(fault))


CASES = [
    # DMARC: what the author's domain asks for
    (found("pass", asked("pass")), Policy(), "accept"),
    (found("fail", asked("pass")), Policy(), "accept"),
    # RFC 9989 §5.4: p=none changes nothing of what is done without DMARC
    (found("pass", asked("fail", "none")), Policy(), "accept"),
    (found("fail", asked("fail", "none")), Policy(), "junk"),
    (found("fail", asked("fail", "none")), Policy(spf_fail=REFUSE), "refuse"),
    (found("fail", asked("fail", "none")), Policy(spf_fail=NOTE), "accept"),
    (found("fail", asked("fail", "none"), dkim="pass"), Policy(spf_fail=REFUSE), "accept"),
    (found("softfail", asked("fail", "none")), Policy(spf_fail=REFUSE), "accept"),
    (found("temperror", asked("fail", "none")), Policy(defer=True), "defer"),
    (found("fail", asked("fail", "quarantine")), Policy(spf_fail=REFUSE), "junk"),
    (found("fail", asked("fail", "none"), arc=chain(("lists.test", SEEN))), LISTS, "accept"),
    (found("pass", asked("fail", "quarantine")), Policy(), "junk"),
    (found("pass", asked("fail", "reject")), Policy(), "refuse"),
    (found("pass", asked("fail", "reject"), dkim="pass"), Policy(), "refuse"),
    (found("pass", asked("fail", "reject")), Policy(most=JUNK), "junk"),
    (found("pass", asked("fail", "reject")), Policy(most=NOTE), "accept"),
    (found("pass", asked("fail", "quarantine")), Policy(most=NOTE), "accept"),
    # From that does not name one author
    (found("pass", faulty(Fault.FROM_TWICE)), Policy(), "refuse"),
    (found("pass", faulty(Fault.TOO_LONG)), Policy(), "refuse"),
    (found("pass", faulty(Fault.UNREADABLE)), Policy(), "refuse"),
    (found("pass", faulty(Fault.TOO_MANY)), Policy(), "refuse"),
    (found("pass", faulty(Fault.NO_FROM)), Policy(), "junk"),
    (found("pass", faulty(Fault.NO_AUTHOR)), Policy(), "junk"),
    (found("pass", faulty(Fault.SEVERAL_DOMAINS)), Policy(), "junk"),
    (found("pass", faulty(Fault.SEVERAL_DOMAINS, "fail", "none")), Policy(), "junk"),
    (found("pass", faulty(Fault.SEVERAL_DOMAINS, "fail", "reject")), Policy(), "refuse"),
    (found("pass", faulty(Fault.FROM_TWICE, "fail", "quarantine")), Policy(), "refuse"),
    (found("pass", faulty(Fault.FROM_TWICE, "fail", "quarantine")), Policy(author=NOTE), "junk"),
    (found("pass", faulty(Fault.FROM_TWICE)), Policy(author=JUNK), "junk"),
    (found("pass", faulty(Fault.FROM_TWICE)), Policy(author=NOTE), "accept"),
    (found("pass", faulty(Fault.NO_FROM)), Policy(author=NOTE), "accept"),
    (found("pass", faulty(Fault.FROM_TWICE)), Policy(most=NOTE), "accept"),
    # SPF by itself, where DMARC has nothing to say
    (found("fail"), Policy(), "junk"),
    (found("fail"), Policy(spf_fail=REFUSE), "refuse"),
    (found("fail"), Policy(spf_fail=NOTE), "accept"),
    (found("fail"), Policy(spf_fail=REFUSE, most=JUNK), "junk"),
    (found("fail", dkim="pass"), Policy(spf_fail=REFUSE), "accept"),
    (found("fail", dkim="fail"), Policy(spf_fail=REFUSE), "refuse"),
    (found("softfail"), Policy(spf_fail=REFUSE), "accept"),
    (found("neutral"), Policy(spf_fail=REFUSE), "accept"),
    (found("none"), Policy(spf_fail=REFUSE), "accept"),
    (found("permerror"), Policy(spf_fail=REFUSE), "accept"),
    # a DNS in trouble
    (found("temperror"), Policy(), "accept"),
    (found("temperror"), Policy(defer=True), "defer"),
    (found("temperror", dkim="pass"), Policy(defer=True), "accept"),
    (found("temperror", asked("pass")), Policy(defer=True), "accept"),
    (found("pass", asked("temperror", problem="silent")), Policy(), "accept"),
    (found("pass", asked("temperror", problem="silent")), Policy(defer=True), "defer"),
    (found("pass", asked("temperror", problem="silent")), Policy(defer=True, most=JUNK), "accept"),
    # ... of which it is known that its author asks for something: not to be refused, not to be trusted
    (found("pass", asked("temperror", problem="silent", policy=Asked.REJECT)), Policy(), "junk"),
    (found("pass", asked("temperror", problem="silent", policy=Asked.QUARANTINE)), Policy(), "junk"),
    (found("pass", asked("temperror", problem="silent", policy=Asked.NONE)), Policy(), "accept"),
    (found("pass", asked("temperror", problem="silent", policy=Asked.QUARANTINE, published=TESTING)), Policy(), "accept"),
    (found("pass", asked("temperror", problem="silent", policy=Asked.REJECT)), Policy(most=NOTE), "accept"),
    (found("pass", asked("temperror", problem="silent", policy=Asked.REJECT)), Policy(defer=True), "defer"),
    (found("pass", asked("temperror", problem="silent", policy=Asked.REJECT)), Policy(defer=True, most=JUNK), "junk"),
    # ARC: who is trusted saw it pass
    (found("fail", REJECTED, arc=chain(("lists.test", SEEN))), LISTS, "accept"),
    (found("fail", REJECTED, arc=chain(("lists.test", "dmarc=pass action=none header.from=crepes.test"))), LISTS, "accept"),
    (found("fail", REJECTED, arc=chain(("lists.test", "dmarc=pass header.from=<alice@crepes.test>"))), LISTS, "accept"),
    (found("fail", REJECTED, arc=chain(("lists.test", "dmarc=pass header.from=<crepes.test@evil.test>"))), LISTS, "refuse"),
    (found("fail", REJECTED, arc=chain(("lists.test", SEEN))), Policy(), "refuse"),
    (found("fail", REJECTED, arc=chain(("lists.test", SEEN), passed=False)), LISTS, "refuse"),
    (found("fail", REJECTED, arc=chain(("evil.test", SEEN))), LISTS, "refuse"),
    (found("fail", REJECTED, arc=chain(("lists.test", "dmarc=fail header.from=crepes.test"))), LISTS, "refuse"),
    (found("fail", REJECTED, arc=chain(("lists.test", "dmarc=pass header.from=evil.test"))), LISTS, "refuse"),
    (found("fail", REJECTED, arc=chain(("lists.test", "dmarc=pass"))), LISTS, "refuse"),
    (found("fail", REJECTED, arc=chain(("lists.test", "spf=pass"))), LISTS, "refuse"),
    (found("fail", REJECTED, arc=chain(("lists.test", "nonsense"))), LISTS, "refuse"),
    (found("fail", REJECTED, arc=chain(("lists.test", SEEN), ("relay.test", "arc=pass"))), LISTS, "accept"),
    (found("fail", REJECTED, arc=chain(("lists.test", SEEN), ("evil.test", SEEN))), LISTS, "refuse"),
    (found("fail", REJECTED, arc=chain(("evil.test", "arc=none"), ("lists.test", SEEN))), LISTS, "accept"),
    (
        found("pass", faulty(Fault.SEVERAL_DOMAINS, "fail", "reject"), arc=chain(("lists.test", SEEN))),
        LISTS,
        "refuse",
    ),
    (Verdicts(), Policy(), "accept"),
]  # fmt: skip


@pytest.mark.parametrize(("verdicts", "policy", "action"), CASES)
def test_what_is_done(verdicts: Verdicts, policy: Policy, action: str) -> None:
    decision = decide(verdicts, policy)
    assert decision.action == Action(action)
    assert bool(decision.words) == (decision.action in (Action.REFUSE, Action.DEFER))
    assert decision.words.isascii()


def reason(decision: Decision) -> tuple[type[MailError], str]:
    return decision.error, str(decision.error.status)


@pytest.mark.parametrize(
    ("verdicts", "policy", "error", "status"),
    [
        (found("fail", REJECTED), Policy(), SenderUnproven, "5.7.26"),
        (found("pass", faulty(Fault.FROM_TWICE)), Policy(), AuthorUnclear, "5.7.1"),
        (found("fail"), Policy(spf_fail=REFUSE), SenderNotAllowed, "5.7.23"),
        (found("temperror"), Policy(defer=True), SpfUndecided, "4.7.24"),
        (
            found("temperror", asked("temperror", problem="silent")),
            Policy(defer=True),
            SenderUndecided,
            "4.7.0",
        ),
    ],
)
def test_each_refusal_has_its_status(
    verdicts: Verdicts, policy: Policy, error: type[MailError], status: str
) -> None:
    assert reason(decide(verdicts, policy)) == (error, status)


def test_words_of_strangers_are_cut_and_made_printable() -> None:
    verdicts = Verdicts(sender=sender("fail", "x" * 500), dmarc=asked("none"))
    words = decide(verdicts, Policy(spf_fail=REFUSE)).words
    assert len(words) < 400
    verdicts = Verdicts(sender=sender("pass"), dmarc=asked("fail", "reject"))
    strange = dmarc.Verdict(dmarc.Result.FAIL, "crêpes\r\n250 ok.test", disposition=Asked.REJECT)
    assert "\r" not in decide(Verdicts(dmarc=strange), Policy()).words


def test_a_failure_that_is_not_followed_is_told() -> None:
    decision = decide(found("fail", REJECTED, arc=chain(("lists.test", SEEN))), LISTS)
    assert (decision.override, decision.because) == (
        "trusted_forwarder",
        "lists.test is trusted and sealed dmarc=pass (ARC)",
    )
    assert decide(found("fail", REJECTED), Policy(most=JUNK)).override == "local_policy"
    assert not decide(found("fail", REJECTED), Policy()).override

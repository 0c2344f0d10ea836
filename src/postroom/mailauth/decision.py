"""What is done with a message: one pure function of what was found out and what the settings say.

RFC 9989 §5.4 and §8 (what an author's domain asks for), RFC 7208 §8.4 and §8.6 (fail, temperror), RFC 8617 §7.2.1 (a sealer who is trusted), RFC 7372
§3 (the statuses). The rules are a table, asked in its order; the first that says something decides. Not here: the verdicts, and the doing.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from types import MappingProxyType

import msgspec

from postroom.mailauth.dkim.names import a_labels
from postroom.mailauth.dmarc import verdict as dmarc
from postroom.mailauth.dmarc.author import Fault
from postroom.mailauth.dmarc.record import Policy as Asked
from postroom.mailauth.spf import verdict as spf
from postroom.mailauth.verdicts import Verdicts
from postroom.message.errors import (
    AuthorUnclear,
    MailError,
    SenderNotAllowed,
    SenderUndecided,
    SenderUnproven,
    SpfUndecided,
)
from postroom.message.headers import authentication_results
from postroom.message.printable import printable_ascii

SHOWN = 120  # characters of a stranger's words in a reply


class Measure(enum.IntEnum):
    """What may be done about a message, from the mildest on: say it in the header, put it into Junk, refuse it."""

    NOTE = 0
    JUNK = 1
    REFUSE = 2


class Policy(msgspec.Struct, frozen=True):
    """The settings, as values. `most` is the strictest measure at all, whatever an author's domain asks for.

    `spf_fail` is for a MAIL FROM that its domain disowns, where DMARC asks for nothing and no signature passes; `author` is the strictest for
    a From that names not exactly one author. `defer` refuses for now what the DNS left undecided. Of `sealers` (domains, in A-labels)
    an ARC chain is believed.
    """

    most: Measure = Measure.REFUSE
    spf_fail: Measure = Measure.JUNK
    author: Measure = Measure.REFUSE
    defer: bool = False
    sealers: frozenset[str] = frozenset()


class Action(enum.StrEnum):
    """What becomes of the message. DEFER is a refusal for now."""

    ACCEPT = "accept"
    JUNK = "junk"
    REFUSE = "refuse"
    DEFER = "defer"


class Decision(msgspec.Struct, frozen=True):
    """An action and why; `words` are for the client when it is refused, with `error` for the kind.

    `override` is why DMARC failed and was not followed: "local_policy" or "trusted_forwarder" (RFC 9990 §3.1.6), else "".
    """

    action: Action
    because: str = ""
    words: str = ""
    error: type[MailError] = MailError
    override: str = ""


_ACTIONS: Mapping[Measure, Action] = MappingProxyType(
    {Measure.NOTE: Action.ACCEPT, Measure.JUNK: Action.JUNK, Measure.REFUSE: Action.REFUSE}
)
_ASKED: Mapping[Asked, Measure] = MappingProxyType(
    {Asked.NONE: Measure.NOTE, Asked.QUARANTINE: Measure.JUNK, Asked.REJECT: Measure.REFUSE}
)
_UNASKED = frozenset({dmarc.Result.NONE, dmarc.Result.FAIL})  # FAIL where the policy has not decided already
_FAULTS: Mapping[Fault, Measure] = MappingProxyType(
    {  # what no honest program sends is refused; what the careless send is junk
        Fault.TOO_LONG: Measure.REFUSE,
        Fault.FROM_TWICE: Measure.REFUSE,
        Fault.UNREADABLE: Measure.REFUSE,
        Fault.TOO_MANY: Measure.REFUSE,
        Fault.NO_FROM: Measure.JUNK,
        Fault.NO_AUTHOR: Measure.JUNK,
        Fault.SEVERAL_DOMAINS: Measure.JUNK,
    }
)


def decide(verdicts: Verdicts, policy: Policy) -> Decision:
    """The decision; a message about which no rule says anything is accepted."""
    for rule in _RULES:
        decision = rule(verdicts, policy)
        if decision is not None:
            return decision
    return Decision(Action.ACCEPT)


def _author_domain_asks(verdicts: Verdicts, policy: Policy) -> Decision | None:
    """RFC 9989 §5.4: what the domain asks for is done, unless a trusted sealer saw the message before it was changed."""
    found = verdicts.dmarc
    if found is None or found.result is not dmarc.Result.FAIL:
        return None
    sealer = vouching_sealer(verdicts, policy.sealers) if found.fault is None else ""
    if sealer:
        return Decision(
            Action.ACCEPT, f"{sealer} is trusted and sealed dmarc=pass (ARC)", override="trusted_forwarder"
        )
    asked = _ASKED[found.disposition]
    if found.fault is not None and asked < min(_FAULTS[found.fault], policy.author):
        return None
    if asked is Measure.NOTE:  # RFC 9989 §5.4: that must not change what is done without DMARC
        because = f"DMARC asks for {found.disposition}"
        return _client_is_disowned(verdicts, policy) or Decision(Action.ACCEPT, because)
    measure = min(asked, policy.most)
    words = (
        f"Mail of {_shown(found.author)} is refused: its domain asks for that (DMARC) where neither SPF nor DKIM speaks for it;"
        f" send by a server that its SPF record names, or with its DKIM signature"
    )
    because = f"DMARC asks for {found.disposition}" + (", local policy does less" if measure < asked else "")
    return _taken(measure, because, words, SenderUnproven, override="local_policy" if measure < asked else "")


def _author_is_unclear(verdicts: Verdicts, policy: Policy) -> Decision | None:
    """RFC 5322 §3.6: one From field. Several, or one that two readers read differently, serve to show another author than was checked."""
    found = verdicts.dmarc
    if found is None or found.fault is None:
        return None
    measure = min(_FAULTS[found.fault], policy.author, policy.most)
    words = f"The message has {found.fault}; send one From field with the address of its author"
    return _taken(measure, found.problem, words, AuthorUnclear)


def _dmarc_is_undecided(verdicts: Verdicts, policy: Policy) -> Decision | None:
    """RFC 9989 §5.3.6: nobody knows, for now, so the policy is not applied; where there is one, the message is not trusted either."""
    found = verdicts.dmarc
    if found is None or found.result is not dmarc.Result.TEMPERROR:
        return None
    decision = _undecided(policy, found.words)
    if decision.action is Action.ACCEPT and found.applied is not Asked.NONE:
        return msgspec.structs.replace(decision, action=_ACTIONS[min(Measure.JUNK, policy.most)])
    return decision


def _client_is_disowned(verdicts: Verdicts, policy: Policy) -> Decision | None:
    """RFC 7208 §8.4, where the author's domain asks for nothing else, and no signature speaks for anybody."""
    sender, found = verdicts.sender, verdicts.dmarc
    if sender is None or (found is not None and found.result not in _UNASKED):
        return None
    if any(one.passed for one in verdicts.signatures):
        return None
    if sender.result is spf.Result.TEMPERROR:
        return _undecided(policy, sender.words, SpfUndecided)
    if sender.result is not spf.Result.FAIL:
        return None
    domain = _shown(sender.identity.domain)
    # RFC 7208 §6.2: what the domain says is marked as its words
    says = f" ({domain} explains: {printable_ascii(sender.explanation, SHOWN)})" if sender.explanation else ""
    words = f"{sender.client.ip} may not send mail of {domain}, says its SPF record{says}; send by a server that the record names"
    return _taken(min(policy.spf_fail, policy.most), f"spf=fail: {sender.words}", words, SenderNotAllowed)


_RULES: tuple[Callable[[Verdicts, Policy], Decision | None], ...] = (
    _author_domain_asks,
    _author_is_unclear,
    _dmarc_is_undecided,
    _client_is_disowned,
)


def vouching_sealer(verdicts: Verdicts, sealers: frozenset[str]) -> str:
    """The sealer who saw the message pass DMARC: trusted, and so is everybody who had it after him (RFC 8617 §7.2.1); "" without one."""
    found = verdicts.dmarc
    if not sealers or found is None or not verdicts.chain.passed:
        return ""
    for one in reversed(verdicts.chain.sets):
        if a_labels(one.domain) not in sealers:
            return ""
        sealed = authentication_results.parse(one.results.encode())
        for result in sealed.results if sealed else ():
            # some write the whole address
            author = (result.get("header", "from") or "").strip("<>").rpartition("@")[2]
            if (result.method, result.result, a_labels(author)) == ("dmarc", "pass", found.author):
                return one.domain
    return ""


def _undecided(policy: Policy, why: str, error: type[MailError] = SenderUndecided) -> Decision:
    if not policy.defer or policy.most < Measure.REFUSE:
        return Decision(Action.ACCEPT, f"undecided: {why}")
    words = f"The sender cannot be checked now ({printable_ascii(why, SHOWN)}); try again later"
    return Decision(Action.DEFER, f"undecided: {why}", words, error)


def _taken(
    measure: Measure, because: str, words: str, error: type[MailError], *, override: str = ""
) -> Decision:
    action = _ACTIONS[measure]
    if measure is not Measure.REFUSE:
        return Decision(action, because, override=override)
    return Decision(action, because, words, error, override)


def _shown(domain: str) -> str:
    return printable_ascii(domain, SHOWN) or "nobody"

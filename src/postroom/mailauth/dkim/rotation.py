"""The life of selectors: publish, wait, switch, retire. Values and moments alone; who asks performs the steps.

RFC 6376 §3.1 (selectors let keys be replaced), §3.6.1 (an empty p= revokes). A new key is published and waits until resolvers cannot have its
absence in their caches; then it signs, and the old one stays in the DNS until no letter that it signed is under way. Not here: the DNS,
private keys, and where this is kept.

    published --wait, and seen in the DNS--> signing --a newer one signs--> retiring --overlap--> revoked --keep--> gone
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

import msgspec

from postroom.mailauth.dkim.private_key import Algorithm

_DAY = 86_400


class Phase(enum.StrEnum):
    """Where a selector is in its life; its record is in the DNS in all of them."""

    PUBLISHED = "published"  # signs nothing yet
    SIGNING = "signing"
    RETIRING = "retiring"  # signs nothing any more, verifies what is under way
    REVOKED = "revoked"  # its record is an empty p=


class Action(enum.StrEnum):
    """What is to be done."""

    PUBLISH = "publish"  # make a key of this algorithm, and put its record into the DNS
    SWITCH = "switch"  # sign with this one from now on
    REVOKE = "revoke"  # replace its record by the one with an empty p=, and delete the private key
    REMOVE = "remove"  # take its record out of the DNS


class Selector(msgspec.Struct, frozen=True):
    """One selector; `since` is when its phase began, in unix seconds."""

    name: str
    algorithm: Algorithm
    phase: Phase
    since: int


class Step(msgspec.Struct, frozen=True):
    """An action that is due; of PUBLISH, `selector` is the name to be used."""

    action: Action
    selector: str
    algorithm: Algorithm


class RotationTerms(msgspec.Struct, frozen=True):
    """Durations in seconds. `overlap` is longer than a signature lives (`signing.LIFE_SECONDS`)."""

    algorithms: tuple[Algorithm, ...] = (Algorithm.RSA, Algorithm.ED25519)
    life: int = 180 * _DAY
    wait: int = 2 * _DAY
    overlap: int = 9 * _DAY
    keep: int = 30 * _DAY


_MOVES: Mapping[Action, tuple[Phase, Phase | None]] = MappingProxyType(
    {
        Action.SWITCH: (Phase.PUBLISHED, Phase.SIGNING),
        Action.REVOKE: (Phase.RETIRING, Phase.REVOKED),
        Action.REMOVE: (Phase.REVOKED, None),
    }
)


def due(selectors: Sequence[Selector], now: int, seen: Collection[str], terms: RotationTerms) -> list[Step]:
    """The steps that are due; `seen` are the selectors whose right record the DNS was found to have.

    A domain that has nothing gets its first keys; they wait as later ones do, since a signature without a key is worse than none. A clock
    that was set back delays a step, and repeats none.
    """
    steps: list[Step] = []
    for algorithm in terms.algorithms:
        mine = [one for one in selectors if one.algorithm is algorithm]
        ready = [one for one in mine if _is_ready(one, now, seen, terms)]
        waiting = any(one.phase is Phase.PUBLISHED for one in mine)
        signs = [one for one in mine if one.phase is Phase.SIGNING]
        if ready:
            newest = max(ready, key=lambda one: one.since)
            steps.append(Step(Action.SWITCH, newest.name, algorithm))
        elif not waiting and all(now - one.since >= terms.life for one in signs):
            steps.append(Step(Action.PUBLISH, _new_name(selectors, algorithm, now), algorithm))
    for one in selectors:
        if one.phase is Phase.RETIRING and now - one.since >= terms.overlap:
            steps.append(Step(Action.REVOKE, one.name, one.algorithm))
        elif one.phase is Phase.REVOKED and now - one.since >= terms.keep:
            steps.append(Step(Action.REMOVE, one.name, one.algorithm))
    return steps


def taken(selectors: Sequence[Selector], step: Step, now: int) -> list[Selector]:
    """The selectors after a step was taken. Raises ValueError for a step that the selectors do not allow."""
    if step.action is Action.PUBLISH:
        if any(one.name == step.selector for one in selectors):
            raise ValueError(f"there is a selector {step.selector} already")
        return [*selectors, Selector(step.selector, step.algorithm, Phase.PUBLISHED, now)]
    expected, after = _MOVES[step.action]
    meant = next((one for one in selectors if one.name == step.selector and one.phase is expected), None)
    if meant is None:
        raise ValueError(f"{step.action} needs a selector {step.selector} that is {expected}")
    moved: list[Selector] = []
    for one in selectors:
        if one is meant:
            if after is not None:
                moved.append(msgspec.structs.replace(one, phase=after, since=now))
        elif step.action is Action.SWITCH and _steps_back(one, meant):
            moved.append(msgspec.structs.replace(one, phase=Phase.RETIRING, since=now))
        else:
            moved.append(one)
    return moved


def _is_ready(one: Selector, now: int, seen: Collection[str], terms: RotationTerms) -> bool:
    return one.phase is Phase.PUBLISHED and now - one.since >= terms.wait and one.name in seen


def _steps_back(one: Selector, next_one: Selector) -> bool:
    """What signed until now; and what still waits though it is older, so that it does not sign after its successor."""
    older = one.phase is Phase.PUBLISHED and one.since <= next_one.since
    return one.algorithm is next_one.algorithm and (older or one.phase is Phase.SIGNING)


def _new_name(selectors: Sequence[Selector], algorithm: Algorithm, now: int) -> str:
    """`rsa-20671` or `ed25519-20671`: the algorithm and the day; with a number behind it when the name was used."""
    day = f"{algorithm.partition('-')[0]}-{now // _DAY}"
    used = {one.name for one in selectors}
    name, count = day, 1
    while name in used:
        count += 1
        name = f"{day}-{count}"
    return name

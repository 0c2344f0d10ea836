"""Faults from outside: the operations behind `postroom lab faults`, the lab's page and its HTTP interface.

Not here: the switches (`lab.faults.switches`), rules and stages (`lab.faults.rules`, `lab.faults.stages`), the socket (`lab.control`).
"""

from __future__ import annotations

import difflib
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final, cast

from postroom.app.control import OperationError
from postroom.lab.faults.addressed import FAULTS
from postroom.lab.faults.mishaps import MISHAPS, BadMishap, parse_mishap
from postroom.lab.faults.rules import FaultRule, FaultRules, Terms
from postroom.lab.faults.stages import STAGES, BadFault
from postroom.lab.faults.switches import Switches

PUT_ON: Final = "faults.add"
LIST: Final = "faults.list"
CLEAR: Final = "faults.clear"


class FaultBook:
    """What is wrong in one lab, on and off."""

    def __init__(self, switches: Switches, rules: FaultRules) -> None:
        self._switches = switches
        self._rules = rules

    async def put_on(self, arguments: Mapping[str, Any]) -> AsyncIterator[dict[str, Any]]:
        """`what` is a fault with a name (`no-mx@hamburger.test`), or a stage (`rcpt`, `imap FETCH`) with the terms of `FaultRule` beside it."""
        terms = dict(arguments)
        what = str(terms.pop("what", ""))
        try:
            if what.partition("@")[0] in MISHAPS:
                if terms:
                    raise BadFault(f"{what} is a fault with a name and has no {', '.join(terms)}")
                await self._switches.put_on(parse_mishap(what))
            else:
                self._switches.add(FaultRule(_known(what), **cast("Terms", terms)))
        except (BadFault, BadMishap, TypeError) as error:
            raise OperationError(str(error).removeprefix("--fault ")) from error
        name = what if "@" in what else ""
        told = self._switches.described()
        yield next((one for one in told if name and one.get("fault") == name), _newest(told, what))

    async def listed(self, arguments: Mapping[str, Any]) -> AsyncIterator[dict[str, Any]]:
        """What is on; with `known`, also what there is: by address, by name."""
        for record in self._switches.described():
            yield record
        if arguments.get("known"):
            for name, fault in FAULTS.items():
                yield {"address": f"{name}@", "words": fault.words}
            for name, mishap in MISHAPS.items():
                yield {"name": f"{name}@{mishap.at}", "words": mishap.words}

    async def cleared(self, arguments: Mapping[str, Any]) -> AsyncIterator[dict[str, Any]]:
        """Ends all faults, or `which`: numbers of rules and names. Gives those that were ended."""
        which = [str(one) for one in arguments.get("which", ())]
        told = self._switches.described()
        ended = [one for one in told if not which or _called(one) & set(which)]
        for name in which:
            if not any(name in _called(one) for one in told):
                raise OperationError(_not_on(name, told))
        for one in ended:
            if "fault" in one:
                await self._switches.take_off(parse_mishap(one["fault"]))
            else:
                await self._switches.remove(*(rule for rule in self._rules if rule.number == one["number"]))
            yield one


def _newest(told: list[dict[str, Any]], what: str) -> dict[str, Any]:
    named = [one for one in told if one.get("fault", "").partition("@")[0] == what]
    return named[-1] if named else told[-1]


def _called(record: Mapping[str, Any]) -> set[str]:
    """What a record can be called by."""
    if "number" in record:
        return {str(record["number"])}
    return {record["fault"], record["fault"].partition("@")[0]}


def _not_on(name: str, told: list[dict[str, Any]]) -> str:
    known = sorted(set().union(*map(_called, told))) if told else []
    return f"no fault {name} is on; " + (f"on are {', '.join(known)}" if known else "none is on at all")


def _known(what: str) -> str:
    """The stage, when there is one; raises `BadFault` that names the nearest word of all."""
    word = what.partition(" ")[0].lower()
    if word not in STAGES:
        choice = (*STAGES, *MISHAPS)
        near = difflib.get_close_matches(what.partition("@")[0].lower(), choice, n=1, cutoff=0.5)
        if near:
            raise BadFault(f"there is no fault {what!r}; did you mean {near[0]}?")
        stages, names = ", ".join(STAGES), ", ".join(MISHAPS)
        raise BadFault(f"there is no fault {what!r}; stages: {stages}; names: {names}")
    return what

"""A request's calls, one after the other: references resolved, arguments checked, errors told at their place.

RFC 8620 §3.2 to §3.7. Not here: the methods, and HTTP.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from postroom.message.errors import MailError, NotPermitted, TryLater
from postroom.message.ids import IdKind
from postroom.proto.jmap import references
from postroom.proto.jmap.errors import MethodError, Refused
from postroom.proto.jmap.request import Invocation, Request, response
from postroom.proto.jmap.types import Object, take
from postroom.serve.jmap.dispatch import METHODS
from postroom.serve.jmap.methods.call import STATE, Call, JmapService, Method, Overtaken, Visitor, number_of
from postroom.serve.jmap.methods.turns import is_changing
from postroom.store.mailboxes.rights import NoSuchMailbox

MOST_TRIES: Final = 5  # of a call with a state, while others change the account


async def perform(
    service: JmapService, visitor: Visitor, request: Request, session_state: str
) -> dict[str, Any]:
    """The Response object."""
    call = Call(service, visitor, request.created_ids)
    call.using = request.using
    answers: list[Invocation] = []
    for invocation in request.method_calls:
        answers.append(await _answer(call, request, invocation, answers))
        while call.further:
            name, arguments = call.further.pop(0)
            answers.append(await _implied(call, Invocation(name, arguments, invocation.call_id)))
        await asyncio.sleep(0)  # others have their turn
    created = call.created if request.created_ids is not None else None
    return response(answers, session_state, created)


async def _answer(
    call: Call, request: Request, invocation: Invocation, earlier: list[Invocation]
) -> Invocation:
    try:
        method = METHODS.get(invocation.name)
        if method is None or method.capability not in request.using:
            raise MethodError("unknownMethod")
        if call.service.before is not None:
            await call.service.before(invocation.name)
        most = call.service.limits.max_size_request
        arguments = references.resolve(invocation.arguments, earlier, most)
        told = await _in_turn(call, invocation.name, method, arguments)
        return Invocation(invocation.name, told, invocation.call_id)
    except MethodError as error:
        return Invocation("error", error.arguments(), invocation.call_id)


async def _implied(call: Call, invocation: Invocation) -> Invocation:
    """A call that another one makes: whoever may make that one need not name the capability of this one."""
    try:
        told = await _in_turn(call, invocation.name, METHODS[invocation.name], invocation.arguments)
    except MethodError as error:
        return Invocation("error", error.arguments(), invocation.call_id)
    return Invocation(invocation.name, told, invocation.call_id)


async def _in_turn(call: Call, name: str, method: Method, arguments: Object) -> Object:
    """A method that changes an account has it to itself; see `serve.jmap.methods.turns`."""
    account_id = arguments.get("accountId")
    if not is_changing(name) or not isinstance(account_id, str):
        return await _run(call, method, arguments)
    async with call.service.turns.of(account_id):
        number = number_of(IdKind.ACCOUNT, account_id) or 0
        for _ in range(MOST_TRIES):
            try:
                return await _alone(call, method, arguments, number)
            except Overtaken:
                continue  # nothing was done: it is seen anew whether the state is another
    raise MethodError("serverUnavailable", "others change this account all the time: try again")


async def _alone(call: Call, method: Method, arguments: Object, number: int) -> Object:
    before = await _modseq(call, number)
    call.committed.clear()
    call.expected = (number, before) if arguments.get("ifInState") is not None else None
    try:
        told = await _run(call, method, arguments)
    finally:
        call.expected = None
    after = await _modseq(call, number)
    ours = sum(owner == number and before < modseq <= after for owner, modseq in call.committed)
    by_others = after - before > ours  # what they have done between must not be taken for ours
    return {**told, "oldState": None} if by_others and "oldState" in told else told


async def _modseq(call: Call, account_id: int) -> int:
    row = await call.reading.fetchrow(STATE, account_id)
    return int(row[0]) if row is not None else 0


async def _run(call: Call, method: Method, arguments: Object) -> Object:
    call.changed = False
    try:
        return await method.run(call, take(arguments, method.arguments) if method.arguments else arguments)
    except Refused as refused:
        kind = "serverPartialFail" if call.changed else "invalidArguments"
        raise MethodError(kind, refused.error.description) from refused
    except Overtaken:
        raise
    except MailError as error:
        raise MethodError("serverPartialFail" if call.changed else _kind(error), error.public) from error
    except MethodError as error:
        if call.changed:
            raise MethodError("serverPartialFail", str(error)) from error
        raise
    except Exception as error:
        call.service.tell(error)
        kind = "serverPartialFail" if call.changed else "serverFail"
        raise MethodError(kind, "a fault of this server; its log says more") from error


def _kind(error: MailError) -> str:
    if isinstance(error, NoSuchMailbox):
        return "notFound"
    if isinstance(error, NotPermitted):
        return "forbidden"
    return "serverUnavailable" if isinstance(error, TryLater) or not error.permanent else "serverFail"

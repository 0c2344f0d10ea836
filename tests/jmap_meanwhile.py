"""What somebody else does between a call's reading and its writing.

with meanwhile(lambda: other.call("Identity/set", update={one: {"name": "Bob"}})):
    await bob.call("Identity/set", update={one: {"textSignature": "Yours"}})

The other one is a client of another application, as another worker's is: two of one application may wait for each other.
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from postroom.serve.jmap.methods.call import Call


@contextmanager
def meanwhile(other: Callable[[], Awaitable[Any]]) -> Iterator[None]:
    """Before the first thing that is written within, `other` is done."""
    write = Call.write
    with pytest.MonkeyPatch.context() as patch:

        async def late(call: Call, work: Any) -> Any:
            patch.setattr(Call, "write", write)
            await other()
            return await write(call, work)

        patch.setattr(Call, "write", late)
        yield
        assert Call.write is write, "nothing was written"

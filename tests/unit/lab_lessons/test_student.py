"""A student's connection."""

from __future__ import annotations

import asyncio

import uvloop

from postroom.lab.lessons.lesson import Connect
from postroom.lab.lessons.place import Facts, Place
from postroom.lab.lessons.student import Line


def test_what_is_typed_after_the_server_has_hung_up_goes_nowhere(tmp_path):
    """That it has is told by the lab, a moment later: whoever presses Enter until then loses nothing."""

    async def impatient():
        async def farewell(_, writer):
            writer.write(b"221 Bye\r\n")
            writer.close()

        server = await asyncio.start_server(farewell, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        place = Place(tmp_path, Facts({"hamburger.test": {"smtp": port}}, 53, "", {}), {})
        line = await Line.open(place, Connect("smtp"))
        try:
            await line.hears("221")
            assert line._listening is not None
            await line._listening
            for _ in range(10):  # until the transport is gone
                line.type("")
                await asyncio.sleep(0)
        finally:
            line.close()
            server.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(asyncio.wait_for(impatient(), 60))

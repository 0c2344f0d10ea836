"""What stands behind the lab's own HTTP server: a row for each application beside the front page.

Not here: the server (`lab.http_server`), what an application answers.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from starlette.types import ASGIApp

from postroom.lab.api.application import MOUNTS, api_app
from postroom.lab.page.application import page_app
from postroom.lab.running import Running
from postroom.web.guard import Mount


class Routes(msgspec.Struct, frozen=True):
    """Applications by their paths, the most particular first, and `rest` for all other paths. `dismiss` ends answers that would go on for ever."""

    mounts: tuple[Mount, ...]
    rest: ASGIApp
    dismiss: Callable[[], None]


def routes_of(running: Running) -> Routes:
    """The table. An application is told of the running lab; a request that it refuses is a `web.answers.Refused`."""
    page, api = page_app(running), api_app(running)

    def dismiss() -> None:
        page.dismiss()
        api.dismiss()

    return Routes(tuple(Mount(path, api) for path in MOUNTS), page, dismiss)

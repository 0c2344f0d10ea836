"""The web mail as an application: signing in and out, and the files of the page. All else it asks JMAP for.

A further door is a row of `doors`. Not here: who is heard at all (`guard`).
"""

from __future__ import annotations

from starlette.routing import Route, Router

from postroom.web.browsers import Browsers
from postroom.web.doors import nothing
from postroom.web.sign_in import Passwords, SignIn
from postroom.web.static_files import PREFIX, StaticFiles


def mail_app(browsers: Browsers, passwords: Passwords, files: StaticFiles | None = None) -> Router:
    """The application that a server mounts at `PREFIX`."""
    entrance, files = SignIn(browsers, passwords), files or StaticFiles()
    doors = [
        Route(f"{PREFIX}/sign-in", entrance.enter, methods=["POST"]),
        Route(f"{PREFIX}/sign-out", entrance.leave, methods=["POST"]),
        Route(PREFIX, files.answer, methods=["GET"]),
        Route(f"{PREFIX}/{{path:path}}", files.answer, methods=["GET"]),
    ]
    return Router(doors, default=nothing, redirect_slashes=False)

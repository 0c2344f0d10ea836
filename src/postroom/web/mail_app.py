"""The web mail as an application: signing in and out, a folder as a file, and the files of the page. All else it asks JMAP for.

A further door is a row of `doors`. Not here: who is heard at all (`guard`).
"""

from __future__ import annotations

from starlette.routing import Route, Router

from postroom.store.store import Store
from postroom.web.browsers import Browsers
from postroom.web.doors import nothing
from postroom.web.export import Export
from postroom.web.sign_in import Keys, SignIn
from postroom.web.static_files import PREFIX, StaticFiles


def mail_app(browsers: Browsers, keys: Keys, store: Store, files: StaticFiles | None = None) -> Router:
    """The application that a server mounts at `PREFIX`."""
    entrance, export, files = SignIn(browsers, keys), Export(browsers, store), files or StaticFiles()
    doors = [
        Route(f"{PREFIX}/sign-in", entrance.enter, methods=["POST"]),
        Route(f"{PREFIX}/sign-out", entrance.leave, methods=["POST"]),
        Route(f"{PREFIX}/passkey", entrance.challenge, methods=["POST"]),
        Route(f"{PREFIX}/confirm", entrance.confirm, methods=["POST"]),
        Route(f"{PREFIX}/export/{{account}}/{{mailbox}}", export.answer, methods=["GET"]),
        Route(PREFIX, files.answer, methods=["GET"]),
        Route(f"{PREFIX}/{{path:path}}", files.answer, methods=["GET"]),
    ]
    return Router(doors, default=nothing, redirect_slashes=False)

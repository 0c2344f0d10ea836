"""The files of the lab's page, a table by name, so that no path of a request ever reaches the file system.

They are written by hand and served as they are: no build, no script but these. RFC 9110 §13.1.2 (a validator). Not here: the web mail's files (`web.static_files`).
"""

from __future__ import annotations

import hashlib
from importlib import resources
from pathlib import Path
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from postroom.web.answers import Refused

FOLDER: Final = Path(str(resources.files("postroom.lab.page"))) / "static"
PAGE: Final = "index.html"
_KINDS: Final = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}

# Scripts and styles of our own files alone, no text becomes a script (Trusted Types), nothing is asked of anybody else.
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)


class _File(msgspec.Struct, frozen=True):
    kind: str
    body: bytes
    tag: str


class PageFiles:
    """What lies in `folder`."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._files = {
            path.name: _File(_KINDS[path.suffix], body, f'"{hashlib.sha256(body).hexdigest()[:20]}"')
            for path in sorted(folder.iterdir())
            if path.suffix in _KINDS
            for body in (path.read_bytes(),)
        }

    async def answer(self, request: Request) -> Response:
        """GET of a file; the page itself without a name."""
        file = self._files.get(request.path_params.get("name", PAGE))
        if file is None:
            raise Refused(404, "There is nothing here")
        headers = {"cache-control": "no-cache", "etag": file.tag, "content-security-policy": POLICY}
        if request.headers.get("if-none-match") == file.tag:
            return Response(None, 304, headers)
        return Response(file.body, 200, headers, file.kind)

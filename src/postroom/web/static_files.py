"""The files of the web mail as they were built: a table by path, so that no path of a request ever reaches the file system.

RFC 9110 §12.5.3 (what was compressed beforehand is sent to who takes it), §13.1.2 (a validator for what may change), RFC 8246 (names with a hash in
them: immutable). Every other path below the application's is its page, which finds its way itself. Not here: how they are built (`tools/web_build.py`).
"""

from __future__ import annotations

import asyncio
import hashlib
from importlib import resources
from pathlib import Path
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from postroom.proto.http.codings import takes_gzip

PREFIX: Final = "/mail"
PAGE: Final = "index.html"
FOLDER: Final = Path(str(resources.files("postroom.web"))) / "static"
MISSING: Final = "missing.txt"
_FOREVER: Final = "public, max-age=31536000, immutable"
_ASK: Final = "no-cache"
_KINDS: Final = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/vnd.microsoft.icon",
    ".woff2": "font/woff2",
}

# Scripts of our own alone, and no text becomes one (Trusted Types); `postroom-worker` is for the address of the service worker. The frame of a message inherits this policy and has a stricter one besides;
# styles inside a message are why styles may be inline.
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "media-src 'self' blob:; font-src 'self'; connect-src 'self'; frame-src 'self' blob:; worker-src 'self'; "
    "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types postroom postroom-text postroom-worker dompurify"
)

# The service worker fetches the page's files, and nothing else of anywhere.
WORKER: Final = "worker.js"
WORKER_POLICY: Final = "default-src 'none'; connect-src 'self'"


class File(msgspec.Struct, frozen=True):
    """A file as it is sent. `policy`: its content security policy, "" for that of everything else."""

    kind: str
    body: bytes
    packed: bytes | None
    tag: str
    forever: bool
    policy: str = ""


class StaticFiles:
    """What was built, as it lies in `folder`; looked at again when the page was built anew."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder
        self._files: dict[str, File] = {}
        self._built = -1
        self._reading = asyncio.Lock()

    async def answer(self, request: Request) -> Response:
        """GET of anything below /mail/."""
        await self._look()
        path = request.path_params.get("path", "")
        file = self._files.get(path)
        if file is None and "." not in path.rpartition("/")[2]:
            file = self._files.get(PAGE)
            if file is None:
                return PlainTextResponse(await asyncio.to_thread(self._missing), 503)
        if file is None or path == PAGE:
            return PlainTextResponse("There is nothing here\n", 404)
        return _response(file, request)

    async def _look(self) -> None:
        try:
            built = (self._folder / PAGE).stat().st_mtime_ns
        except OSError:
            built = -1
        if built == self._built:
            return
        async with self._reading:  # who comes meanwhile waits: he would be told that there is nothing
            if built != self._built:
                self._files = await asyncio.to_thread(_read, self._folder)
                self._built = built

    def _missing(self) -> str:
        try:
            why = (self._folder / MISSING).read_text("utf-8")
        except OSError:
            why = "it was not built\n"
        return f"The web mail is missing here: {why}To build it: make web, or install Postroom anew where npm reaches a registry.\n"


def _read(folder: Path) -> dict[str, File]:
    found = {}
    for path in sorted(folder.rglob("*")) if (folder / PAGE).exists() else ():
        kind = _KINDS.get(path.suffix)
        name = path.relative_to(folder).as_posix()
        if kind is None or name.startswith(".") or not path.is_file():
            continue
        body, packed = path.read_bytes(), path.with_name(f"{path.name}.gz")
        tag = hashlib.sha256(body).hexdigest()[:20]
        forever = name.startswith("assets/")
        policy = POLICY if path.suffix == ".html" else WORKER_POLICY if name == WORKER else ""
        found[name] = File(kind, body, packed.read_bytes() if packed.exists() else None, tag, forever, policy)
    return found


def _response(file: File, request: Request) -> Response:
    packed = file.packed is not None and takes_gzip(request.headers.get("accept-encoding", ""))
    tag = f'"{file.tag}{"-gz" if packed else ""}"'
    headers = {
        "cache-control": _FOREVER if file.forever else _ASK,
        "etag": tag,
        "vary": "accept-encoding",
    }
    if file.policy:
        headers["content-security-policy"] = file.policy
    if request.headers.get("if-none-match") == tag:
        return Response(None, 304, headers)
    if packed and file.packed is not None:
        return Response(file.packed, 200, {**headers, "content-encoding": "gzip"}, file.kind)
    return Response(file.body, 200, headers, file.kind)

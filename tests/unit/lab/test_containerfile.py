"""The Containerfile, as strictly as it can be looked at where no image is built: it is read line by line, and what its lines run is run in a scratch directory.

Not here: the base image, whose programs are Debian's as on this machine. The whole of it, with packages from an index: POSTROOM_CONTAINERFILE=run.
"""

from __future__ import annotations

import fnmatch
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import pytest

from postroom.lab.plan import DEFAULT_BASE, HOUSES, PAGE_OFFSET
from running import at_home, until

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "Containerfile").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
SERVICES = ("smtp", "submission", "submissions", "pop3", "pop3s", "imap", "imaps", "http", "https")
KNOWN = ("FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "EXPOSE", "HEALTHCHECK", "ENTRYPOINT")
STUB = '#!/bin/sh\nprintf "%s\\n" "$0" "$@"\n'


class Line(NamedTuple):
    """An instruction, its options (`--name=value`), and what follows."""

    name: str
    options: dict[str, str]
    rest: str

    @property
    def words(self) -> list[str]:
        """What follows, as an array of JSON or as words."""
        return json.loads(self.rest) if self.rest.startswith("[") else self.rest.split()


def read(text: str) -> list[list[Line]]:
    """The instructions by stages; fails for what is no instruction."""
    whole = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE)
    stages: list[list[Line]] = []
    for written in re.sub(r"\\\n", " ", whole).splitlines():
        if not written.strip():
            continue
        name, _, rest = written.partition(" ")
        assert name in KNOWN, written
        options: dict[str, str] = {}
        rest = rest.strip()
        while option := re.match(r"--([a-z-]+)=(\S+)\s+", rest):
            options[option[1]] = option[2]
            rest = rest[option.end() :]
        assert rest, written
        if name == "FROM":
            stages.append([])
        assert stages, "FROM comes first"
        stages[-1].append(Line(name, options, rest))
    return stages


STAGES = read(TEXT)
BUILD, IMAGE = STAGES


def one(stage: list[Line], name: str) -> Line:
    (found,) = [line for line in stage if line.name == name]
    return found


def steps(stage: list[Line]) -> list[str]:
    return [step.strip() for step in one(stage, "RUN").rest.split("&&")]


def sh(script: str, **how: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False, **how)  # type: ignore[call-overload]


# ------------------------------------------------------------------------------------------------------------- as it is written


def test_ports() -> None:
    exposed = {int(port) for line in IMAGE if line.name == "EXPOSE" for port in line.words}
    page = DEFAULT_BASE + PAGE_OFFSET
    assert exposed == {page} | {house.port(one, DEFAULT_BASE) for house in HOUSES for one in SERVICES}
    assert f"http://127.0.0.1:{page}/readyz" in TEXT


def test_the_stages() -> None:
    """Both are of one image: what the first makes with its Python runs in the second, at the same place."""
    (image, as_, stage), (again,) = one(BUILD, "FROM").words, one(IMAGE, "FROM").words
    assert (as_, again) == ("AS", image)
    version = re.fullmatch(r"python:(\d+)\.(\d+)-slim", image)
    least = re.fullmatch(r">=(\d+)\.(\d+)", PROJECT["project"]["requires-python"])
    assert version is not None
    assert least is not None
    assert tuple(map(int, version.groups())) >= tuple(map(int, least.groups()))
    copied = one(IMAGE, "COPY")
    assert copied.options == {"from": stage}
    source, target = copied.words
    assert source == target
    assert f"python -m venv {source}" in steps(BUILD)
    assert one(IMAGE, "ENV").rest == f"PATH={source}/bin:$PATH"


def test_it_runs_for_nobody_special() -> None:
    user = one(IMAGE, "USER").rest
    (made,) = steps(IMAGE)
    assert made.split()[0] == "useradd"
    assert made.split()[-1] == user
    assert one(IMAGE, "WORKDIR").rest == f"/home/{user}"
    order = [line.name for line in IMAGE]
    assert order.index("RUN") < order.index("USER") < order.index("ENTRYPOINT")


def test_health_is_asked_for_in_words_that_there_are() -> None:
    check = one(IMAGE, "HEALTHCHECK")
    assert set(check.options) == {"interval", "timeout", "start-period", "retries"}
    assert all(re.fullmatch(r"\d+s", check.options[name]) for name in check.options if name != "retries")
    assert check.options["retries"].isdigit()
    kind, _, command = check.rest.partition(" ")
    assert kind == "CMD"
    assert json.loads(command)[0] == "python"


def ignored(path: str) -> bool:
    """Whether .containerignore keeps a file out: the last line that fits it, or a directory above it, decides."""
    lines = (ROOT / ".containerignore").read_text("utf-8").split()
    above = [str(one) for one in (PurePosixPath(path), *PurePosixPath(path).parents) if str(one) != "."]
    out = False
    for line in lines:
        pattern = line.removeprefix("!")
        patterns = [pattern, pattern.removeprefix("**/")] if pattern.startswith("**/") else [pattern]
        if any(fnmatch.fnmatchcase(one, fit) for one in above for fit in patterns):
            out = not line.startswith("!")
    return out


def test_what_the_build_reads_is_there_and_nothing_else() -> None:
    assert (ROOT / ".dockerignore").read_text("utf-8") == (ROOT / ".containerignore").read_text("utf-8")
    project, hatch = PROJECT["project"], PROJECT["tool"]["hatch"]
    wheel = hatch["build"]["targets"]["wheel"]
    needed = [project["readme"], *project["license-files"], "pyproject.toml", "requirements.lock"]
    needed += [wheel["hooks"]["custom"]["path"], hatch["version"]["path"], "tools/web_build.py"]
    needed += ["frontend/package.json", "src/postroom/lab/page/static/index.html"]
    for name in needed:
        assert (ROOT / name).exists(), name
        assert not ignored(name), name
    for name in (".git/config", ".venv/bin/python", "tests/conftest.py", "frontend/node_modules/x/y.js"):
        assert ignored(name), name
    assert ignored("src/postroom/web/static/index.html")  # of this machine: the image builds its own


@pytest.mark.parametrize(
    "script", [one(BUILD, "RUN").rest, one(IMAGE, "RUN").rest, one(IMAGE, "ENTRYPOINT").words[2]]
)
def test_a_shell_can_read_it(script: str) -> None:
    done = subprocess.run(["sh", "-n", "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


# ------------------------------------------------------------------------------------------------------------- as it runs


def placed(step: str, scratch: Path) -> str:
    """A step that works in a scratch directory, not in an image."""
    return step.replace("/tmp/", f"{scratch}/").replace("/opt/", f"{scratch}/")


def test_every_package_that_is_locked_is_held_to_its_version(tmp_path: Path) -> None:
    step = steps(BUILD)[0]
    done = sh(placed(step, tmp_path), cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    locked = {line.split()[0].rstrip(";") for line in lock.splitlines() if line and line[0] not in " #-"}
    assert set((tmp_path / "constraints.txt").read_text().split()) == locked
    assert len(locked) > 50


def test_the_environment_and_what_installs_into_it(tmp_path: Path) -> None:
    """Up to where packages come from an index: pip reads the constraints and knows the options."""
    constraints, venv, install = (placed(step, tmp_path) for step in steps(BUILD))
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = sh(f"{constraints} && {venv}", cwd=ROOT, env={**os.environ, "PATH": path})
    assert done.returncode == 0, done.stderr
    assert install.endswith(" .")
    pinned = tmp_path / "constraints.txt"
    others = [line for line in pinned.read_text().splitlines() if not line.startswith("pip==")]
    pinned.write_text("\n".join(others))
    done = sh(f"{install.removesuffix('.')} --no-index pip", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "already satisfied: pip" in done.stdout


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: a user is made")
def test_the_user_and_its_home(tmp_path: Path) -> None:
    if shutil.which("useradd") is None or not Path("/etc/login.defs").exists():
        pytest.skip("needs useradd (Debian: apt-get install passwd)")
    (tmp_path / "home").mkdir()
    (tmp_path / "etc").mkdir()
    shutil.copy("/etc/login.defs", tmp_path / "etc")
    for name in ("passwd", "group", "shadow", "gshadow"):
        (tmp_path / "etc" / name).touch()
    (step,) = steps(IMAGE)
    done = sh(step.replace("useradd", f"useradd --prefix {tmp_path}"))
    assert done.returncode == 0, done.stderr
    name, _, uid, *_, home, _ = (tmp_path / "etc" / "passwd").read_text().strip().split(":")
    assert (name, home) == (one(IMAGE, "USER").rest, one(IMAGE, "WORKDIR").rest)
    assert (tmp_path / home.lstrip("/")).stat().st_uid == int(uid) >= 10_000


def programs(directory: Path, **texts: str) -> str:
    """A PATH on which these come first."""
    directory.mkdir()
    for name, text in texts.items():
        (directory / name).write_text(text)
        (directory / name).chmod(0o755)
    return f"{directory}:{os.environ['PATH']}"


@pytest.mark.parametrize(
    ("addresses", "bound"),
    [
        ("172.17.0.2 ", "172.17.0.2"),
        ("172.17.0.2 10.88.0.5 fd00::2 ", "172.17.0.2"),
        ("fd00::2 172.17.0.2 ", "172.17.0.2"),
        ("fd00::2 ", ""),
        ("", ""),
    ],
)
def test_what_is_started(addresses: str, bound: str, tmp_path: Path) -> None:
    """A lab at the container's own address, where it has one of IPv4; what follows the image's name comes last, as it was typed."""
    path = programs(
        tmp_path / "bin", hostname=f'#!/bin/sh\n[ "$1" = -I ] && echo "{addresses}"\n', postroom=STUB
    )
    words = one(IMAGE, "ENTRYPOINT").words
    done = subprocess.run(
        [*words, "--account", "carol@crepes.test:two words"],
        capture_output=True, text=True, check=True, env={**os.environ, "PATH": path},
    )  # fmt: skip
    program, *given = done.stdout.splitlines()
    binding = ["--bind", bound, "--bind-page"] if bound else []
    assert Path(program).name == "postroom"
    assert given == ["lab", "--json", "--ephemeral", *binding, "--account", "carol@crepes.test:two words"]
    assert done.stderr == ""


def test_it_starts_says_that_it_is_well_and_stops(tmp_path: Path) -> None:
    """The real lab by the real entry point: heard at its own address too, and ended by what ends a container."""
    home = at_home(tmp_path)
    stubbed = programs(tmp_path / "bin", hostname='#!/bin/sh\necho "127.0.0.9 "\n')
    environ = {**home, "PATH": f"{stubbed.partition(':')[0]}:{home['PATH']}"}
    with (tmp_path / "out").open("wb") as out, (tmp_path / "log").open("wb") as log:
        words = [*one(IMAGE, "ENTRYPOINT").words, "--base-port", "0"]
        lab = subprocess.Popen(words, stdout=out, stderr=log, env=environ, cwd=tmp_path)
    try:
        said = until("the line of JSON", lambda: (tmp_path / "out").read_text().endswith("\n") or lab.poll())
        assert said is True, (tmp_path / "log").read_text()
        port = json.loads((tmp_path / "out").read_text())["page"].rstrip("/").rpartition(":")[2]
        assert health(environ, f"127.0.0.1:{port}") == 0
        assert health(environ, f"127.0.0.9:{port}") == 0
        lab.send_signal(signal.SIGTERM)
        assert lab.wait(30) == 0
        assert health(environ, f"127.0.0.1:{port}") != 0
    finally:
        lab.kill()
        lab.wait()


def health(environ: dict[str, str], where: str) -> int:
    """What HEALTHCHECK's command ends with, asked at another port than the image's."""
    program, option, script = json.loads(one(IMAGE, "HEALTHCHECK").rest.partition(" ")[2])
    asked = script.replace(f"127.0.0.1:{DEFAULT_BASE + PAGE_OFFSET}", where)
    assert asked != script
    return subprocess.run([program, option, asked], check=False, capture_output=True, env=environ).returncode


@pytest.mark.skipif(
    os.environ.get("POSTROOM_CONTAINERFILE") != "run", reason="takes minutes: POSTROOM_CONTAINERFILE=run"
)
@pytest.mark.timeout(1800)
def test_every_step_of_the_build(tmp_path: Path) -> None:
    """In a directory with what the build is given and nothing else."""
    context, opt = tmp_path / "src", tmp_path / "postroom"
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in filter(None, listed.decode().split("\0")):
        if not ignored(name):
            (context / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, context / name)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = sh(
        placed(one(BUILD, "RUN").rest, tmp_path), cwd=context, env={"PATH": path, "HOME": str(tmp_path)}
    )
    assert done.returncode == 0, done.stderr
    done = subprocess.run([opt / "bin" / "postroom", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout

"""Each fault of docs/faults.md, switched on as it stands there in a lab that runs, has the symptom that stands there; and is over when it is cleared."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from fault_probes import Probes, shown
from laboratory import LabThread
from postroom.app.cli.program import run
from postroom.deliver.refusals import BELIEVED_SECONDS
from postroom.lab.faults.addressed import FAULTS
from postroom.lab.faults.mishaps import MISHAPS

PAGE = (Path(__file__).parents[3] / "docs" / "faults.md").read_text("utf-8")
PROBES = {
    "Between the servers": Probes.journey,
    "SMTP, as a program sees it": Probes.smtp,
    "POP3": Probes.pop3,
    "IMAP": Probes.imap,
    "JMAP and the web": Probes.jmap,
}


class Example(NamedTuple):
    """A command of the page, where it stands, and its symptom."""

    heading: str
    options: list[str]
    symptom: list[str]


def examples() -> list[Example]:
    found = []
    for heading, text in re.findall(r"^### ([^\n]*)\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL):
        for block in re.findall(r"```console\n\$ postroom lab faults add (.*?)```", text, re.DOTALL):
            command, *symptom = block.strip().splitlines()
            found.append(Example(heading, shlex.split(command), symptom))
    return found


EXAMPLES = examples()


@pytest.fixture(scope="module")
def thread(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabThread]:
    lab = LabThread(tmp_path_factory.mktemp("lab"))
    yield lab
    lab.close()


@pytest.fixture
def probes(thread: LabThread, monkeypatch: pytest.MonkeyPatch) -> Iterator[Probes]:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(thread.runtime))
    found = Probes(thread)
    if not found.ask("hamburger.test", "SELECT 1 FROM messages"):
        found.journey()  # something for those who read
    yield found
    assert run(["lab", "faults", "clear"]) == 0
    found.settled()


def test_the_page_has_them_all() -> None:
    assert {heading for heading, *_ in EXAMPLES} == set(PROBES)
    assert len(EXAMPLES) > 60
    stages = {example.options[0].partition(" ")[0] for example in EXAMPLES}
    assert {"connect", "banner", "tls", "auth", "mail", "rcpt", "data", "after-data", "dns"} < stages


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: " ".join(example.options)[:70])
def test_at_a_stage(probes: Probes, example: Example) -> None:
    assert run(["lab", "faults", "add", *example.options]) == 0
    if "--delay" in example.options:
        probes.seconds = float(example.options[example.options.index("--delay") + 1])
    lines = PROBES[example.heading](probes)
    for symptom in example.symptom:
        assert shown(lines, symptom), (symptom, lines)
    assert all(rule.hits for rule in probes.lab.rules)


def later(probes: Probes, days: int) -> list[str]:
    """A journey after so many days. Reports of those days leave then as well; what they have met is believed for a minute, so another letter may be needed."""
    probes.move(days * 86_400)
    lines = probes.journey()
    for _ in range(10):
        if any(line.startswith("security of ") for line in lines):
            break
        assert run(["queue", "drop", "--all", "--at", "crepes.test", "--yes"]) == 0
        probes.move(BELIEVED_SECONDS + 1)
        lines = probes.journey()
    return lines


@pytest.mark.parametrize("name", [name for name, row in MISHAPS.items() if row.at == "hamburger.test"])
def test_by_name(probes: Probes, name: str) -> None:
    text = re.search(rf"^## {name}\n.*?```text\n(.*?)```", PAGE, re.MULTILINE | re.DOTALL)
    assert text is not None
    assert run(["lab", "faults", "add", name]) == 0
    probes.seconds = 3.0 if name == "dns-slow" else 0.0
    lines = later(probes, 91) if name == "no-renewal" else probes.journey()
    for symptom in text[1].splitlines():
        assert shown(lines, symptom.strip()), (symptom, lines)
    probes.seconds = 0.0
    assert run(["lab", "faults", "clear", name]) == 0
    probes.settled()
    lines = probes.journey()
    assert shown(lines, "<bob@hamburger.test> relayed to …"), lines


@pytest.mark.parametrize("name", list(FAULTS))
def test_by_address(probes: Probes, name: str) -> None:
    [row] = re.findall(rf"^\| `{name}@` \| (.*?) \| (.*?) \|$", PAGE, re.MULTILINE)
    assert row[0] == FAULTS[name].words
    address = f"{name}@hamburger.test"
    number = probes.send(address)
    probes.seconds = 1.0 if name in ("slow", "drip") else 0.0
    waits = "SELECT 1 FROM jobs WHERE attempts > 0"
    if "waits" in row[1]:
        probes.until("a letter that waits", lambda: probes.ask("crepes.test", waits))
        assert run(["queue", "drop", "--all", "--at", "crepes.test", "--yes"]) == 0
    else:
        probes.settled()
    sql = "SELECT events FROM journal WHERE accept_id = $1"
    assert probes.ask("crepes.test", sql, number)

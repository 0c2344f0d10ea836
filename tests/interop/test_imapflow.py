"""npm's imapflow, where it is installed: QRESYNC's user among the clients."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from letters import letter, stamp
from running import PATIENCE, run

SCRIPT = Path(__file__).with_name("imapflow_session.js")


@pytest.fixture(scope="module")
def modules(require_tool) -> str:
    """Where node finds imapflow."""
    node = require_tool("node", "nodejs")
    places = os.environ.get("NODE_PATH", "")
    if not places and (npm := shutil.which("npm")):
        done = subprocess.run(
            [npm, "root", "-g"], capture_output=True, text=True, check=False, timeout=PATIENCE
        )
        places = done.stdout.strip()
    environ = {**os.environ, "NODE_PATH": places}
    probe = [node, "-e", "require.resolve('imapflow')"]
    if subprocess.run(probe, env=environ, capture_output=True, check=False, timeout=PATIENCE).returncode:
        pytest.skip("needs imapflow (npm install -g imapflow)")
    return places


@pytest.mark.parametrize("service", ["imap", "imaps"])
def test_a_session(lab, imap_of, newcomer, home, modules, service):
    box = imap_of(newcomer)
    raws = [letter("alice@crepes.test", box.user, f"{stamp()} number{n}") for n in range(3)]
    for raw in raws:
        box.put(raw)
    login = {"IMAP_PORT": str(lab.port(service)), "IMAP_USER": box.user, "IMAP_PASSWORD": box.password}
    tls = {
        "IMAP_SECURE": "yes" if service == "imaps" else "no",
        "NODE_EXTRA_CA_CERTS": lab.ca,
        "NODE_PATH": modules,
    }
    done = run(["node", str(SCRIPT)], {**home, **login, **tls})
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert ["Sent", "\\Sent"] in said["folders"]
    assert ["Crêpes & Co/Sweet", ""] in said["folders"]
    assert (said["exists"], said["found"], said["type"]) == (3, [2], "text/plain")
    assert said["source"].encode("latin-1") == raws[1]
    assert said["from"] == "alice@crepes.test"
    assert (said["moved"], said["news"], said["left"]) == ("Crêpes & Co/Sweet", 3, 2)
    assert (said["status"]["messages"], said["status"]["unseen"]) == (1, 1)
    assert [raw for _, raw in box.messages("Cr&AOo-pes &- Co/Sweet").values()] == [raws[1]]
    assert box.letters() == sorted(raws[1:])

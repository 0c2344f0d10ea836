"""A lab in a thread: two real servers for tests whose commands have an event loop of their own."""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from postroom.agent import runtime
from postroom.app.logs import make_log
from postroom.lab.cli.word import word
from postroom.lab.faults.mishaps import Chosen
from postroom.lab.house_settings import LabSettings
from postroom.lab.laboratory import Laboratory
from postroom.lab.plan import HOUSES, residents


class LabThread:
    """A running lab and its files; `do` runs a coroutine in its loop."""

    def __init__(
        self, directory: Path, faults: Sequence[Chosen] = (), *, enforce: bool = False, **terms: Any
    ) -> None:
        """`terms` are further fields of `LabSettings`."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.log = io.StringIO()
        people = terms.pop("people", residents(terms.get("houses", HOUSES)))
        log = make_log("json", "warning", self.log)
        settings = LabSettings(directory / "lab", 0, people, log, faults, enforce, **terms)
        self.lab = Laboratory(settings)
        self.do(self.lab.start())
        self.runtime = directory / "run"
        environ = {"XDG_RUNTIME_DIR": str(self.runtime)}
        runtime.publish(word(self.lab), runtime.lab_directory(environ))

    def do(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def close(self) -> None:
        self.do(self.lab.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

"""How far a student has come, kept between two runs: `$XDG_DATA_HOME/postroom/lessons.json`.

Not here: what is done with it (`cli`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from postroom.lab.lessons.lesson import Lesson


class Progress(msgspec.Struct, frozen=True):
    """In one lesson: how many parts are done since it was begun, and whether it was ever done as a whole."""

    parts: int = 0
    done: bool = False


class Kept:
    """The file. One that cannot be read is as good as none: there is nothing in it that a second run would not bring back."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        home = environ.get("XDG_DATA_HOME") or Path(environ.get("HOME", "/")) / ".local" / "share"
        self.path = Path(home) / "postroom" / "lessons.json"

    def of(self, lesson: Lesson) -> Progress:
        """In one lesson."""
        known = self._read().get(lesson.name, Progress())
        return known if known.parts < len(lesson.parts) else Progress(0, done=known.done)

    def reached(self, lesson: Lesson, parts: int) -> None:
        """So many parts are done; with the last one the lesson is, and begins anew next time."""
        everything = self._read()
        last = parts >= len(lesson.parts)
        before = everything.get(lesson.name, Progress())
        everything[lesson.name] = Progress(0 if last else parts, done=last or before.done)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_suffix(f".{os.getpid()}")
        draft.write_bytes(msgspec.json.encode(everything))
        draft.replace(self.path)

    def _read(self) -> dict[str, Progress]:
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=dict[str, Progress])
        except (OSError, msgspec.MsgspecError):
            return {}

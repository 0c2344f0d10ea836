"""XML of anybody's making, read by events, once and within bounds; and texts as XML can carry them.

XML 1.0 §2.2 (characters), §2.8: a DTD is refused at its first word, so there are no entities. What is too deep is refused; elements of another namespace than
the root's are left out with all that is in them. Not here: what elements mean.
"""

from __future__ import annotations

import re
from typing import Any, Final
from xml.parsers import expat

MAX_NAME: Final = 255  # characters of an element's name that are looked at

_SPACE: Final = " "  # between namespace and name
_UNFIT: Final = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ESCAPES: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;"})


def xml_text(text: str) -> str:
    """A text as it may stand in an element or in an attribute's quotes; `?` for what no document may have."""
    return _UNFIT.sub("?", text).translate(_ESCAPES)


class XmlReader:
    """Reads one document; a subclass says what its elements mean, and may raise. `path`: the names of those that are open, the root's first."""

    def __init__(self, refused: type[ValueError], deepest: int) -> None:
        """`refused` is what `read` raises, with words; `deepest` how many elements, others' as well, may be open together."""
        self.path: list[str] = []
        self._refused = refused
        self._deepest = deepest
        self._namespace = ""
        self._skipping = 0  # open elements of others, and what is in them

    def read(self, document: bytes) -> None:
        """All of the document."""
        parser = expat.ParserCreate(namespace_separator=_SPACE)
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = self._refuse
        parser.EntityDeclHandler = self._refuse
        parser.ExternalEntityRefHandler = self._refuse
        try:
            parser.Parse(
                document, True
            )  # whole: some versions of expat begin a long token anew with each piece
        except expat.ExpatError as error:
            raise self._refused(f"it is not XML: {error}") from error
        except (LookupError, ValueError) as error:
            if isinstance(error, self._refused):
                raise
            raise self._refused(f"its encoding cannot be read: {error}") from error

    # What a subclass does

    def root(self, namespace: str, name: str) -> None:
        """Looks at the root before anything else is read."""

    def begins(self, name: str, attributes: dict[str, str]) -> None:
        """An element, the last of `path`."""

    def says(self, text: str) -> None:
        """A piece of the text of the last of `path`."""

    def ends(self) -> None:
        """The last of `path` ends."""

    # What expat calls

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        namespace, _, local = name.rpartition(_SPACE)
        local = local[:MAX_NAME]
        if not self.path:
            self.root(namespace, local)
            self._namespace = namespace
        if len(self.path) + self._skipping >= self._deepest:
            raise self._refused(f"its elements are more than {self._deepest} deep")
        if self._skipping or namespace != self._namespace:
            self._skipping += 1
            return
        self.path.append(local)
        self.begins(local, attributes)

    def _text(self, text: str) -> None:
        if not self._skipping and self.path:
            self.says(text)

    def _end(self, _: str) -> None:
        if self._skipping:
            self._skipping -= 1
        else:
            self.ends()
            self.path.pop()

    def _refuse(self, *_: Any) -> int:
        raise self._refused("it has a DTD, which nothing needs that is read here: it may be an attack")

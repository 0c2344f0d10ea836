"""A property that is worked out once: `functools.cached_property` without its lock, which costs more than the work.

For values that many hands ask for and that never change. Not here: anything that has to be forgotten again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Once(Generic[T]):
    """The decorator. Its object needs a `__dict__`; two threads that ask at the same moment both work it out."""

    def __init__(self, work: Callable[[Any], T]) -> None:
        self.work = work
        self.name = work.__name__
        self.__doc__ = work.__doc__

    def __get__(self, owner: Any, kind: type) -> T:
        value = owner.__dict__[self.name] = self.work(owner)
        return value

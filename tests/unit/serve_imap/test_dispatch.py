"""Every command has somebody who carries it out."""

import importlib
import pkgutil

from postroom.proto.imap import commands
from postroom.proto.imap.commands.session import Authenticate, Capability
from postroom.proto.imap.verb import Command
from postroom.serve.imap.dispatch import HANDLERS


def test_each_command_has_a_handler() -> None:
    for module in pkgutil.iter_modules(commands.__path__):
        importlib.import_module(f"{commands.__name__}.{module.name}")
    kinds = {kind for kind in Command.__subclasses__() if kind.__module__.startswith(commands.__name__)}
    assert kinds - set(HANDLERS) == {Authenticate, Capability}  # the machine answers these itself

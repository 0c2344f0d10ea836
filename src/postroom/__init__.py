"""Postroom: the whole of Internet mail in one package, from the wire to the reader.

The rooms below this package are the way of a letter; imports run downwards only:
lab > app > serve | agent > intake > deliver > store | net > proto > message > wire.
"""

__version__ = "0.1.0"

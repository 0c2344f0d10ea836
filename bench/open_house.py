"""`python -m bench.open_house CONFIG`: `postroom serve` that takes passwords without TLS too, as a lab's servers do.

Only so can clients be logged in without TLS, whose memory is to be measured: a server of this product refuses their passwords. Nothing else of it
is measured.
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from postroom.app.locate import load_at
from postroom.app.serving import internet, run, say, serve


def main(config: str) -> int:
    """Runs the server until it is told to stop; gives the exit code."""
    settings = load_at(Path(config))
    world = msgspec.structs.replace(internet(settings), open_house=True)
    return run(serve(settings, world, say))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

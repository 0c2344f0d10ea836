"""Builds the web mail before a wheel is packed or an editable install is made (`tools/web_build.py`)."""

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).resolve().parent / "tools"))
import web_build


class WebMailHook(BuildHookInterface):  # type: ignore[type-arg]
    """Hatchling's hook: where the web mail cannot be built, all the rest is installed."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 -- hatchling's signature
        """Before anything is packed."""
        try:
            self.app.display_info(web_build.build())
        except web_build.NotBuilt as error:
            self.app.display_warning(
                f"The web mail was not built: {error}\nEverything else of Postroom works without it."
            )

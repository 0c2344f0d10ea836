"""JMAP over HTTP, whole: the application with all its resources."""

from __future__ import annotations

from postroom.serve.jmap import eventsource, transfer, websocket, zipped
from postroom.serve.jmap.call import JmapService
from postroom.serve.jmap.http import JmapApp


def jmap_app(service: JmapService) -> JmapApp:
    """The application that a server mounts."""
    return JmapApp(
        service, {**transfer.RESOURCES, **zipped.RESOURCES, **eventsource.RESOURCES, **websocket.RESOURCES}
    )

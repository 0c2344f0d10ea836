"""The document that describes the interface (OpenAPI 3.1), made of the table of operations and the types of their values.

Schemas are JSON Schema 2020-12, as OpenAPI 3.1 takes them. Not here: anything that is written by hand and could be wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from http import HTTPStatus
from typing import Any, Final

import msgspec

from postroom import __version__
from postroom.lab.api.desk import Operation
from postroom.lab.api.problems import MEDIA_TYPE, ProblemDetails
from postroom.lab.api.table import OPERATIONS

_REF: Final = "#/components/schemas/{name}"
_PATH_WORDS: Final = {
    "address": "An address of the lab, such as bob@hamburger.test.",
    "id": "As a list has it.",
    "number": "Counted from 1.",
}
_ABOUT: Final = (
    "Mailboxes of a running lab for tests in any language: make one, have the program under test send to it, wait for the message. "
    "Only this machine is heard; nothing leaves it."
)


@cache
def document() -> dict[str, Any]:
    """All of it."""
    schemas = _schemas()
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Postroom lab", "version": __version__, "description": _ABOUT},
        "paths": paths,
        "components": {"schemas": schemas},
    }


def _schemas() -> dict[str, Any]:
    types: list[Any] = [ProblemDetails]
    for operation in OPERATIONS:
        types += (one for one in (operation.query, operation.body, operation.result) if isinstance(one, type))
    found = msgspec.json.schema_components(dict.fromkeys(types), ref_template=_REF)[1]
    return {name: _without_runs(schema) for name, schema in found.items()}


def _without_runs(schema: dict[str, Any]) -> dict[str, Any]:
    """A docstring's lines are of the width of the source."""
    if "description" in schema:
        schema["description"] = " ".join(schema["description"].split())
    return schema


def _operation(operation: Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.words,
        "parameters": [*_path_parameters(operation.path), *_query_parameters(operation, schemas)],
        "responses": _responses(operation),
    }
    if operation.body is not None:
        told["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": _schema(operation.body)}},
        }
    return told


def _path_parameters(path: str) -> Iterable[dict[str, Any]]:
    for name in re.findall(r"{(\w+)}", path):
        schema: dict[str, Any] = {"type": "integer", "minimum": 1} if name == "number" else {"type": "string"}
        yield {
            "name": name,
            "in": "path",
            "required": True,
            "description": _PATH_WORDS[name],
            "schema": schema,
        }


def _query_parameters(operation: Operation, schemas: dict[str, Any]) -> Iterable[dict[str, Any]]:
    if operation.query is None:
        return
    for name, schema in schemas[operation.query.__name__]["properties"].items():
        plain = {key: value for key, value in schema.items() if key != "description"}
        yield {"name": name, "in": "query", "description": schema.get("description", ""), "schema": plain}


def _responses(operation: Operation) -> dict[str, Any]:
    told: dict[str, Any] = {str(operation.status): _good(operation)}
    for status in sorted(operation.problems):
        told[str(status)] = {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": _schema(ProblemDetails)}},
        }
    return told


def _good(operation: Operation) -> dict[str, Any]:
    told: dict[str, Any] = {"description": HTTPStatus(operation.status).phrase}
    if isinstance(operation.result, str):
        told["content"] = {operation.result: {}}
    elif operation.result is not None:
        told["content"] = {"application/json": {"schema": _schema(operation.result)}}
    return told


def _schema(kind: Any) -> dict[str, Any]:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return {"$ref": _REF.format(name=kind.__name__)}
    return {"type": "object"}

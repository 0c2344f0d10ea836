"""docs/lab-api.md: the lab's interface over HTTP, out of the document that describes it to programs."""

from collections.abc import Iterable, Mapping
from typing import Any

from doc_pages import page, table
from postroom.lab.api.openapi import document


def lab_api_page() -> str:
    """Operations, then the values."""
    described = document()
    rows = [
        (f"`{method.upper()}`", f"`{path}`", _words(operation))
        for path, operations in described["paths"].items()
        for method, operation in operations.items()
    ]
    schemas: Mapping[str, Any] = described["components"]["schemas"]
    return page(
        "The lab over HTTP",
        "For tests in any language: a running lab (`postroom lab`) answers at the address that its screen, and `page` in its `--json`, name. How it is used: "
        "[testing.md](testing.md). The same as OpenAPI 3.1, for generators of clients: `/api/v1/openapi.json`.",
        "Bodies are JSON, and are sent as `application/json`. What cannot be done is answered as RFC 9457 writes it (`application/problem+json`: `type`, a name for "
        "programs, and `detail`, for people). Only this machine is heard: a request names it as its host (`127.0.0.1`, `localhost`), and pages of other sites "
        "can neither read nor change anything.",
        table(("", "Path", "What"), rows),
        *(part for name, schema in sorted(schemas.items()) for part in _value(name, schema)),
    )


def _words(operation: Mapping[str, Any]) -> str:
    asked = [f"`{one['name']}`" for one in operation["parameters"] if one["in"] == "query"]
    body = operation.get("requestBody")
    told = [operation["summary"]]
    if asked:
        told.append(f"Query: {', '.join(asked)}.")
    if body:
        told.append(f"Body: {_type(body['content']['application/json']['schema'])}.")
    answers = [_answer(status, answer) for status, answer in operation["responses"].items()]
    return " ".join((*told, f"Answers: {', '.join(answers)}."))


def _answer(status: str, answer: Mapping[str, Any]) -> str:
    content = answer.get("content", {})
    if int(status) >= 400 or not content:
        return status
    ((media_type, told),) = content.items()
    return f"{status} {_type(told['schema']) if told.get('schema') else f'`{media_type}`'}"


def _value(name: str, schema: Mapping[str, Any]) -> Iterable[str]:
    yield f"## {name}"
    yield str(schema.get("description", ""))
    properties = schema.get("properties", {})
    if properties:
        needed = set(schema.get("required", ()))
        rows = [
            (
                f"`{field}`",
                _type(told),
                "" if field in needed else _default(told),
                told.get("description", ""),
            )
            for field, told in properties.items()
        ]
        yield table(("Field", "Type", "By default", ""), rows)


def _default(told: Mapping[str, Any]) -> str:
    return f"`{told['default']!r}`" if "default" in told else ""


def _type(told: Mapping[str, Any]) -> str:
    if "$ref" in told:
        name = str(told["$ref"]).rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in told:
        return " or ".join(_type(one) for one in told["anyOf"])
    if told.get("type") == "array" and "items" in told and isinstance(told["items"], dict):
        return f"array of {_type(told['items'])}"
    return str(told.get("type", "any")) + _limits(told)


def _limits(told: Mapping[str, Any]) -> str:
    low, high = told.get("minimum"), told.get("maximum")
    if low is not None and high is not None:
        return f", {low:,} to {high:,}"
    return f", up to {told['maxLength']:,} characters" if "maxLength" in told else ""

"""GET /api/v1/openapi.json: what each route takes and answers, for programs.

Made from the operations that check each request and from the types of the answers.
"""

import json
from functools import cache
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from cellcost import __version__
from cellcost_ledger.web.answers import answer
from cellcost_ledger.web.audit import AUDIT
from cellcost_ledger.web.csv_answers import MEDIA_TYPE
from cellcost_ledger.web.events import BATCH, EVENTS
from cellcost_ledger.web.focus import FOCUS
from cellcost_ledger.web.health import HEALTH, METRICS, READY
from cellcost_ledger.web.installations import INSTALLATION, INSTALLATIONS
from cellcost_ledger.web.operations import Operation
from cellcost_ledger.web.outcomes import OUTCOMES, UNIT_COST
from cellcost_ledger.web.recent import RECENT
from cellcost_ledger.web.runs import RUNS
from cellcost_ledger.web.shapes import Failure
from cellcost_ledger.web.spend import SPEND
from cellcost_ledger.web.whoami import WHOAMI

__all__ = ["OPERATIONS", "document", "get_openapi"]

OPENAPI = Operation(
    path="/api/v1/openapi.json", tells="This document.", answer=dict[str, Any]
)
OPERATIONS = (
    *(EVENTS, BATCH, FOCUS, INSTALLATIONS, INSTALLATION, OUTCOMES, RECENT, RUNS, SPEND),
    *(AUDIT, UNIT_COST, WHOAMI, OPENAPI, HEALTH, READY, METRICS),
)

_REFUSED = {
    400: "The body was cut off.",
    401: "No key, or one that ended.",
    403: "A key without the scope.",
    404: "There is no such thing.",
    408: "The body came too slowly.",
    413: "The body is too long.",
    415: "The body's encoding is not read.",
    422: "What was sent or asked is malformed.",
    429: "The key asks too often; see Retry-After.",
    500: "The ledger failed.",
    503: "The ledger is busy or its database is; see Retry-After.",
}
_ALWAYS = (500, 503)
_WITH_KEY = (401, 403, 422, 429)
_JSON = "application/json"


async def get_openapi(_request: Request) -> Response:
    """Tell what each route takes and answers."""
    return answer(document())


@cache
def document() -> dict[str, Any]:
    """Return the OpenAPI 3.1 document."""
    types = [Failure, *(t for o in OPERATIONS for t in (o.answer, o.body) if t)]
    schemas, components = msgspec.json.schema_components(
        types, ref_template="#/components/schemas/{name}"
    )
    by_type = {str(t): schema for t, schema in zip(types, schemas, strict=True)}
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        told = _operation(operation, by_type)
        paths.setdefault(operation.path, {})[operation.method.lower()] = told
    found = {
        "openapi": "3.1.0",
        "info": {
            "title": "cellcost ledger",
            "version": __version__,
            "description": "Money is integer nano-USD as text; unknown is null.",
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }
    # Python's end of text is `\Z`, that of JSON Schema's patterns `$`.
    plain: dict[str, Any] = json.loads(json.dumps(found).replace(r"\\Z", "$"))
    return plain


def _operation(operation: Operation, by_type: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "operationId": f"{operation.method.lower()}_{_word(operation.path)}",
        "summary": operation.tells,
        "parameters": [*_path_parameters(operation), *_parameters(operation)],
        "responses": _responses(operation, by_type),
        "security": [{"key": list[str]()}] if operation.scopes else [],
    }
    if operation.scopes:
        told["description"] = f"A key's scope: {' or '.join(operation.scopes)}."
    if operation.body is not None:
        schema = by_type[str(operation.body)]
        content = {_JSON: {"schema": schema}}
        told["requestBody"] = {"required": True, "content": content}
    return told


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    return [
        {"name": argument.name, "in": "query", **argument.parameter()}
        for argument in operation.arguments
    ]


def _path_parameters(operation: Operation) -> list[dict[str, Any]]:
    if "{" not in operation.path:
        return []
    name = operation.path.partition("{")[2].rstrip("}")
    schema = {"type": "string", "minLength": 1}
    return [{"name": name, "in": "path", "required": True, "schema": schema}]


def _responses(operation: Operation, by_type: dict[str, Any]) -> dict[str, Any]:
    content: dict[str, Any] = {}
    if operation.answer is None and not operation.has_csv:
        content = {"text/plain": {"schema": {"type": "string"}}}
    if operation.answer is not None:
        content = {_JSON: {"schema": by_type[str(operation.answer)]}}
    if operation.has_csv:
        content[MEDIA_TYPE.partition(";")[0]] = {"schema": {"type": "string"}}
    always = (*_ALWAYS, *(_WITH_KEY if operation.scopes else ()))
    failure = {_JSON: {"schema": by_type[str(Failure)]}}
    return {
        "200": {"description": operation.tells, "content": content},
        **{
            str(status): {"description": _REFUSED[status], "content": failure}
            for status in sorted({*always, *operation.refusals})
        },
    }


def _word(path: str) -> str:
    return "_".join(
        part.strip("{}").replace("-", "_").replace(".", "_")
        for part in path.removeprefix("/api/v1/").strip("/").split("/")
    )

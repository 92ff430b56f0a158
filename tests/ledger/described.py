"""Every answer that a test gets is held to the OpenAPI document."""

import re
from functools import cache
from typing import Any

import httpx
import jsonschema

from cellcost_ledger.web.openapi import document


def hold_to_the_document(answer: httpx.Response) -> None:
    """Fail if the answer is none that its route may give."""
    found = _operation(answer.request.method, answer.request.url.path)
    if found is None:
        return
    path, told = found
    answer.read()
    status = str(answer.status_code)
    assert status in told["responses"], f"{path} does not tell of {status}"
    content = told["responses"][status]["content"]
    kind = answer.headers["content-type"].partition(";")[0]
    assert kind in content, f"{path} does not tell of {kind}"
    if kind == "application/json":
        _validator(path, answer.request.method, status).validate(answer.json())


def _operation(method: str, path: str) -> tuple[str, dict[str, Any]] | None:
    paths = document()["paths"]
    for template in sorted(paths, key=lambda path: "{" in path):
        pattern = re.sub(r"\\\{.*?\\\}", "[^/]+", re.escape(template))
        if re.fullmatch(pattern, path) and method.lower() in paths[template]:
            return template, paths[template][method.lower()]
    return None


@cache
def _validator(path: str, method: str, status: str) -> jsonschema.Draft202012Validator:
    told = document()
    content = told["paths"][path][method.lower()]["responses"][status]["content"]
    schema = content["application/json"]["schema"]
    whole = {**schema, "components": told["components"]}
    return jsonschema.Draft202012Validator(whole)

"""The native API as OpenAPI paths and schemas."""

from typing import Any

from logster.web.help.models import CURL, MODELS, Operation
from logster.web.help.operations import OPERATIONS, UNLISTED


def describe_paths() -> dict[str, Any]:
    """The operations as OpenAPI paths."""
    paths: dict[str, Any] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _describe(operation)
    return paths


def describe_schemas() -> dict[str, Any]:
    """The models as OpenAPI schemas."""
    return {
        model.name: {
            "type": "object",
            "description": model.description,
            "properties": {
                member.name: {**member.schema, "description": member.description}
                for member in model.members
            },
            "required": [m.name for m in model.members if "Required" in m.information],
        }
        for model in MODELS
        if model.members
    }


def _describe(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "summary": operation.title,
        "description": operation.description,
        "operationId": operation.page,
        "tags": ["native"],
        "parameters": [
            {
                "name": parameter.name,
                "in": "path",
                "required": True,
                "description": parameter.description,
                "schema": parameter.schema,
            }
            for parameter in operation.uri_parameters
        ]
        + [
            {
                "name": header.name,
                "in": "header",
                "required": False,
                "description": header.description,
                "schema": header.schema,
            }
            for header in operation.headers
            if header.name not in UNLISTED
        ],
        "responses": {status: {"description": text} for status, text in operation.statuses.items()},
    }
    schema = {"$ref": f"#/components/schemas/{operation.response_model}"}
    described["responses"]["200"]["content"] = {"application/json": {"schema": schema}}
    if operation.body_model:
        described["requestBody"] = {"required": True, "content": _describe_body(operation)}
    return described


def _describe_body(operation: Operation) -> dict[str, Any]:
    one = {"$ref": f"#/components/schemas/{operation.body_model}"}
    schema = {"type": "array", "items": one} if operation.body_text else one
    return {
        media.strip(): {"schema": schema, "example": sample.text}
        for sample in operation.requests
        if sample.media != CURL
        for media in sample.media.split(",")
    }

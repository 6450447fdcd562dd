"""The OpenAPI document of both APIs, the portal's and the native one.

In: what Litestar reads from the handlers, and the description that makes the help pages.
Out: JSON at /api/v1/openapi.json.
"""

import copy
from typing import Any

from litestar import MediaType, Request
from litestar.openapi.plugins import OpenAPIRenderPlugin

from logster.web.help import describe_paths, describe_schemas

SECURITY_SCHEMES = {
    "ApiKey": {"type": "apiKey", "in": "header", "name": "ApiKey"},
    "Bearer": {"type": "http", "scheme": "bearer"},
    "Session": {"type": "apiKey", "in": "cookie", "name": "logster_session"},
}


class ApiDocument(OpenAPIRenderPlugin):
    """Writes the document."""

    def __init__(self, *, path: str) -> None:
        # Not the registered vnd.oai type: browsers show plain JSON, and would save the other.
        super().__init__(path=path, media_type=MediaType.JSON)

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """Both APIs in one document."""
        return self.render_json(request, join_native(openapi_schema))


def join_native(schema: dict[str, Any]) -> dict[str, Any]:
    """The document of the portal's API with the native API in front."""
    joined = copy.deepcopy(schema)
    joined["paths"] = {**describe_paths(), **joined.get("paths", {})}
    components = joined.setdefault("components", {})
    components["schemas"] = {**components.get("schemas", {}), **describe_schemas()}
    components["securitySchemes"] = SECURITY_SCHEMES
    joined["security"] = [{name: []} for name in SECURITY_SCHEMES]
    return joined

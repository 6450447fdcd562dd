"""The OpenAPI document of both APIs, the portal's and the native one, and of the log-in.

In: what Litestar reads from the handlers, and the description that makes the help pages.
Out: JSON at /api/v1/openapi.json.
"""

import copy
from typing import Any

from litestar import MediaType, Request
from litestar.openapi.plugins import OpenAPIRenderPlugin

from logster.web.help.schema import describe_paths, describe_schemas

SECURITY_SCHEMES = {
    "ApiKey": {"type": "apiKey", "in": "header", "name": "ApiKey"},
    "Bearer": {"type": "http", "scheme": "bearer"},
    "Session": {"type": "apiKey", "in": "cookie", "name": "logster_session"},
}

_CSRF_PLACE = (
    "the value of the cookie csrftoken, which GET /login sets; as the field csrf_token or the "
    "header X-CSRF-Token"
)
#: Log-in and log-out are forms of HTML pages, which the framework's document leaves out.
LOG_IN: dict[str, Any] = {
    "/login": {
        "get": {
            "summary": "The log-in form",
            "description": "Sets the cookie csrftoken, which the log-in has to repeat.",
            "operationId": "show-login",
            "tags": ["door"],
            "security": [],
            "responses": {
                "200": {"description": "The form, as HTML."},
                "303": {"description": "Somebody is logged in already."},
            },
        },
        "post": {
            "summary": "Log in",
            "description": "Begins a session. Programs need none: they send a key.",
            "operationId": "log-in",
            "tags": ["door"],
            "security": [],
            "requestBody": {
                "required": True,
                "content": {
                    "application/x-www-form-urlencoded": {
                        "schema": {
                            "type": "object",
                            "required": ["email", "password", "csrf_token"],
                            "properties": {
                                "email": {"type": "string"},
                                "password": {"type": "string"},
                                "csrf_token": {"type": "string", "description": _CSRF_PLACE},
                                "next": {
                                    "type": "string",
                                    "description": "The page of the portal to go on to.",
                                },
                            },
                        }
                    }
                },
            },
            "responses": {
                "303": {"description": "Logged in: the cookie logster_session is set."},
                "401": {"description": "The email or the password is not right."},
                "403": {"description": "The csrf_token does not repeat its cookie."},
                "429": {"description": "Too many failures; Retry-After says when to try again."},
            },
        },
    },
    "/logout": {
        "post": {
            "summary": "Log out",
            "description": f"Ends the session on the server. Needs {_CSRF_PLACE}.",
            "operationId": "log-out",
            "tags": ["door"],
            "security": [{"Session": []}],
            "responses": {
                "204": {"description": "Logged out."},
                "303": {"description": "Logged out, told to a browser."},
                "403": {"description": "The proof is missing or of another session."},
            },
        },
    },
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
    joined["paths"] = {**describe_paths(), **LOG_IN, **joined.get("paths", {})}
    components = joined.setdefault("components", {})
    components["schemas"] = {**components.get("schemas", {}), **describe_schemas()}
    components["securitySchemes"] = SECURITY_SCHEMES
    joined["security"] = [{name: []} for name in SECURITY_SCHEMES]
    return joined

"""The help pages: at `/Help…`, with the addresses, headings and tables of the original's."""

from collections.abc import Sequence
from typing import Any

from litestar import Request, Response, route
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath

from logster.config import Config
from logster.web.document import render_document
from logster.web.help.models import MODELS, Model, Sample
from logster.web.help.operations import OPERATIONS, ORIGIN
from logster.web.pages import READ_METHODS

_MODEL_BY_NAME = {model.name.lower(): model for model in MODELS}
_OPERATION_BY_PAGE = {operation.page.lower(): operation for operation in OPERATIONS}


@route("/help", http_method=READ_METHODS, include_in_schema=False)
async def show_help(request: Request[Any, Any, Any]) -> Response[str]:
    """The index."""
    return render_document(request, "help_index.html", operations=OPERATIONS)


@route("/help/api/{page:path}", http_method=READ_METHODS, include_in_schema=False)
async def show_operation(
    request: Request[Any, Any, Any], page: FromPath[str], config: NamedDependency[Config]
) -> Response[str]:
    """The page of one operation."""
    operation = _OPERATION_BY_PAGE.get(page.strip("/").lower())
    if operation is None:
        return _show_unknown(request, "operation", page.strip("/"))
    origin = config.address if config.public_url else str(request.base_url).rstrip("/")
    samples = [
        Sample(sample.media, sample.text.replace(ORIGIN, origin)) for sample in operation.requests
    ]
    return render_document(
        request,
        "help_operation.html",
        operation=operation,
        requests=samples,
        body=_model_named(operation.body_model),
        resource=_model_named(operation.response_model),
    )


@route("/help/resourcemodel", http_method=READ_METHODS, include_in_schema=False)
async def show_model(request: Request[Any, Any, Any]) -> Response[str]:
    """The page of one type."""
    named = {name.lower(): value for name, value in request.query_params.items()}
    name = str(named.get("modelname", ""))
    model = _model_named(name)
    if model is None:
        return _show_unknown(request, "type", name)
    return render_document(request, "help_model.html", model=model)


@route("/help/{path:path}", http_method=READ_METHODS, include_in_schema=False)
async def show_lost(request: Request[Any, Any, Any], path: FromPath[str]) -> Response[str]:
    """Whatever else is asked for below the help."""
    return _show_unknown(request, "page", path.lstrip("/"))


def _model_named(name: str) -> Model | None:
    return _MODEL_BY_NAME.get(name.lower())


def _show_unknown(request: Request[Any, Any, Any], kind: str, name: str) -> Response[str]:
    # Status 200, as the original answered: its clients' link checkers know no other.
    return render_document(
        request, "help_unknown.html", kind=kind, name=name[:100], operations=OPERATIONS
    )


HELP_PAGES: Sequence[BaseRouteHandler] = (show_help, show_operation, show_model, show_lost)

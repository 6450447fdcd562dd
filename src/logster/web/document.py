"""Pages made on the server: the log-in, the help, the refusals. They need no script.

In: a template's name and its values. Out: HTML; every value is escaped by Jinja2.
"""

from collections.abc import Mapping
from typing import Any

import jinja2
from litestar import MediaType, Request, Response
from litestar.types import ResponseCookies

from logster import __version__
from logster.root import root_of

_TEMPLATES = jinja2.Environment(
    loader=jinja2.PackageLoader("logster.web"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.globals["version"] = __version__


def render_document(
    request: Request[Any, Any, Any],
    template: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    cookies: ResponseCookies = (),
    **values: Any,
) -> Response[str]:
    """A page that browsers do not keep: most of them differ from person to person."""
    return Response(
        _TEMPLATES.get_template(template).render(values, root=root_of(request.scope)),
        status_code=status,
        media_type=MediaType.HTML,
        headers={"Cache-Control": "no-store", **(headers or {})},
        cookies=cookies,
    )

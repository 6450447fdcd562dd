"""Who asks for what is not here, or speaks another server's protocol, is told so in their form."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from logster.web.pages import PORTAL_PATHS
from support.served import request
from support.web import BROWSER_ACCEPT

if TYPE_CHECKING:
    from support.served import Answer, Served

PAGE = {"Accept": BROWSER_ACCEPT}
FOREIGN = [
    ("POST", "/v2/logs"),
    ("POST", "/_msearch"),
    ("PUT", "/logs/_doc/1"),
    ("POST", "/loki/api/v1/delete"),
    ("GET", "/loki/api/v1/labels"),
    ("GET", "/_search"),
    ("GET", "/readyz"),
    ("GET", "/healthz"),
    ("GET", "/events/latest"),
    ("GET", "/settingsx"),
    ("GET", "/apix"),
    ("GET", "/health"),
    ("HEAD", "/_cluster/state"),
    ("DELETE", "/logs"),
    ("PROPFIND", "/dav"),
    ("OPTIONS", "/v2/logs"),
    ("GET", "/x%0aINFO"),
]


def ask(server: Served, method: str, path: str, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return request(server.port, method, path, None, named)


@pytest.mark.parametrize(("method", "path"), FOREIGN)
@pytest.mark.parametrize("accept", ["", "*/*", "application/json", "text/plain", "image/png"])
def test_an_unknown_path_is_a_404_in_json_that_helps(
    server: Served, method: str, path: str, accept: str
) -> None:
    answer = ask(server, method, path, **({"Accept": accept} if accept else {}))
    assert answer.status == 404
    assert answer.headers["content-type"].startswith("application/json")
    assert "location" not in answer.headers
    if method != "HEAD":
        told = answer.json()["error"]["message"]
        assert "POST /api/Log" in told
        assert "/Help" in told


@pytest.mark.parametrize(("method", "path"), FOREIGN)
@pytest.mark.parametrize("headers", [PAGE, {"Sec-Fetch-Mode": "navigate"}], ids=["Accept", "Fetch"])
def test_a_browser_sees_a_page_at_an_unknown_path_and_no_door(
    server: Served, method: str, path: str, headers: dict[str, str]
) -> None:
    answer = request(server.port, method, path, None, headers)
    assert answer.status == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert "location" not in answer.headers


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/", {"GET", "HEAD"}),
        ("DELETE", "/settings/keys", {"GET", "HEAD", "OPTIONS"}),
        ("PUT", "/login", {"GET", "HEAD", "POST", "OPTIONS"}),
        ("GET", "/logout", {"POST", "OPTIONS"}),
        ("POST", "/Help", {"GET", "HEAD", "OPTIONS"}),
        ("POST", "/health/ready", {"GET", "HEAD"}),
        ("DELETE", "/metrics", {"GET", "HEAD"}),
        ("OPTIONS", "/health/live", {"GET", "HEAD"}),
        ("PATCH", "/api/v1/session", {"GET", "OPTIONS"}),
        ("PUT", "/api/Log", {"POST"}),
    ],
)
def test_a_known_path_names_the_methods_it_has(
    server: Served, method: str, path: str, allowed: set[str]
) -> None:
    answer = ask(server, method, path, Accept="*/*")
    assert answer.status == 405
    assert {name.strip() for name in answer.headers["allow"].split(",")} == allowed
    assert answer.headers["content-type"].startswith("application/json")


@pytest.mark.parametrize("path", ["/events/5", "/dashboards", "/settings/keys"])
def test_only_a_browser_is_led_to_the_door(server: Served, path: str) -> None:
    for headers in (PAGE, {"Sec-Fetch-Mode": "navigate", "Accept": "*/*"}):
        assert request(server.port, "GET", path, None, headers).status == 303
        assert request(server.port, "HEAD", path, None, headers).status == 303
    for accept in ("*/*", "application/json", ""):
        answer = ask(server, "GET", path, Accept=accept)
        assert answer.status == 401
        assert "/health/ready" in answer.json()["error"]["message"]


def test_the_root_leads_browsers_to_the_door_and_answers_clients_of_elasticsearch(
    server: Served,
) -> None:
    for headers in (PAGE, {"Sec-Fetch-Mode": "navigate", "Accept": "*/*"}):
        for method in ("GET", "HEAD"):
            assert request(server.port, method, "/", None, headers).status == 303
    for accept in ("*/*", "application/json", ""):
        answer = ask(server, "GET", "/", Accept=accept)
        assert answer.status == 200
        assert answer.headers["x-elastic-product"] == "Elasticsearch"


@pytest.mark.parametrize("path", ["/_bulk", "/", "/health/ready", "/login", "/nix"])
def test_other_sites_are_permitted_nothing(server: Served, path: str) -> None:
    answer = ask(
        server, "OPTIONS", path, Origin="https://evil.example", Access_Control_Request_Method="POST"
    )
    assert not [name for name in answer.headers if name.startswith("access-control-")]


@pytest.mark.parametrize(
    "path", ["/login", "/Help", "/Help/Api/POST-api-Log", "/favicon.svg", "/health/ready", "/nix"]
)
def test_head_is_get_without_the_body(server: Served, path: str) -> None:
    got = request(server.port, "GET", path, None, PAGE)
    head = request(server.port, "HEAD", path, None, PAGE)
    assert (head.status, head.body) == (got.status, b"")
    for name in ("content-type", "content-length"):
        assert head.headers[name] == got.headers[name]


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/api/Log"), ("GET", "/api/Nope"), ("GET", "/health/live"), ("GET", "/metrics"),
     ("GET", "/login"), ("GET", "/nix"), ("GET", "/api/v1/session"), ("OPTIONS", "/api/Log")],
)  # fmt: skip
def test_no_answers_type_is_guessed(server: Served, method: str, path: str) -> None:
    assert ask(server, method, path).headers["x-content-type-options"] == "nosniff"


def test_a_host_that_is_none_is_told_and_no_fault_of_ours(server: Served) -> None:
    for path in ("/login", "/Help/Api/POST-api-Log", "/api/Log", "/nix"):
        answer = ask(server, "GET", path, Host="x:99999")
        assert answer.status == 400
        assert b"no host" in answer.body


def test_every_address_in_the_portal_leads_to_one_of_its_pages() -> None:
    portal = Path(__file__).parents[2] / "portal" / "src"
    sources = "".join(path.read_text() for path in portal.rglob("*.svelte"))
    heads = {f"/{found}" for found in re.findall(r'linkTo\("/([a-z]+)', sources)}
    known = {path.partition("/{")[0] for path in PORTAL_PATHS}
    assert heads
    assert heads <= known, json.dumps(sorted(heads - known))

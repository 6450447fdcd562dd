"""Which route answers a path, and which two routes cannot be."""

from __future__ import annotations

import pytest

from logster.ingest.protocol import ANY_METHOD, Protocol, Reply, Request, Route, Spelling
from logster.ingest.protocols import PROTOCOLS
from logster.ingest.routes import Match, Routes


def protocol(name: str, *routes: Route) -> Protocol:
    def refuse(*_: object) -> Reply:
        return Reply(status=400, headers=[], body=b"")

    return Protocol(
        name=name,
        routes=routes,
        credentials=lambda _: None,
        read=lambda *_: pytest.fail("nothing is read here"),
        reply=refuse,
        refuse=refuse,
    )


async def answer(_: Request) -> Reply:
    return Reply(status=200, headers=[], body=b"")


SENTRY = protocol(
    "sentry",
    Route(path="/api/{project}/envelope/", aliases=("/api/{project}/store/",)),
)
ELASTIC = protocol(
    "elastic",
    Route(path="/_bulk", methods=("POST", "PUT")),
    Route(path="/{index}/_bulk", methods=("POST", "PUT")),
    Route(path="/_license", methods=("GET",), answer=answer),
    Route(path="/_ilm/policy/{rest...}", methods=("GET", "HEAD"), answer=answer),
)
LOKI = protocol("loki", Route(path="/loki/api/v1/push", spelling=Spelling.AS_WRITTEN))
NATIVE = protocol(
    "native",
    Route(path="/api/log", spelling=Spelling.ANY_CASE),
    Route(path="/api/log/{id}", spelling=Spelling.ANY_CASE, methods=("GET",), answer=answer),
    Route(path="/api/{rest...}", spelling=Spelling.ANY_CASE, methods=(ANY_METHOD,), answer=answer),
)
ROUTES = Routes([SENTRY, ELASTIC, LOKI, NATIVE])


def found(path: str, method: str = "POST", routes: Routes = ROUTES) -> tuple[str, str] | None:
    """The protocol and the path of the route."""
    match = routes.find(path, method)
    return (match.protocol.name, match.route.path) if match else None


def match_of(path: str, method: str = "POST") -> Match:
    match = ROUTES.find(path, method)
    assert match
    return match


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/_bulk", ("elastic", "/_bulk")),
        ("/_bulk/", ("elastic", "/_bulk")),
        ("/logs-2026/_bulk", ("elastic", "/{index}/_bulk")),
        ("/loki/api/v1/push", ("loki", "/loki/api/v1/push")),
        ("/api/5/envelope/", ("sentry", "/api/{project}/envelope/")),
        ("/api/5/envelope", ("sentry", "/api/{project}/envelope/")),
        ("/api/5/store/", ("sentry", "/api/{project}/envelope/")),
        ("/API/Log//", ("native", "/api/log")),
        ("/Api/LOG/5", ("native", "/api/log/{id}")),
        ("/api/nope", ("native", "/api/{rest...}")),
        ("/api/5/envelope/more", ("native", "/api/{rest...}")),
        ("/api", ("native", "/api/{rest...}")),
    ],
)
def test_a_path_has_its_route(path: str, route: tuple[str, str]) -> None:
    assert found(path) == route


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/nix",
        "/_BULK",
        "/a/b/_bulk",
        "//_bulk",
        "/loki/api/v1/push/",
        "/Loki/api/v1/push",
        "*",
        "",
    ],
)
def test_other_paths_have_none(path: str) -> None:
    assert found(path) is None


@pytest.mark.parametrize("path", ["/api/v1", "/API/v1/events", "/settings/_bulk", "/Health/_bulk"])
def test_no_pattern_takes_what_is_logsters_own(path: str) -> None:
    assert found(path) is None
    assert found("/api/v10") == ("native", "/api/{rest...}")


def test_parameters_come_as_they_were_sent() -> None:
    assert match_of("/Logs-A/_bulk").params == {"index": "Logs-A"}
    assert match_of("/api/Log/X5", "GET").params == {"id": "X5"}
    assert match_of("/_ilm/policy/a/b", "GET").params == {"rest": "a/b"}
    assert match_of("/_ilm/policy", "GET").params == {"rest": ""}
    assert match_of("/_bulk").params == {}


def test_a_narrow_pattern_wins_however_they_are_listed() -> None:
    wide = protocol("wide", Route(path="/x/{rest...}"), Route(path="/{a}/{b}"))
    narrow = protocol("narrow", Route(path="/x/{a}"), Route(path="/{a}/y"), Route(path="/x/{a}/z"))
    for protocols in ([wide, narrow], [narrow, wide]):
        routes = Routes(protocols)
        assert found("/x/1", routes=routes) == ("narrow", "/x/{a}")
        assert found("/x/1/z", routes=routes) == ("narrow", "/x/{a}/z")
        assert found("/x/1/2", routes=routes) == ("wide", "/x/{rest...}")
        assert found("/1/y", routes=routes) == ("narrow", "/{a}/y")
        assert found("/1/2", routes=routes) == ("wide", "/{a}/{b}")


def test_a_path_without_the_method_names_those_it_has() -> None:
    match = match_of("/_bulk", "GET")
    assert (match.protocol.name, match.allowed, match.is_intake) == ("elastic", "POST, PUT", False)
    assert match_of("/_bulk", "PUT").allowed == ""
    assert match_of("/_bulk", "PUT").is_intake


def test_what_only_answers_takes_nothing_in() -> None:
    assert not match_of("/_license", "GET").is_intake
    assert match_of("/api/x", "BREW").route.answer is answer


@pytest.mark.parametrize(
    ("path", "spelling"),
    [
        ("/_bulk", Spelling.ANY_SLASH),
        ("/_bulk/", Spelling.ANY_SLASH),
        ("/{name}/_bulk", Spelling.ANY_SLASH),
        ("/_bulk", Spelling.ANY_CASE),
        ("/{name}/_bulk", Spelling.AS_WRITTEN),
        ("/loki/API/v1/push", Spelling.AS_WRITTEN),
    ],
)
def test_two_routes_for_one_thing_are_an_error(path: str, spelling: Spelling) -> None:
    with pytest.raises(ValueError, match="other"):
        Routes([ELASTIC, LOKI, protocol("other", Route(path=path, spelling=spelling))])


def test_methods_of_one_path_may_belong_to_two_protocols() -> None:
    other = protocol("other", Route(path="/{name}/_bulk", methods=("GET",), answer=answer))
    routes = Routes([ELASTIC, other])
    match = routes.find("/x/_bulk", "GET")
    assert match
    assert (match.protocol.name, match.params) == ("other", {"name": "x"})
    assert found("/x/_bulk", "PUT", routes) == ("elastic", "/{index}/_bulk")


def test_slashes_count_where_a_route_is_as_written() -> None:
    strict = [
        Route(path="/{a}/x/", spelling=Spelling.AS_WRITTEN),
        Route(path="/{a}/x", spelling=Spelling.AS_WRITTEN, methods=("GET",), answer=answer),
        Route(path="/y/", spelling=Spelling.AS_WRITTEN),
    ]
    routes = Routes([protocol("strict", *strict)])
    assert found("/1/x/", routes=routes) == ("strict", "/{a}/x/")
    assert found("/1/x", routes=routes) == ("strict", "/{a}/x")
    assert found("/y/", routes=routes) == ("strict", "/y/")
    assert found("/y", routes=routes) is None


@pytest.mark.parametrize("path", ["x", "/a//b", "/{a}b", "/{A}", "/{rest...}/a", "/{}", "/a{b}"])
def test_a_path_that_no_route_can_have_is_an_error(path: str) -> None:
    with pytest.raises(ValueError, match="no path of a route"):
        Routes([protocol("odd", Route(path=path))])


def test_the_routes_of_all_protocols_are_told_apart() -> None:
    assert Routes(PROTOCOLS)


def test_a_pattern_for_everything_leaves_the_first_page_to_the_portal() -> None:
    everything = Routes([protocol("greedy", Route(path="/{rest...}", answer=answer))])
    assert found("/anything", "GET", everything) is not None
    assert found("/", "GET", everything) is None

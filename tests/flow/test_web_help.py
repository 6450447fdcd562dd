import json
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from logster.ingest.protocol import Request
from logster.ingest.protocols.native import api_log
from logster.store.engine import Engine
from logster.web.help.models import CURL, LOG_MESSAGE, Operation
from logster.web.help.operations import OPERATIONS, POST_LOG
from support.native import LIMITS
from support.web import ADMIN, PASSWORD, Site, absent_engine, running_site


@pytest.fixture
async def engine() -> AsyncIterator[Engine]:
    async with absent_engine() as opened:
        yield opened


@pytest.fixture
async def site(tmp_path: Path, engine: Engine) -> AsyncIterator[Site]:
    async with running_site(tmp_path, engine) as opened:
        yield opened


class Text(HTMLParser):
    """The words of a page, by the element they stand in."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self.links: list[str] = []
        self._open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "link", "img", "input", "br"):
            self._open.append(tag)
        self.links += [value for name, value in attrs if name == "href" and value]

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if data.strip() and self._open:
            self.found.append((self._open[-1], data.strip()))

    def all_of(self, *tags: str) -> list[str]:
        return [text for tag, text in self.found if tag in tags]


async def read(site: Site, path: str) -> Text:
    answer = await site.visit().get(path)
    assert answer.status_code == 200
    return Text(answer.text)


@pytest.mark.parametrize("path", ["/Help", "/help", "/HELP", "/Help/"])
async def test_the_index_lists_the_operations(site: Site, path: str) -> None:
    page = await read(site, path)
    assert "Introduction" in page.all_of("h2")
    assert page.all_of("th") == ["API", "Description"]
    assert "POST api/Log" in page.all_of("a")
    assert "/Help/Api/POST-api-Log" in page.links


@pytest.mark.parametrize("path", ["/Help/Api/POST-api-Log", "/help/api/post-API-log"])
async def test_an_operation_has_the_originals_headings_in_order(site: Site, path: str) -> None:
    page = await read(site, path)
    assert page.all_of("h1", "h2", "h3")[:8] == [
        "POST api/Log",
        "Request Information",
        "URI Parameters",
        "Body Parameters",
        "Request Formats",
        "Response Information",
        "Resource Description",
        "Response Formats",
    ]
    assert page.all_of("th")[:4] == ["Name", "Description", "Type", "Additional information"]
    assert page.all_of("h4")[:3] == [
        "application/json, text/json",
        "application/xml, text/xml",
        "application/x-www-form-urlencoded",
    ]
    assert "Help Page Home" in page.all_of("a")


async def test_every_link_of_the_help_leads_somewhere(site: Site) -> None:
    seen: set[str] = set()
    waiting = ["/Help"]
    while waiting:
        path = waiting.pop()
        page = await read(site, path)
        assert "There is no such" not in " ".join(page.all_of("h1")), path
        new = {link for link in page.links if link.startswith("/Help")} - seen
        seen |= new
        waiting += new
    assert len(seen) >= 8


async def test_the_model_shows_its_members_in_the_originals_order(site: Site) -> None:
    page = await read(site, "/Help/ResourceModel?modelName=LogMessage")
    assert page.all_of("td")[:1] == ["Exception"]
    names = [m.name for m in LOG_MESSAGE.members[:7]]
    assert names == [
        "Exception",
        "Message",
        "StackTrace",
        "Severity",
        "Category",
        "Application",
        "User",
    ]
    words = page.all_of("p")
    assert "Required" in words
    assert "Range: inclusive between 0 and 6" in words
    assert "None." in words


@pytest.mark.parametrize(
    "query", ["modelName=logmessage", "MODELNAME=LOGMESSAGE", "modelname=LogMessage"]
)
async def test_a_model_is_found_in_any_case(site: Site, query: str) -> None:
    assert (await read(site, f"/help/resourcemodel?{query}")).all_of("h1") == ["LogMessage"]


@pytest.mark.parametrize("name", ["LogResult", "String", "Int32", "Severity"])
async def test_the_other_types_have_pages(site: Site, name: str) -> None:
    assert (await read(site, f"/Help/ResourceModel?modelName={name}")).all_of("h1") == [name]


async def test_the_severities_are_listed_with_their_values(site: Site) -> None:
    page = await read(site, "/Help/ResourceModel?modelName=Severity")
    assert page.all_of("th") == ["Name", "Value", "Description"]
    assert page.all_of("b") == ["Trace", "Debug", "Info", "Warn", "Error", "Fatal", "Off"]
    assert "Possible enumeration values:" in page.all_of("p")


@pytest.mark.parametrize(
    "path",
    [
        "/Help/Api/nix",
        "/Help/Api/<script>alert(1)</script>",
        "/Help/ResourceModel?modelName=%3Cscript%3E",
        "/Help/ResourceModel",
        "/Help/nix/nix",
    ],
)
async def test_what_is_unknown_gets_a_friendly_page(site: Site, path: str) -> None:
    answer = await site.visit().get(path)
    assert answer.status_code == 200
    assert "There is no such" in answer.text
    assert "<script>" not in answer.text


async def test_curl_is_told_the_address_people_used(site: Site) -> None:
    assert (
        "curl http://logs.test/api/Log" in (await site.visit().get("/Help/Api/POST-api-Log")).text
    )


POSTED = [
    (operation, media.strip(), sample.text)
    for operation in OPERATIONS
    for sample in operation.requests
    if sample.media != CURL
    for media in sample.media.split(",")
]


@pytest.mark.parametrize(("operation", "media", "text"), POSTED)
def test_each_sample_is_accepted_as_it_stands(operation: Operation, media: str, text: str) -> None:
    path = operation.path.lower()
    route = next(route for route in api_log.PROTOCOL.routes if route.path == path)
    request = Request(
        method="POST",
        path=path,
        query="",
        uri=f"http://logs.test{operation.path}",
        headers={"content-type": media, "content-length": str(len(text.encode()))},
        route=route,
    )
    api_log.check(request)
    reading = api_log.PROTOCOL.read(text.encode(), request, LIMITS)
    assert reading.rejections == []
    assert reading.columns.message[0] == "Order 4711 failed"
    assert reading.columns.severity[0] == 4


async def test_the_help_and_the_document_name_the_headers_of_sending(site: Site) -> None:
    browser = site.visit()
    document = (await browser.get("/api/v1/openapi.json")).json()
    for path in ("/api/Log", "/api/Logs"):
        page = (await browser.get("/Help/Api/POST-" + path.strip("/").replace("/", "-"))).text
        assert "Idempotency-Key" in page
        assert "Content-Encoding" in page
        post = document["paths"][path]["post"]
        assert [parameter["name"] for parameter in post["parameters"]] == [
            "Content-Encoding",
            "Idempotency-Key",
        ]
        assert "409" in post["responses"]


async def test_the_document_tells_how_to_log_in(site: Site) -> None:
    browser = site.visit()
    log_in = (await browser.get("/api/v1/openapi.json")).json()["paths"]["/login"]["post"]
    form = log_in["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
    await browser.get("/login")
    fields = dict.fromkeys(form["properties"], "x")
    fields |= {"email": ADMIN, "password": PASSWORD, "csrf_token": browser.cookies["csrftoken"]}
    answer = await browser.post("/login", data=fields)
    assert str(answer.status_code) in log_in["responses"]
    assert answer.status_code == 303


def test_the_json_sample_shows_every_member() -> None:
    sample: dict[str, Any] = json.loads(POST_LOG.requests[0].text)
    assert list(sample) == [member.name for member in LOG_MESSAGE.members]

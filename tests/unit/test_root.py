from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logster.config import Config, load_config
from logster.errors import ConfigError
from logster.root import OWN_NAMES, enter, inside, root_of
from logster.web.help.pages import HELP_PAGES
from logster.web.pages import PAGES, local_path


@pytest.mark.parametrize(
    ("url", "root"),
    [
        ("", ""),
        ("https://example.org", ""),
        ("https://example.org/", ""),
        ("https://example.org/logs", "/logs"),
        ("HTTPS://example.org:8443/logs/", "/logs"),
        ("http://[::1]:8000/a/b.c-d_e~f", "/a/b.c-d_e~f"),
        ("https://журнал.example/logs", "/logs"),
        ("https://example.org/x/api", "/x/api"),
        ("https://example.org/apis", "/apis"),
    ],
)
def test_the_root_is_the_path_of_the_public_address(url: str, root: str) -> None:
    config = load_config({"public_url": url}, {})
    assert config.root == root
    assert not config.address.endswith("/")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("example.org/logs", "begin with http:// or https://"),
        ("/logs", "begin with http:// or https://"),
        ("ftp://example.org", "begin with http:// or https://"),
        ("https://", "begin with http:// or https://"),
        ("https:///logs", "begin with http:// or https://"),
        ("https://example.org/logs?x=1", "query"),
        ("https://example.org?", "query"),
        ("https://example.org/logs#top", "fragment"),
        ("https://example.org/logs/..", "'/..'"),
        ("https://example.org/./logs", "'/.'"),
        ("https://example.org//logs", "'/'"),
        ("https://example.org/logs//", "'/'"),
        ("https://example.org/a//b", "'/'"),
        ("https://example.org//evil.example", "'/'"),
        ("https://example.org/lo gs", "letters, digits"),
        ("https://example.org/lo\ngs", "letters, digits"),
        ("https://example.org/logs\n", "letters, digits"),
        ("https://example.org/lo%2fgs", "letters, digits"),
        ("https://example.org/%2e%2e", "letters, digits"),
        ("https://example.org/l;Path=x", "letters, digits"),
        ('https://example.org/"><script>', "letters, digits"),
        ("https://example.org/журнал", "letters, digits"),
        ("https://example.org\\logs", "no host"),
        ("https://ada:secret@example.org", "no host"),
        ("https://example.org:99999", "no host"),
        ("https://:80/logs", "no host"),
        ("https://exa mple.org", "no host"),
        ("https://exa\nmple.org", "no host"),
        ("https://example.org/api", "must not begin with /api"),
        ("https://example.org/Help/x", "must not begin with /Help"),
        ("https://example.org/" + "x" * 300, "200 is the most"),
    ],
)
def test_a_public_address_that_is_none_stops_the_start_and_says_why(url: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config({}, {"LOGSTER_PUBLIC_URL": url})
    text = str(caught.value)
    assert words in text
    assert "LOGSTER_PUBLIC_URL (--public-url) is " + repr(url) in text
    assert text.isprintable()


def test_no_root_is_one_of_the_servers_own_paths() -> None:
    paths = [path for handler in (*PAGES, *HELP_PAGES) for path in handler.paths]
    pages = {path.split("/")[1] for path in paths} - {""}
    assert pages | {"api", "health", "metrics"} == OWN_NAMES


def entered(target: str, root: str) -> tuple[str, str]:
    """The path of a request behind the front, decoded and as it was sent."""
    scope: dict[str, Any] = {"path": unquote(target), "raw_path": target.encode()}
    enter(scope, root)
    assert root_of(scope) == root
    return scope["path"], scope["raw_path"].decode()


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/logs", "/"),
        ("/logs/", "/"),
        ("/logs/events/5", "/events/5"),
        ("/LOGS/api/Log", "/api/Log"),
        ("/logs/events/a%2Fb", "/events/a/b"),
        ("/logs/logs/x", "/logs/x"),
        ("/logs//evil.example", "//evil.example"),
        # Taken off already, or never there.
        ("/", "/"),
        ("/api/logs", "/api/logs"),
        ("/logsx", "/logsx"),
        ("/logsx/api/Log", "/logsx/api/Log"),
        ("/logs.html", "/logs.html"),
        ("//logs/api/Log", "//logs/api/Log"),
        ("/logs%2Fapi/Log", "/logs/api/Log"),
        ("/%6Cogs/api/Log", "/logs/api/Log"),
        ("/log%73/api/Log", "/logs/api/Log"),
        ("/./logs/x", "/./logs/x"),
        ("/x/../logs/x", "/x/../logs/x"),
        ("*", "*"),
    ],
)
def test_a_request_is_the_servers_own_with_the_root_and_without(target: str, path: str) -> None:
    assert entered(target, "/logs")[0] == path


@given(
    root=st.sampled_from(["/logs", "/a", "/s", "/a/b", "/E"]),
    rest=st.text(st.characters(max_codepoint=126, min_codepoint=33, exclude_characters="?#%")),
)
def test_the_same_is_answered_whether_a_proxy_keeps_the_root_or_takes_it(
    root: str, rest: str
) -> None:
    kept = entered(f"{root}/{rest}", root)
    assert kept == (f"/{rest}", f"/{rest}")
    if inside(f"/{rest}", root) == f"/{rest}":
        assert entered(f"/{rest}", root) == kept


@pytest.mark.parametrize(
    ("goal", "path"),
    [
        ("/events/5?q=a", "/events/5?q=a"),
        ("/logs/events/5?q=a", "/events/5?q=a"),
        ("/logs", "/"),
        ("/logs?q=x", "/?q=x"),
        ("/logs/?next=/../x", "/?next=/../x"),
        ("/logsx", "/logsx"),
        ("/logs//evil.example", "/"),
        ("/logs/\\evil.example", "/"),
        ("/logs/login", "/"),
        ("/logs/logout", "/"),
        ("/../other", "/"),
        ("/logs/../other", "/"),
        ("/events/..", "/"),
        ("/events/%2e%2E/..%2e/other", "/"),
        ("/.%2e/other?x", "/"),
        ("/./..#x", "/"),
        ("https://evil.example/logs", "/"),
    ],
)
def test_a_goal_is_one_of_ours_with_the_root_and_without(goal: str, path: str) -> None:
    assert local_path(goal, "/logs") == path


@given(st.text(st.sampled_from("/.%2eElogs\\?#@:x\t\n"), max_size=30))
def test_no_goal_leads_to_another_host_or_out_of_the_root(goal: str) -> None:
    target = "/logs" + local_path(goal, "/logs")
    found = urlsplit(target)
    assert found.netloc == ""
    steps = [step.lower().replace("%2e", ".") for step in found.path.split("/")]
    assert ".." not in steps
    assert steps[1] == "logs"


def test_without_a_path_there_is_no_root() -> None:
    assert Config().root == ""
    assert Config(public_url="https://example.org/logs/").address == "https://example.org/logs"

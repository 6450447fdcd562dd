"""OpenTelemetry's exporters over HTTP."""

import pytest

from support.clients import check_error, check_info

#: What JavaScript's numbers hold.
SAFE_NUMBER = 2**53 - 1


@pytest.mark.parametrize("compression", ["none", "gzip", "deflate"])
def test_python(clients, compression):
    info, error = clients.send(
        "otlp/python_sdk.py", count=2, environment={"OTLP_COMPRESSION": compression}
    )

    check_info(info)
    check_error(error, exception="ValueError: card declined", frame="python_sdk.py")
    for event in (info, error):
        assert (event["application"], event["category"]) == ("shop", "shop.cart")
        assert (event["release"], event["environment"]) == ("1.2.3", "live")
        assert event["properties"]["resource.telemetry.sdk.language"] == "python"
        assert event["protocol"] == "otlp"


@pytest.mark.parametrize("encoding", ["json", "protobuf"])
def test_javascript(clients, encoding):
    info, error = clients.send("otlp/js_sdk.mjs", count=2, environment={"OTLP_ENCODING": encoding})

    check_info(info, number=SAFE_NUMBER)
    check_error(error, exception="TypeError: card declined", frame="js_sdk.mjs")
    assert (info["application"], info["category"]) == ("shop", "shop.cart")
    assert info["properties"]["scope.version"] == "2.0"


def test_a_wrong_key_is_told(clients):
    done = clients.run("otlp/python_sdk.py", {"LOGSTER_KEY": "wrong"})

    assert "401" in done.stdout + done.stderr

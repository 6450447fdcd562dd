"""curl, as a cron job calls it."""

import json
import shutil

import pytest

from support.clients import check_info


@pytest.mark.skipif(not shutil.which("curl"), reason="there is no curl")
def test_curl(clients):
    done = clients.run("text/curl.sh")
    assert json.loads(done.stdout) == {"accepted": 2, "rejected": []}, done.stderr
    info, error = sorted(clients.collect(2), key=lambda event: event["severity"])

    check_info(info)
    assert error["severity"] == 4
    assert error["message"].startswith("ERROR order failed run")
    assert "\n" not in error["message"]
    assert error["stack_trace"].endswith("\tat Cart.buy(Cart.java:1)")
    for event in (info, error):
        assert (event["application"], event["host"]) == ("shop", "web-1")

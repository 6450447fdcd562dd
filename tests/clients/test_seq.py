"""Clients of Seq: seqlog in both of its forms, and Seq's own ones for JavaScript."""

import pytest

from support.clients import FOLDER, check_error, check_info, snippet

#: What JavaScript's numbers hold.
SAFE_NUMBER = 2**53 - 1


@pytest.mark.parametrize("clef", ["", "1"], ids=["older form", "CLEF"])
def test_seqlog(clients, clef):
    info, error = clients.send("seq/seqlog_client.py", count=2, environment={"SEQLOG_CLEF": clef})

    check_info(info)
    assert info["message"].endswith(" for Ada")
    assert info["template"] == "order placed {Run} for {Customer}"
    check_error(error, exception="ValueError: card declined", frame="seqlog_client.py")
    for event in (info, error):
        assert (event["application"], event["host"]) == ("shop", "web-1")
        assert event["category"] == "shop.cart"
        assert event["protocol"] == "seq"


def test_the_snippet_of_seqlog_sends_as_it_is_shown(clients, tmp_path):
    script = tmp_path / "snippet.py"
    script.write_text(snippet("seqlog", clients.served.url))
    done = clients.execute([str(FOLDER / "python" / "bin" / "python"), str(script)])
    assert done.returncode == 0, done.stderr
    [event] = clients.served.wait_for('"Hello from seqlog"', 1)
    assert (event["template"], event["severity"]) == ("Hello from {client}", 2)
    assert event["protocol"] == "seq"


def test_seq_logging(clients):
    info, error = clients.send("seq/seq_logging.mjs", count=2)

    check_info(info, number=SAFE_NUMBER)
    assert info["message"].endswith(" for Ada")
    assert info["trace_id"] == "b45f1e36c1e34f0f9a4c9d0f5a3e1b2c"
    assert info["span_id"] == "6a1b2c3d4e5f6071"
    check_error(error, exception="TypeError: card declined", frame="seq_logging.mjs")


def test_pino_seq(clients):
    info, error = clients.send("seq/pino_seq.mjs", count=2)

    check_info(info, number=SAFE_NUMBER)
    assert info["application"] == "shop"
    check_error(error, exception="TypeError: card declined", frame="pino_seq.mjs")


def test_winston_seq(clients):
    info, error = clients.send("seq/winston_seq.mjs", count=2)

    check_info(info, number=SAFE_NUMBER)
    assert info["template"] == "order placed {run} for {customer}"
    check_error(error, exception="TypeError: card declined", frame="winston_seq.mjs")


@pytest.mark.parametrize("script", ["seq_logging.mjs", "pino_seq.mjs", "winston_seq.mjs"])
def test_a_wrong_key_is_told(clients, script):
    done = clients.run(f"seq/{script}", {"LOGSTER_KEY": "wrong"})

    assert "401" in done.stdout + done.stderr

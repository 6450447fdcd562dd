"""Stands in for the VictoriaLogs binary: the few answers the bench asks for, and their checks.

It keeps lines in memory, so that a `kill -9` loses them all.
"""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from logster.ingest.body import open_body

LINES: list[bytes] = []


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        if address.path == "/select/logsql/query":
            word, _, rest = parse_qs(address.query)["query"][0].partition(" | ")
            assert rest == "stats count() as rows", rest
            found = sum(word == "*" or word.encode() in line for line in LINES)
            self.answer(json.dumps({"rows": str(found)}).encode())
        elif address.path == "/metrics":
            self.answer(b"vl_active_force_merges 0\n")
        else:
            internal = ("/internal/force_merge", "/internal/force_flush")
            assert address.path in ("/health", *internal), address
            self.answer(b"OK")

    def do_POST(self) -> None:
        address = urlsplit(self.path)
        names = {name: values[0] for name, values in parse_qs(address.query).items()}
        assert address.path == "/insert/jsonline", address
        body = self.rfile.read(int(self.headers["Content-Length"]))
        body = open_body(body, self.headers.get("Content-Encoding", ""), 10**9, "")
        for line in body.splitlines():
            members = json.loads(line)
            assert members[names["_msg_field"]]
            assert all(members[name] for name in names["_stream_fields"].split(","))
            LINES.append(line)
        self.answer(b"")

    def answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def main() -> None:
    flags = dict(argument.lstrip("-").split("=", 1) for argument in sys.argv[1:])
    assert flags.keys() == {"storageDataPath", "httpListenAddr", "retentionPeriod"}, flags
    host, _, port = flags["httpListenAddr"].partition(":")
    ThreadingHTTPServer((host, int(port)), Handler).serve_forever()


if __name__ == "__main__":
    main()

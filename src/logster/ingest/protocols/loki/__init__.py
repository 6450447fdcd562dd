"""Loki's push API.

`dialect` has the routes and the answers, `protobuf_body` and `json_body` read, `labels` says what
a stream's labels are, and `entry` what a line is.
"""

"""OpenTelemetry's logs over HTTP.

`dialect` has the routes, `protobuf_body` and `json_body` read, `origin` and `record` say which
attribute is which field, `answers` speaks to the client.
"""

"""Elasticsearch's `_bulk`: what Beats, Logstash, Fluent Bit, Vector and its own clients send.

`dialect`    routes, keys and answers
`bulk`       lines, in turn what to do and a document
`document`   documents become columns of events, by the names of ECS
`handshake`  what clients ask before they send
`answer`     JSON as Elasticsearch answers it
"""

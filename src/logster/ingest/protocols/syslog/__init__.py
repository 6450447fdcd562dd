"""Syslog, as the many kinds of senders write it.

    syslog      the protocol: frames of sockets, and a body of HTTP
    message     one message -> fields: RFC 5424, RFC 3164, rsyslog's own, and what is none of them
    elements    the structured data of RFC 5424 -> properties
    moment      times without a year or a zone

What comes of it is in docs/protocols/syslog.md.
"""

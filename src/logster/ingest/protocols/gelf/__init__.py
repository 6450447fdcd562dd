"""GELF, Graylog's dialect: JSON documents by HTTP, in datagrams (also in chunks) and in streams.

    gelf        the protocol
    document    one document -> fields
    chunks      datagrams that are parts of a message -> messages

What comes of it is in docs/protocols/gelf.md.
"""

"""Sockets beside HTTP: syslog and GELF on UDP, TCP and TLS, as parts of a worker.

    sockets      opens what the settings name, and closes it at the end
    dialect      what a protocol says of its datagrams and streams
    udp          datagrams in, as many as there are at each look
    tcp          connections in, with TLS or without
    framing      a stream in pieces -> frames
    inbox        frames that wait -> deliveries, one after the other
    losses       what could not be taken, counted and said

In: bytes of strangers, without a key of their own. Out: deliveries to the intake, where HTTP
comes as well (`ingest/intake`).
Promise: nothing here waits for the spool but a socket that is not read meanwhile: TCP slows its
senders down, and of UDP the system counts what it had to drop. What was read is kept at a stop.
"""

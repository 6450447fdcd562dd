"""HTTP/1.1 of a worker: connections in, ASGI calls out.

    listener     accepts connections, as many as there may be, and ends them
    connection   one peer: requests one after the other, and when it is over
    parser       bytes -> heads and pieces of bodies
    head         what is refused before anybody is asked
    exchange     one request and its answer: the two ends of an ASGI call
    response     the bytes of an answer

In: a listening socket. Out: one call of the application for each request.
Promise: connections, heads and waiting are bounded; neither a request nor an answer that is cut
short looks like a whole one; at the end, requests under way are finished first.

httptools (llhttp, Node's parser) reads the bytes in the thread of the event loop: a request
changes no thread on its way to the group commit. What that brought, and why the rest is not a
ready server's, is in docs/decisions/019.
"""

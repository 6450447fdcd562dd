"""Sentry: what its SDKs send, as envelopes of items and in the older form of one event.

`dialect`    routes, keys and answers
`envelope`   a body into its items
`items`      items into events; what is no event is counted
`event`      the members of an event into fields, properties and details
`labels`     tags, extra, request and contexts: what of them becomes properties
`exceptions` the chain of exceptions and the threads, of whatever form
`traceback`  them as text, as their language prints it
`log`        items of structured logs
`report`     check-ins and what users say
`logentry`   a message and its template
`frames`     what all languages share; `python` has a module of its own
`mending`    JSON with halves of characters
"""

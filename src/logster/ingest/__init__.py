"""From a request to events: receive, open, read and normalize.

In: bytes of any client protocol. Out: columns of events, and one outcome for each.
"""

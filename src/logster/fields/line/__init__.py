"""A line of a log that says more than its text: for files, and for protocols that carry lines.

In: a line as any program wrote it. Out: a `Line` with the time, the severity and the fields that
are surely in it. `read` is the way in; it asks, in this order,

`jsonline` (an object: any logger's, `journal`, CLEF) and `logfmt` (pairs), which put their values
into fields by `members`; `access` (a request to a web server); else the head of the text:
`timestamp` (with its `zone`) and `severity`.

`embedded` is for a text that a protocol carries, whose time and sender are known already.
"""

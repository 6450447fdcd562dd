"""Seq's HTTP API: what Serilog, NLog, Microsoft.Extensions.Logging and Seq's own clients send.

`dialect`   routes, keys and answers
`clef`      events, one on each line
`raw`       the older form, a list of events
`event`     one event, as the members of CLEF, becomes fields;
            `plain` does that for nearly all lines, and faster
`names`     properties that have a field of their own here
"""

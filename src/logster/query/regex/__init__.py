r"""Regular expressions: one strict syntax, written for the engine (RE2) and for Python.

In: the text between the slashes of `/…/` (`parse`). Out: a checked tree (`tree`, and `ranges` for
its characters) that both are given alike (`render`), and what an index can be asked for (`tokens`).
Promise: what is accepted means the same in both, and costs the engine linear time;
what is not is a `QueryError` at its place. Anything only one of them knows is refused.

The syntax: literals, `.` (all but a line feed), `\d \w \s \D \W \S` (ASCII), `[a-z]`, `[^…]`,
`\b \B` (ASCII), `^ $` (the ends of the whole text), groups, `|`, `? * + {n} {n,} {n,m}`, each
also lazy, `\t \n \r \f \v \xHH \x{H…}`, and a backslash before any sign. Every set is written
out as its ranges, so that no engine's idea of a class matters.
"""

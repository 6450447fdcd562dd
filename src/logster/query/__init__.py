"""Questions of people: text -> tree -> text, and what a tree means. No SQL, no I/O, no clock.

In: what somebody types into a search box. Out: frozen trees, which `store` puts into the engine's
words; their canonical text; and a `QueryError` with the place of the mistake for all else.

Read it in this order:

what it is
    `tree` (a search: conditions on fields), `stats` (what to count in what it finds)
text -> tree
    `grammar` (what may stand where), `parse` (a search), `condition` (one condition of it),
    `interval` (a written time), `pipes` (what stands behind the `|`), `question` (both at once),
    `mistake` (what is said of the rest), `limits` (how large it may be)
tree -> text
    `render`
what it means
    `match` (the reference: the engine must find the same), `value` (what an event has at a field),
    `tokens` (what a word is), `unicode` (é in one character or two), `number` (exact numbers),
    `regex` (expressions, a room of their own), `weight` (what a pattern can cost)
around it
    `moment` (times beside a search: `2h ago`), `variables` (values in the place of names),
    `complete` (what is missing at the cursor), `suggest` (which name is meant by a misspelt one)
"""

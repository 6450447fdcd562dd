"""Disk to the engine and back. In: blocks and questions. Out: rows.

SQL is composed in these modules and nowhere else; a test holds the list and the source together.

- pieces, from a filter and its fields: columns, conditions, cursor, expressions, parameters,
  properties, prose, selection
- questions: aggregates, arrivals, complete, export/columns, export/page, export/parquet,
  export/text,
  facets, field_list, histogram, issues, patterns, rates, readings, releases, select, usage
- the tables themselves: damage, schema, topology
- inside the built-in engine: embedded/database, embedded/enclosure, embedded/handle,
  embedded/settings

A text of SQL is made of our own words and of names from `topology`. What a stranger says is a
value: `parameters` binds it. (The meta database, the spool and the ledger have SQL of their own, in
their rooms; raw SQL of an administrator is passed on as it is.)

The rest asks and answers. `engine` is the way to the store (with address, answer and failures), and
`insert` the way in. search, tail, context, stats, suggestion (with meanings) and raw_sql ask in
several steps; meter adds up what that cost, input checks what they are given.
"""

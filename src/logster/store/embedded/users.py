"""Who may ask the engine, and how many of their calls it takes at once.

`logster` may do everything. `reader` may ask. A reader whose question says for which workspace it
is (`scope`) asks in SQL that an administrator wrote.
"""

WRITER = "logster"
READER = "reader"
RAW_SQL = "raw_sql"

#: Calls of one user that run at the same time; on few cores more would only share memory. SQL of
#: administrators has slots of its own, and together the memory of one question.
SLOTS = {WRITER: 8, READER: 8, RAW_SQL: 2}
#: Calls of one user that may wait for a slot; beyond, a client is told to come back.
MAX_WAITING = {WRITER: 64, READER: 64, RAW_SQL: 6}

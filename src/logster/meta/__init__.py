"""Who may send and who may look: workspaces, keys, accounts, and what people keep.

    database   sqlite, upgrade, migrations, tables: open, and as this version needs it
    live       values that every worker follows: grants, retention
    lease      work that one worker of all does: expiry
    keys       key_text, grants
    accounts   passwords, throttle, sessions, members, bootstrap
    sharing    searches, dashboards
    meta       all of it as one value, to be handed around

In: a key or a session. Out: rights.
"""

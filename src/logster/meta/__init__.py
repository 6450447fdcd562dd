"""Who may send and who may look: workspaces, keys, accounts.

In: a key or a session. Out: rights.
"""

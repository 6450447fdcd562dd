"""The ledger of one machine: what was not stored, counted, and the newest of it kept to look at.

What is stored is counted by the store itself. In: outcomes of the intake. Out: counts and bodies.
"""

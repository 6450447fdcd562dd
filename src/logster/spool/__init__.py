"""Events to disk, before the receipt.

In: packed blocks. Out: synced batches, oldest first, until they are forgotten.
"""

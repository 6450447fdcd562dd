"""Events to disk, before the receipt. In: columns. Out: synced batches, oldest first, until they are forgotten."""

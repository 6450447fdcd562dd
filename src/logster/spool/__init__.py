"""Events to disk, before the receipt; from there into the store.

In: packed blocks. Out: synced batches, oldest first, until they are forgotten.

What others use: `spool` (append, take, forget), `drain`, `packing`; `state`, `quarantine` and
`receipts` for who looks into the files; `slots` and `orphans` for which file is whose. Within a
file: `schema`, `queue` and its `tally`, `missed`; around it: `file`, `room`, `writer` and its
`commits`, `claims`, `listeners`; against loss: `watermark`, `identity`, `repair`.
"""

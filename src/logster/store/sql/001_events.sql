-- The events: one row for each, newest reads first. Reasons and figures: docs/decisions/003.
CREATE TABLE IF NOT EXISTS events
(
    id UInt64 CODEC(Delta, ZSTD(1)),
    timestamp DateTime64(9, 'UTC') CODEC(Delta, ZSTD(1)),
    received_at DateTime64(9, 'UTC') CODEC(Delta, ZSTD(1)),
    -- The engine's clock at the insert: what a live tail has not seen yet.
    stored_at DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta, ZSTD(1)),
    severity UInt8 CODEC(ZSTD(1)),
    message String CODEC(ZSTD(3)),
    template LowCardinality(String) CODEC(ZSTD(1)),
    application LowCardinality(String) CODEC(ZSTD(1)),
    category LowCardinality(String) CODEC(ZSTD(1)),
    `user` String CODEC(ZSTD(3)),
    exception String CODEC(ZSTD(3)),
    -- Traces repeat across granules: blocks and a window of 4 MiB see it, for 2.9 bytes of each row.
    stack_trace String CODEC(ZSTD(3, 22))
        SETTINGS (min_compress_block_size = 4194304, max_compress_block_size = 4194304),
    host LowCardinality(String) CODEC(ZSTD(1)),
    environment LowCardinality(String) CODEC(ZSTD(1)),
    release LowCardinality(String) CODEC(ZSTD(1)),
    trace_id String CODEC(ZSTD(1)),
    span_id String CODEC(ZSTD(1)),
    -- One JSON object as the client sent it, '' for {}.
    properties String CODEC(ZSTD(1)),
    workspace UInt32 CODEC(ZSTD(1)),
    key UInt32 CODEC(ZSTD(1)),
    protocol LowCardinality(String) CODEC(ZSTD(1)),
    issue UInt64 CODEC(ZSTD(1)),
    -- A bit for each text that was sent as "", which is stored like one that was not sent.
    blank UInt16 CODEC(ZSTD(1)),
    INDEX by_id id TYPE minmax GRANULARITY 1,
    INDEX by_stored_at stored_at TYPE minmax GRANULARITY 1,
    -- Which blocks of rows can hold a value at all, for 1.25 bytes for each different value of a
    -- block. At 0.85 % nearly half of the bits are set, so ZSTD finds nothing to pack: at 1 %
    -- it packs 3 % of a filter, and unpacking takes as long as everything else of a search in it.
    INDEX applications application TYPE bloom_filter(0.0085) GRANULARITY 1,
    INDEX categories category TYPE bloom_filter(0.0085) GRANULARITY 1,
    INDEX hosts host TYPE bloom_filter(0.0085) GRANULARITY 1,
    INDEX traces trace_id TYPE bloom_filter(0.0085) GRANULARITY 1,
    INDEX issues issue TYPE bloom_filter(0.0085) GRANULARITY 1,
    -- The values of the top level as text; a question must say this very expression (store/select).
    INDEX property_values JSONExtractKeysAndValues(properties, 'String').2 TYPE bloom_filter(0.0085) GRANULARITY 1,
    INDEX users `user` TYPE bloom_filter(0.0085) GRANULARITY 1,
    -- Words in order of their rows, packed: 11 of 106 bytes less for each row than as plain numbers.
    -- A question must say these very expressions, for text inside words as well (store/select).
    INDEX message_words lowerUTF8(message) TYPE text(tokenizer = splitByNonAlpha, posting_list_codec = 'bitpacking'),
    INDEX exception_words lowerUTF8(exception) TYPE text(tokenizer = splitByNonAlpha, posting_list_codec = 'bitpacking'),
    INDEX stack_trace_words lowerUTF8(stack_trace) TYPE text(tokenizer = splitByNonAlpha, posting_list_codec = 'bitpacking')
)
ENGINE = MergeTree
PARTITION BY toYYYYMMDD(timestamp)
ORDER BY (workspace, timestamp, id)
TTL toDateTime(timestamp) + INTERVAL 30 DAY DELETE
SETTINGS
    -- An event far from the next costs the unpacking of a granule: half of the usual 8,192 rows.
    index_granularity = 4096,
    -- Ten parts of a size become one instead of five: at full speed an event is written again less
    -- often, and a question meets a few parts more.
    merge_selector_base = 10,
    -- A part of a gigabyte is left as it is: merges stay short, and no event is written for ever.
    max_bytes_to_merge_at_max_space_in_pool = 1000000000,
    -- Of what has no codec of its own: the indexes, which were LZ4.
    default_compression_codec = 'ZSTD(1)',
    -- The spool forgets a block when its insert returns: it must be on disk by then.
    fsync_after_insert = 1,
    fsync_part_directory = 1,
    -- And so must what a merge makes of it, before the parts it was made of are removed.
    min_rows_to_fsync_after_merge = 1,
    min_compressed_bytes_to_fsync_after_merge = 1,
    -- Those stay for a while: chDB finds out at its next start when the new part is cut, and then
    -- goes on with them (store/embedded). They are looked for often, to have their room again.
    old_parts_lifetime = 30,
    cleanup_delay_period = 10,
    max_cleanup_delay_period = 30,
    -- A store that opens without some parts, and says so, is better than none.
    max_suspicious_broken_parts = 1000,
    max_suspicious_broken_parts_bytes = 100000000000,
    -- Tokens of this many inserts are remembered: half an hour of the fastest, hours of others.
    non_replicated_deduplication_window = 10000,
    -- Whole days expire at once, without rewriting parts.
    ttl_only_drop_parts = 1,
    -- A changed retention is written to the parts' headers; their rows stay as they are.
    materialize_ttl_recalculate_only = 1

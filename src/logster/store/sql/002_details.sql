-- What a dialect keeps of an event to be shown and not searched, as the frames of an exception:
-- one JSON object, '' for none. Stored as stack traces are, for it repeats as they do.
ALTER TABLE events ADD COLUMN IF NOT EXISTS details String CODEC(ZSTD(3, 22))
    SETTINGS (min_compress_block_size = 4194304, max_compress_block_size = 4194304)
    AFTER properties;

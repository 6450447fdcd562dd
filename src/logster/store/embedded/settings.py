"""Settings of the engine: of the whole, of each question, and which of them a reader may change.

In: the configuration; what a question asks for. Out: the engine's own settings, as text.
Promise: a reader changes limits only downwards, and of the rest how an answer looks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from logster.store.embedded.guard import NotAllowedError
from logster.store.embedded.users import RAW_SQL, SLOTS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from logster.config import Config

#: Largest answer to a reader; answers that cannot be sent piecewise are built in memory.
MAX_RESULT_BYTES = 256 * 1024 * 1024

#: What a reader may set besides its limits (these only downwards): how times look, how many rows
#: it can take.
READER_SETTINGS = frozenset({"date_time_output_format", "max_result_rows"})
READER_SETTING_PREFIX = "output_format_"

#: Settings of a reader's questions that no call can change. The engine would give a question one
#: thread for each free GiB of its memory: in an engine of 1 GiB all of them ran on one core.
#: Their memory is bounded by limits of their own.
QUESTION_SETTINGS = {"max_threads_min_free_memory_per_thread": "0"}

#: Of SQL of administrators: small blocks, since limits of time are looked at between them, and
#: arrays that are no bombs; a parser that does not try all ways to read a text that is none.
RAW_SQL_SETTINGS = {
    "max_block_size": "8192",
    "max_parser_backtracks": "20000",
    "function_range_max_elements_in_block": "10000000",
}

#: What the engine keeps in memory besides queries, for a small machine (bytes).
CACHES = {
    "mark_cache_size": 64 << 20,
    "primary_index_cache_size": 64 << 20,
    "index_mark_cache_size": 32 << 20,
    "text_index_tokens_cache_size": 16 << 20,
    "text_index_header_cache_size": 16 << 20,
    "text_index_postings_cache_size": 32 << 20,
    "query_condition_cache_size": 16 << 20,
    "compiled_expression_cache_size": 16 << 20,
    "parquet_metadata_cache_size": 1 << 20,
    "iceberg_metadata_files_cache_size": 1 << 20,
    "vector_similarity_index_cache_size": 1 << 20,
    "mmap_cache_size": 64,
}

#: Threads of the engine's background work: merges need one core, queries the other.
POOLS = {
    "background_pool_size": 2,
    "background_merges_mutations_concurrency_ratio": 2,
    "background_schedule_pool_size": 2,
    "max_thread_pool_size": 200,
    "max_io_thread_pool_size": 16,
    "max_active_parts_loading_thread_pool_size": 4,
    "max_outdated_parts_loading_thread_pool_size": 2,
    "max_parts_cleaning_thread_pool_size": 2,
}


#: Settings of every call, unless it says otherwise.
CALL_SETTINGS = {"implicit_select": "0", "allow_introspection_functions": "0"}


class ReaderSettings:
    """The settings of a reader's questions, within the limits of the configuration."""

    def __init__(self, config: Config) -> None:
        self._limits: dict[str, float] = {
            "max_memory_usage": config.query_memory_bytes,
            "max_execution_time": config.query_timeout_s,
            "max_threads": config.question_threads,
            "max_result_bytes": MAX_RESULT_BYTES,
            "max_temporary_data_on_disk_size_for_query": config.query_memory_bytes * 4,
        }

    def of_question(self, asked: Mapping[str, str]) -> dict[str, str]:
        """What was asked for, within the limits."""
        return self._within(asked, 1)

    def of_raw_sql(self, asked: Mapping[str, str]) -> dict[str, str]:
        """The same for SQL of administrators; all of it together has the memory of one question."""
        return self._within(asked, SLOTS[RAW_SQL]) | RAW_SQL_SETTINGS

    def _within(self, asked: Mapping[str, str], share: int) -> dict[str, str]:
        settings = QUESTION_SETTINGS | {name: str(limit) for name, limit in self._limits.items()}
        settings["max_memory_usage"] = str(self._limits["max_memory_usage"] // share)
        for name, value in asked.items():
            if name in self._limits:
                settings[name] = _lower(value, settings[name])
            elif name in READER_SETTINGS or name.startswith(READER_SETTING_PREFIX):
                settings[name] = value
            else:
                raise NotAllowedError(f"setting {name} is not allowed")
        return settings


def _lower(asked: str, limit: str) -> str:
    """The asked value when it is a real limit below ours, else ours; 0 means no limit."""
    try:
        value = float(asked)
    except ValueError:
        value = 0
    return asked if 0 < value < float(limit) else limit


def keep_server_settings(file: Path, config: Config) -> None:
    """Let a file have the settings of the engine; one that has them needs no room on a disk."""
    settings = {"max_server_memory_usage": config.engine_memory_bytes, **CACHES, **POOLS}
    lines = "".join(f"  <{name}>{value}</{name}>\n" for name, value in settings.items())
    text = f"<clickhouse>\n{lines}</clickhouse>\n"
    if not file.exists() or file.read_text("utf-8") != text:
        file.write_text(text, "utf-8")


def render_settings(settings: Mapping[str, str]) -> str:
    """A SET statement; values are quoted, the engine converts them."""
    pairs = (f"{name} = {_quoted(value)}" for name, value in settings.items())
    return "SET " + ", ".join(pairs)


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"

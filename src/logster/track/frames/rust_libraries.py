"""What is not the program's own in Rust: the standard library, and crates of others.

In: a function and its file, as they are printed. Out: whether both are a library's. Where files
are not printed, crates that many programs use are known by their name.
"""

from __future__ import annotations

import re

_FILES = re.compile(
    r"/rustc/|/\.?cargo/(?:registry|git)/|/checkout/src/lib|/rustlib/|/rust/deps/"
    r"|^(?:lib(?:core|std|alloc)/|library/|src/lib(?:core|std|alloc)/)|/vendor/|/sysdeps/|/csu/"
)
#: The first name of a path, of a type before its trait; without the hash behind a crate's name.
_CRATE = re.compile(
    r"[<&*\s]*+(?:dyn |mut |const |impl )?(?:_<)*+([A-Za-z_]\w*)(?:\[[0-9a-f]{8,20}\])?(::)?"
)
_TRAIT = re.compile(r"[<&]*\w{1,3} as ([A-Za-z_]\w*)")
_CRATES = frozenset(
    """
    std core alloc proc_macro test __rustc rust_begin_unwind backtrace addr2line gimli
    tokio tokio_util tokio_stream mio futures futures_util futures_core futures_executor async_std
    async_executor smol hyper hyper_util h2 http reqwest tower tower_http tower_service axum
    axum_core actix actix_rt actix_web actix_http actix_server actix_service warp rocket tonic prost
    rayon rayon_core crossbeam crossbeam_utils crossbeam_channel parking_lot parking_lot_core serde
    serde_json serde_yaml toml bincode anyhow eyre color_eyre thiserror log env_logger tracing
    tracing_core tracing_subscriber tracing_log clap regex chrono time uuid rand bytes once_cell
    lazy_static diesel sqlx sqlx_core sea_orm r2d2 deadpool redis rusqlite rustls native_tls openssl
    ring napi pyo3 wasm_bindgen js_sys web_sys console_error_panic_hook bevy_ecs bevy_app winit wgpu
    wgpu_core tauri tauri_runtime tao wry scoped_tls threadpool sentry sentry_core opentelemetry
    """.split()  # noqa: SIM905 - a list of words is read as one
)


def is_of_library(function: str | None, file: str | None) -> bool:
    """Whether a frame is not the program's own."""
    if file is not None and _FILES.search(file):
        return True
    if function is None:
        return file is None
    if trait := _TRAIT.match(function):
        return trait[1] in _CRATES
    crate = _CRATE.match(function)
    if crate is None or not crate[2]:  # of C, of the linker, or unknown
        return file is None or not file.endswith(".rs")
    return crate[1] in _CRATES

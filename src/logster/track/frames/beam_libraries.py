"""What is not the program's own in Elixir and Erlang: OTP, Elixir, and packages that many use.

In: an application, a function, a file, as they are printed. Out: whether they are a library's.
"""

from __future__ import annotations

import re

_APPLICATIONS = frozenset(
    """
    elixir iex mix ex_unit eex logger kernel stdlib erts sasl crypto ssl public_key inets mnesia
    compiler asn1 xmerl os_mon runtime_tools tools ssh syntax_tools
    absinthe absinthe_plug bandit broadway bypass castore commanded cowboy cowboy_telemetry cowlib
    credo db_connection decimal ecto ecto_sql eventstore ex_aws ex_machina expo exqlite finch
    floki gen_stage gettext guardian hackney hpax httpoison jason joken libcluster lager mint
    mox myxql nimble_options nimble_pool oban opentelemetry phoenix phoenix_ecto phoenix_html
    phoenix_live_view phoenix_pubsub phoenix_template plug plug_cowboy plug_crypto poison poolboy
    postgrex quantum ranch redix req rollbax sentry swoosh telemetry tesla thousand_island timex
    tzdata ueberauth websock websock_adapter xandra
    """.split()  # noqa: SIM905 - a list of words is read as one
)
_OTP = frozenset(
    """
    application application_master base64 binary calendar code dets dict epp erl_eval erl_parse
    erl_scan erlang erts_internal escript ets eval_bits file filelib filename gb_sets gb_trees gen
    gen_event gen_fsm gen_server gen_statem gen_tcp gen_udp global httpc inet init io io_lib
    io_lib_format lists logger maps math mnesia net_kernel orddict ordsets os otp_internal pg
    prim_file prim_inet proc_lib proplists queue ram_file rand re rpc sets shell ssl string
    supervisor supervisor_bridge sys timer unicode user cowboy_handler cowboy_http cowboy_stream_h
    cowboy_router ranch_conns_sup elixir elixir_eval elixir_compiler elixir_dispatch elixir_expand
    """.split()  # noqa: SIM905 - a list of words is read as one
)
_ERLANG = re.compile(r":(\w+|\"[^\"]{1,100}\")\.")
_DEPENDENCY = re.compile(r"(?:^|/)deps/")


def is_of_library(application: str | None, function: str, file: str | None) -> bool:
    """Whether a frame of Elixir is not the program's own.

    Of a module of Erlang the application is printed when it is one that was started; without it
    the module is a library's.
    """
    if application is not None:
        return application in _APPLICATIONS
    if file is not None and _DEPENDENCY.search(file):
        return True
    if function.startswith("nil."):
        return True
    found = _ERLANG.match(function)
    if found is not None:
        return not found[1].startswith("elixir_compiler")
    return is_of_otp(function.partition(":")[0])


def is_of_otp(module: str) -> bool:
    """Whether a module of Erlang comes with it."""
    return module.strip("'") in _OTP

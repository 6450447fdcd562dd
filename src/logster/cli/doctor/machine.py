"""What `logster doctor` sees of the machine it runs on.

In: a data folder of this machine, and the address of the server that is asked.
Out: whether that server runs with this folder, how the folder is, versions, settings.
Promise: it only looks; nothing of it is told as the server's.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import sqlite3
from typing import Any
from urllib.parse import urlsplit

import msgspec

from logster import __version__
from logster.cli.answer import ClientError
from logster.cli.doctor.amounts import describe_disk, describe_spools, shorten_size
from logster.cli.doctor.check import Step
from logster.config import SECRET_SETTINGS, SETTINGS, Config, load_config, variable_of
from logster.folder.lock import find_server
from logster.spool.state import look_into_spools

#: The packages whose version matters in a report of a fault.
PACKAGES = (
    "chdb-core",
    "clickhouse-connect",
    "granian",
    "httptools",
    "litestar",
    "msgspec",
    "pyarrow",
)

LOCAL_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """A data folder of this machine."""

    config: Config
    #: The address that a server which runs with the folder has told; "" unknown, None: none runs.
    runs: str | None
    asked: str

    @property
    def is_asked(self) -> bool:
        """Whether the server that was asked runs with this folder, as far as can be known."""
        return self.runs is not None and (not self.runs or _is_same(self.runs, self.asked))

    def describe_server(self) -> str:
        """Say whose folder this is."""
        if self.runs is None:
            return "no server runs with this folder"
        if self.is_asked:
            return "the server that was asked runs with this folder"
        return f"another server runs with this folder, {self.runs}"

    def steps(self) -> list[Step]:
        """What can be seen on this machine alone."""
        return [
            Step(
                name="data",
                examine=self.check_data,
                advice=f"Name a server's folder with --data or {variable_of('data')}, and run this "
                "as the server's user.",
                where="here",
            ),
            Step(
                name="room",
                examine=self.check_disk,
                advice="Free space, or move the data folder.",
                needs="data",
                where="here",
            ),
            Step(
                name="spools",
                examine=lambda: describe_spools(self.look_into_spools()),
                advice="See `logster spool aside`; put them back with `logster spool replay`.",
                needs="data",
                where="here",
            ),
        ]

    def check_data(self) -> str:
        """The folder is there and can be written to."""
        folder = self.config.data_path
        if not os.path.isdir(folder):  # noqa: PTH112 - it never raises
            raise ClientError(f"There is no folder {folder}.")
        if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
            raise ClientError(f"{folder} cannot be read and written by this user.")
        return f"{folder} can be written"

    def check_disk(self) -> str:
        """There is room on its disk."""
        usage = shutil.disk_usage(self.config.data_path)
        text = describe_disk(usage.free, usage.total)
        if usage.free <= self.config.min_free_disk_bytes:
            least = shorten_size(self.config.min_free_disk_bytes)
            raise ClientError(
                f"{text}; below {least} ({variable_of('min_free_disk_bytes')} in this shell) a "
                "server refuses events."
            )
        return text

    def look_into_spools(self) -> list[dict[str, Any]]:
        """Every spool in it, as the server would tell them."""
        folder = self.config.spool_path
        return [
            {
                "name": f"{folder / state.name}.sqlite",
                "events": state.events,
                "bytes": state.bytes,
                "aside_events": state.aside_events,
                "lost_events": state.lost_events,
                "fault": state.fault,
            }
            for state in look_into_spools(folder)
        ]


def find_machine(url: str, data: str | None) -> Machine | None:
    """Give a folder there is a reason to look at: the one of --data, or of a server on this host.

    A server elsewhere says nothing about this machine; and a folder that nobody named counts
    only when the server that is asked runs with it.
    """
    config = load_config({"data": data})
    machine = Machine(config=config, runs=find_server(config.data_path), asked=url)
    is_here = urlsplit(url).hostname in LOCAL_HOSTS
    is_named = data is not None or (is_here and config.data != Config().data)
    return machine if is_named or (is_here and machine.is_asked) else None


def _is_same(one: str, other: str) -> bool:
    """Do two addresses of this machine name one server?"""
    first, second = urlsplit(one), urlsplit(other)
    is_local = second.hostname in LOCAL_HOSTS or second.hostname == first.hostname
    return is_local and first.port == second.port


def list_versions() -> dict[str, str]:
    """Give the versions a report of a fault should name: those of this command."""
    versions = {
        "logster": __version__,
        "python": f"{platform.python_version()} ({platform.platform()})",
        "sqlite": sqlite3.sqlite_version,
    }
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = "not installed"
    return versions


def list_settings(config: Config) -> dict[str, str]:
    """Give every setting as this shell has it; secrets only as set or not."""
    return {variable_of(name): _shown(name, getattr(config, name)) for name in SETTINGS}


def _shown(name: str, value: Any) -> str:
    if name in SECRET_SETTINGS:
        return "(set, hidden)" if value else ""
    return str(value)

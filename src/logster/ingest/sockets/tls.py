"""What TLS needs: a certificate, its key, and who may sign those of clients.

In: the settings. Out: a context for connections.
Promise: a file that cannot be used is told by its setting, before anything listens.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import TYPE_CHECKING

from logster.config import variable_of
from logster.errors import ConfigError

if TYPE_CHECKING:
    from logster.config import Config


def build_context(config: Config) -> ssl.SSLContext:
    """Read the files; raises ConfigError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    for name in ("tls_certificate_file", "tls_private_key_file", "tls_client_ca_file"):
        if path := getattr(config, name):
            _check_readable(name, path)
    try:
        context.load_cert_chain(
            config.tls_certificate_file, config.tls_private_key_file, password=_refuse_password
        )
    except (ssl.SSLError, ValueError) as error:
        raise ConfigError(
            f"{variable_of('tls_certificate_file')} ({config.tls_certificate_file}) and "
            f"{variable_of('tls_private_key_file')} ({config.tls_private_key_file}) cannot be "
            f"used together: {_said_by(error)}."
        ) from None
    if config.tls_client_ca_file:
        try:
            context.load_verify_locations(config.tls_client_ca_file)
        except (ssl.SSLError, ValueError) as error:
            raise ConfigError(
                f"{variable_of('tls_client_ca_file')} ({config.tls_client_ca_file}) holds no "
                f"certificates in PEM: {_said_by(error)}."
            ) from None
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _check_readable(name: str, path: str) -> None:
    try:
        Path(path).read_bytes()
    except OSError as error:
        raise ConfigError(
            f"{variable_of(name)} is {path!r}: it cannot be read ({error.strerror})."
        ) from None


def _refuse_password() -> str:
    raise ValueError("the private key has a password, which nobody can be asked for")


def _said_by(error: Exception) -> str:
    reason = getattr(error, "reason", None)
    return str(reason or error).lower().replace("_", " ")

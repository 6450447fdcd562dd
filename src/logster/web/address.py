"""Whose address a request comes from, behind proxies that are known.

In: the peer of the connection, `X-Forwarded-For`, the networks of the operator's own proxies.
Out: an address. Promise: nobody chooses their own: each proxy adds the peer it saw at the right,
so the right-most address that is no proxy of ours is the last that one of ours has seen itself.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from litestar import Request

    from logster.config import Network

#: Proxies in a row; a longer header is somebody's joke.
MAX_HOPS = 20


def address_of(request: Request[Any, Any, Any], trusted: Sequence[Network]) -> str:
    """The address of who asks, or "" when the connection has none."""
    peer = request.client.host if request.client else ""
    return find_address(peer, ",".join(request.headers.getall("x-forwarded-for", [])), trusted)


def find_address(peer: str, forwarded: str, trusted: Sequence[Network]) -> str:
    """The first address, from the right, that is no trusted proxy."""
    address = peer
    for hop in reversed(forwarded.split(",")[-MAX_HOPS:]):
        if not _is_trusted(address, trusted):
            return address
        found = _read(hop)
        if found is None:
            return address
        address = str(found)
    return address


def _is_trusted(text: str, trusted: Sequence[Network]) -> bool:
    address = _read(text)
    return address is not None and any(
        address in network for network in trusted if network.version == address.version
    )


def _read(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An address, with a port behind it or not; None for anything else."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address

"""Many datagrams by one call of the system, where it has such (Linux).

In: a socket that does not block. Out: datagrams and their senders.
Promise: nothing waits, and no other thread gets its turn meanwhile.

With a call for each datagram, every one of them let go of the interpreter's lock. Another thread
that computes (the spool's packs a block) keeps it then for 5 ms at a time, in which the system's
buffer runs over.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import socket
import struct
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

#: One call reads no more. What they take of memory is what was once written into their places.
MAX_MESSAGES = 256
MAX_DATAGRAM_BYTES = 65_536
_ADDRESS_BYTES = 128
#: msghdr of 64 bits: name, its length, iovec, how many, control, its length, flags; then msg_len.
_HEADER = struct.Struct("@PIxxxxPNPNixxxxIxxxx")
_IOVEC = struct.Struct("@PN")
#: Where in the header they are, in units of 4 bytes.
_WORDS = _HEADER.size // 4
_NAME_LENGTH, _MESSAGE_LENGTH = 2, 14
#: Where in an address its number is.
_PLACES = {socket.AF_INET: slice(4, 8), socket.AF_INET6: slice(8, 24)}
_MAX_KNOWN = 4096


def find_call() -> Callable[..., int] | None:
    """The system's call; None where it has none of this form."""
    if sys.platform != "linux" or ctypes.sizeof(ctypes.c_void_p) != 8:  # noqa: PLR2004 - bytes
        return None
    call = getattr(ctypes.PyDLL(None, use_errno=True), "recvmmsg", None)
    if call is not None:
        call.argtypes = [
            *(ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int, ctypes.c_void_p)
        ]
        call.restype = ctypes.c_int
    return call


class Datagrams:
    """Places for datagrams, filled again and again."""

    def __init__(self, call: Callable[..., int]) -> None:
        self._call = call
        self._payloads = mmap.mmap(-1, MAX_MESSAGES * MAX_DATAGRAM_BYTES)
        self._addresses = bytearray(MAX_MESSAGES * _ADDRESS_BYTES)
        self._iovecs = bytearray(MAX_MESSAGES * _IOVEC.size)
        self._headers = bytearray(MAX_MESSAGES * _HEADER.size)
        payloads, addresses = _address_of(self._payloads), _address_of(self._addresses)
        iovecs = _address_of(self._iovecs)
        for index in range(MAX_MESSAGES):
            place = index * _IOVEC.size
            _IOVEC.pack_into(
                self._iovecs, place, payloads + index * MAX_DATAGRAM_BYTES, MAX_DATAGRAM_BYTES
            )
            name = addresses + index * _ADDRESS_BYTES
            header = (name, _ADDRESS_BYTES, iovecs + place, 1, 0, 0, 0, 0)
            _HEADER.pack_into(self._headers, index * _HEADER.size, *header)
        self._place = _address_of(self._headers)
        words = memoryview(self._headers).cast("I")
        self._name_lengths = words[_NAME_LENGTH::_WORDS]
        self._lengths = words[_MESSAGE_LENGTH::_WORDS]
        self._full_lengths = memoryview(bytearray(self._name_lengths.tobytes())).cast("I")
        self._known: dict[bytes, str] = {}

    def receive(self, listening: socket.socket) -> dict[str, list[bytes]]:
        """What is there, some of it, by sender; raises OSError."""
        self._name_lengths[:] = self._full_lengths
        flags = socket.MSG_DONTWAIT
        count = self._call(listening.fileno(), self._place, MAX_MESSAGES, flags, None)
        if count < 0:
            code = ctypes.get_errno()
            if code in (errno.EAGAIN, errno.EINTR):
                return {}
            raise OSError(code, os.strerror(code))
        found: dict[str, list[bytes]] = {}
        where = _PLACES[listening.family]
        payloads, addresses = self._payloads, self._addresses
        for index, length in enumerate(self._lengths[:count].tolist()):
            start = index * MAX_DATAGRAM_BYTES
            address = index * _ADDRESS_BYTES
            number = bytes(addresses[address + where.start : address + where.stop])
            sender = self._known.get(number) or self._name(listening.family, number)
            found.setdefault(sender, []).append(payloads[start : start + length])
        return found

    def _name(self, family: int, number: bytes) -> str:
        if len(self._known) >= _MAX_KNOWN:
            self._known.clear()
        sender = self._known[number] = socket.inet_ntop(family, number)
        return sender


def _address_of(buffer: bytearray | mmap.mmap) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(buffer))

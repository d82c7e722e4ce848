"""One POST to an address that somebody typed, so that it can lead nowhere but out.

Each time the name is resolved, every address that it has must be a public one, and the connection goes to the address that was
looked at: a name that answers differently the second time gains nothing (DNS rebinding). HTTPS on its own port alone, no
redirect, no proxy, fifteen seconds in all, and at most a kilobyte of the answer. `requests` would resolve by itself; hence
`http.client` over a socket of ours. The URL is a secret and stands in no message.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import quote, urlsplit

IpAddress: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

HTTPS = 443
#: In all, from the connection to the answer's head; in seconds.
TIMEOUT = 15.0
#: So much of an answer is read, in bytes.
MOST_READ = 1024
#: IPv6 addresses that carry an IPv4 address at their end (RFC 6052).
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class AddressRefused(ValueError):  # noqa: N818
    """The address may not be called, now or ever. Its words name no address."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other end said: the status, and after how many seconds to try again where it named that."""

    status: int
    retry_after: int | None = None


def system_addresses(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a name, as this machine resolves it."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_public(address: str) -> bool:
    """Return whether an address is one of the internet at large: not private, loopback, link-local (a cloud's metadata),
    shared, reserved or multicast, nor one of these inside of an IPv6 address."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:  # with a scope (`fe80::1%eth0`), or none at all
        return False
    return all(one.is_global and not one.is_multicast and not one.is_reserved for one in (found, *_within(found)))


def _within(address: IpAddress) -> list[IpAddress]:
    """Return the IPv4 addresses to which an IPv6 address leads."""
    if isinstance(address, ipaddress.IPv4Address):
        return []
    inside: list[IpAddress | None] = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in NAT64:
        inside.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return [one for one in inside if one is not None]


@dataclass(frozen=True, slots=True)
class Wire:
    """How the network is reached. Tests give it a resolver, and a server of their own behind `connect` and `trust`."""

    resolve: Callable[[str, int], Sequence[str]] = system_addresses
    connect: Callable[[tuple[str, int], float], socket.socket] = socket.create_connection
    trust: Callable[[], ssl.SSLContext] = ssl.create_default_context
    timeout: float = TIMEOUT


WIRE = Wire()


def parts_of(url: str) -> tuple[str, str]:
    """Return host, and path with query, of an address that may be called.

    Raises:
        AddressRefused: no HTTPS, another port than 443, a name and password in it, or no address at all.
    """
    try:
        found = urlsplit(url.strip())
        host, port = found.hostname, found.port
        name = (host or "").encode("idna").decode("ascii")
    except ValueError:
        raise AddressRefused("This is not an address that can be called.") from None
    if found.scheme != "https":
        raise AddressRefused("Only addresses with https:// are called.")
    if not name or found.username is not None or found.password is not None:
        raise AddressRefused("This is not an address that can be called.")
    if port not in {None, HTTPS}:
        raise AddressRefused("Only the usual port of https (443) is called.")
    path = quote(found.path or "/", safe="/%:@!$&'()*+,;=~-._")
    query = quote(found.query, safe="/%:@!$&'()*+,;=~-._?")
    return name, f"{path}?{query}" if query else path


def checked_addresses(host: str, wire: Wire = WIRE) -> Sequence[str]:
    """Return the addresses of a host, all of them public.

    Raises:
        AddressRefused: one of them is not. OSError: the name is not known.
    """
    found = wire.resolve(host, HTTPS)
    if not found or not all(map(is_public, found)):
        raise AddressRefused("The address leads into a private network: nothing is sent there.")
    return found


def post(url: str, body: bytes, *, wire: Wire = WIRE) -> Answer:
    """Send `body` (JSON) to `url` and return the answer, whatever its status.

    Raises:
        AddressRefused: it may not be called. OSError, http.client.HTTPException: nobody answered, or not in time.
    """
    host, path = parts_of(url)
    addresses = checked_addresses(host, wire)
    raw = _first(addresses, wire)
    held = [raw]

    def end() -> None:
        with suppress(OSError):
            held[-1].shutdown(socket.SHUT_RDWR)

    clock = threading.Timer(wire.timeout, end)
    clock.daemon = True
    connection = http.client.HTTPSConnection(host, HTTPS, timeout=wire.timeout)
    connection.auto_open = 0  # it would look the name up again
    try:
        clock.start()
        connection.sock = wire.trust().wrap_socket(raw, server_hostname=host)
        held.append(connection.sock)
        headers = {"Content-Type": "application/json", "User-Agent": "Gatehouse", "Connection": "close"}
        connection.request("POST", path, body=body, headers=headers)
        answer = connection.getresponse()
        answer.read(MOST_READ)
        after = answer.getheader("Retry-After", "")
        return Answer(answer.status, int(after) if after.isascii() and after.isdigit() and len(after) < 7 else None)
    finally:
        clock.cancel()
        connection.close()
        raw.close()


def _first(addresses: Sequence[str], wire: Wire) -> socket.socket:
    """Connect to the first of the addresses that answers."""
    fault: OSError = OSError("Nobody answers there.")
    for address in addresses[:3]:
        try:
            found = wire.connect((address, HTTPS), wire.timeout / 3)
            found.settimeout(wire.timeout)
            return found
        except OSError as said:
            fault = said
    raise fault

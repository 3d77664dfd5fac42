"""Where requests may go: one origin per client and, if the host wants it, never to a private address."""

from __future__ import annotations

import ipaddress
import re
import socket

import httpx

from ordersync.errors import BadSettings

__all__ = ["Origin", "PublicOnly", "base_address", "origin_of", "refuse_private"]

Origin = tuple[str, str, int]
"""Scheme, host in lower case, port."""

_SHOWABLE = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*:)?/{0,2}[^/?#]*")
_HOST = re.compile(r"[^\s\[\]<>\\^`{|}%@]+")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def origin_of(url: httpx.URL) -> Origin:
    """The origin of a full URL; the scheme's own port stands for none."""
    return url.scheme, url.host, url.port or {"https": 443, "http": 80}.get(url.scheme, 0)


def base_address(text: str) -> httpx.URL:
    """The base URL, with a slash at its end. Raises BadSettings, which quotes at most scheme and host."""
    shown = _SHOWABLE.match(text)
    quoted = repr(shown[0]) if shown and "@" not in text else "The address"
    url = None
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        pass
    if url is None or url.scheme not in ("http", "https") or not _HOST.fullmatch(url.host):
        raise BadSettings(f"{quoted} is not a web address; expected https://host[:port][/path].")
    if not 0 < origin_of(url)[2] < 1 << 16:
        raise BadSettings(f"{quoted} has an impossible port.")
    if url.userinfo:
        raise BadSettings(
            f"The address of {url.host} holds a user name or password.",
            remedy="Write https://host[:port][/path] and give the credentials in their own settings.",
        )
    if url.query or url.fragment:
        raise BadSettings(
            f"The address of {url.host} holds a query or fragment.",
            remedy="Write https://host[:port][/path] only.",
        )
    return url.copy_with(raw_path=url.raw_path.rstrip(b"/") + b"/")


def refuse_private(host: str) -> None:
    """Raises BadSettings if the name leads to an address that is not public; one that leads nowhere yet is let be."""
    try:
        _public_addresses(host)
    except OSError:
        pass


class PublicOnly(httpx.BaseTransport):
    """Connects to the very addresses that it has found public, so that a name which changes its mind gains nothing.

    Behind a proxy of the environment the proxy resolves names; what may be reached is then the proxy's business.
    """

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send to the first public address that accepts. Raises BadSettings if one of them is private."""
        host = request.url.host
        addresses: list[str] = []
        try:
            addresses = _public_addresses(host)
        except OSError:
            pass
        refused = httpx.ConnectError("no address was found", request=request)
        for address in addresses:
            pinned = httpx.Request(
                request.method,
                request.url.copy_with(host=address),
                headers=request.headers,
                stream=request.stream,
                extensions={**request.extensions, "sni_hostname": host},
            )
            try:
                return self._inner.handle_request(pinned)
            except httpx.ConnectError as error:
                refused = error
        raise refused

    def close(self) -> None:
        """Close all connections."""
        self._inner.close()


def _public_addresses(host: str) -> list[str]:
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(info[4][0]) for info in found))
    for address in addresses:
        if not _is_public(address):
            raise BadSettings(f"{host} is a private address, which this host does not allow.")
    return addresses


def _is_public(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour
        if inner is None and (ip in _NAT64 or int(ip) < 1 << 32):
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            ip = inner
    return ip.is_global and not ip.is_multicast and not ip.is_reserved

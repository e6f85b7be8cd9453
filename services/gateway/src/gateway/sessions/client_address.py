"""Owns the network address a request is counted under: the peer, or what trusted proxies say of it."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Network, ip_address

from starlette.requests import Request

_UNKNOWN = "unknown"
_IPV6_HOME_BITS = 64
"""What one IPv6 customer has at least; single addresses in it are free to them."""


def client_address(request: Request, trusted_proxies: int) -> str:
    """The address for limits: IPv4 as it is, IPv6 as its /64.

    Args:
        trusted_proxies: how many proxies of ours stand in front. Each appends the address it was called from
            to `X-Forwarded-For`, so the entry that many places from the right is true and everything left of
            it is the client's own claim. 0 ignores the header.
    """
    peer = request.client.host if request.client is not None else _UNKNOWN
    hops: list[str] = []
    if trusted_proxies > 0:
        for line in request.headers.getlist("x-forwarded-for"):
            hops.extend(hop.strip() for hop in line.split(","))
    claimed = hops[max(0, len(hops) - trusted_proxies)] if hops else peer
    return _network_of(claimed) or _network_of(peer) or _UNKNOWN


@lru_cache(maxsize=4096)
def _network_of(text: str) -> str | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((int(address), _IPV6_HOME_BITS), strict=False))

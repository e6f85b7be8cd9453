"""Owns which IP addresses count as public, in whatever form they hide a private one."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

# Beyond what `is_global` of the oldest supported Python knows (IANA special-purpose registries, 2025).
_NEVER_4 = tuple(
    IPv4Network(text)
    for text in (
        "192.0.0.0/24",  # IETF protocol assignments
        "192.88.99.0/24",  # deprecated 6to4 relays
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.175.48.0/24",  # AS112
    )
)
_GLOBAL_UNICAST_6 = IPv6Network("2000::/3")
_NEVER_6 = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # IETF protocol assignments, Teredo among them
        "2001:db8::/32",  # documentation
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052
_6TO4 = IPv6Network("2002::/16")  # RFC 3056


def is_public(text: str) -> bool:
    """Whether an address, as text, is one of the public internet. What is not an address is not public.

    IPv4 inside IPv6 (mapped, NAT64, 6to4) is judged as IPv4; translated, compatible, Teredo and site-local
    forms, and addresses with a zone, are refused altogether.
    """
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv4Address):
        return _is_public_4(address)
    return _is_public_6(address)


def _is_public_4(address: IPv4Address) -> bool:
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not any(address in network for network in _NEVER_4)
    )


def _is_public_6(address: IPv6Address) -> bool:
    if address.scope_id is not None:
        return False
    if address.ipv4_mapped is not None:
        return _is_public_4(address.ipv4_mapped)
    if address in _NAT64:
        return _is_public_4(IPv4Address(int(address) & 0xFFFF_FFFF))
    if address in _6TO4:
        return _is_public_4(IPv4Address(int(address) >> 80 & 0xFFFF_FFFF))
    return address in _GLOBAL_UNICAST_6 and address.is_global and not any(address in network for network in _NEVER_6)

"""Where webhooks may send: to public addresses, and to networks that the installation allows. Pure.

Whoever may write a webhook decides where this process connects to. Without this list they would reach what nobody
reaches but this machine: itself, its network, and the addresses under which clouds hand out credentials.
The list is the IANA registries of special-purpose addresses (RFC 6890), and what the large clouds add.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from service.settings_values import Network

Address = IPv4Address | IPv6Address
_DENIED_IPV4: Final = tuple(
    ip_network(one)
    for one in (
        "0.0.0.0/8",  # this network, and the unspecified address, which Linux connects to itself
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # behind a carrier's NAT; metadata of Alibaba Cloud
        "127.0.0.0/8",  # this machine
        "168.63.129.16/32",  # a public address that on Azure is the machine's host
        "169.254.0.0/16",  # link-local; metadata of most clouds
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # IETF assignments; metadata of Oracle Cloud
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # relays of 6to4
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
_PUBLIC_IPV6: Final = IPv6Network("2000::/3")
"""All that was ever assigned for the internet; loopback, link-local, unique local and multicast lie outside."""
_DENIED_IPV6: Final = tuple(
    IPv6Network(one)
    for one in (
        "2001::/23",  # IETF assignments, Teredo among them, which wraps an IPv4 address beyond recognition
        "2001:db8::/32",  # documentation
        "3fff::/20",  # documentation
    )
)
_NAT64: Final = IPv6Network("64:ff9b::/96")
_6TO4: Final = IPv6Network("2002::/16")


class TargetDenied(Exception):
    """The address is none that webhooks may send to. It says nothing else, so that nobody maps a network with it."""


def require(address: str, allowed: Iterable[Network]) -> None:
    """Raise TargetDenied unless webhooks may connect to the address, which stands in its one canonical form."""
    if not may_reach(address, tuple(allowed)):
        raise TargetDenied


def may_reach(address: str, allowed: tuple[Network, ...]) -> bool:
    """Whether webhooks may connect to an address: it is public, or in an allowed network.

    An IPv6 address that carries an IPv4 one leads to that one, and is judged as that one is. What is no address in its
    canonical form may not: `0x7f.1` is 127.0.0.1 to a system's resolver, and nothing to us.
    """
    try:
        found = ip_address(address)
    except ValueError:
        return False
    meant = embedded(found) or found
    if any(_within(one, network) for one in (found, meant) for network in allowed):
        return True
    if isinstance(meant, IPv4Address):
        return not any(meant in network for network in _DENIED_IPV4)
    if meant.scope_id is not None:
        return False
    return meant in _PUBLIC_IPV6 and not any(meant in network for network in _DENIED_IPV6)


def embedded(address: Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 one leads to: mapped (RFC 4291), by NAT64 (RFC 6052), or by 6to4 (RFC 3056)."""
    if isinstance(address, IPv4Address):
        return None
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    if address in _6TO4:
        return IPv4Address((int(address) >> 80) & 0xFFFF_FFFF)
    return None


def _within(address: Address, network: Network) -> bool:
    """A zone (`fe80::1%eth0`) says by which interface, not where."""
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        address = IPv6Address(int(address))
    return address.version == network.version and address in network

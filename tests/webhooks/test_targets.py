"""Where webhooks may send, address by address."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service import targets

DENIED = (
    *("0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.254"),
    *("168.63.129.16", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.168.1.1"),
    *("198.18.0.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "fe80::1", "fe80::1%2", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1", "2001::1"),
    *("::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:0:127.0.0.1", "::127.0.0.1"),
    *("64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::", "2002:a9fe:a9fe::1"),
)
PUBLIC = ("8.8.8.8", "172.15.255.255", "172.32.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808")
NO_ADDRESS = (
    "2130706433",
    "127.1",
    "0177.0.0.1",
    "0x7f.0.0.1",
    "localhost",
    "",
    "8.8.8.8 ",
    "٨.8.8.8",
    "1.2.3",
)


@pytest.mark.parametrize("address", DENIED)
def test_what_is_not_public_is_denied(address: str) -> None:
    """Loopback, private, link-local, carriers', metadata, multicast, reserved: in IPv4, IPv6, and wrapped in IPv6."""
    assert not targets.may_reach(address, ())
    with pytest.raises(targets.TargetDenied):
        targets.require(address, ())


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_public_is_allowed(address: str) -> None:
    """The neighbours of the denied networks are the internet's."""
    assert targets.may_reach(address, ())


@pytest.mark.parametrize("text", NO_ADDRESS)
def test_what_is_no_address_in_its_one_form_is_denied(text: str) -> None:
    """Decimal, octal and hexadecimal spellings are addresses to some; here they are none, whatever is allowed."""
    assert not targets.may_reach(text, (ip_network("0.0.0.0/0"), ip_network("::/0")))


def test_an_allowed_network_is_reached_and_its_neighbour_is_not() -> None:
    """A network is allowed for what it holds, in whichever form that is written, and for nothing else."""
    allowed = (ip_network("10.1.0.0/16"), ip_network("fd00:1::/32"))
    for address in ("10.1.2.3", "::ffff:10.1.2.3", "64:ff9b::a01:203", "2002:a01:203::", "fd00:1::7"):
        assert targets.may_reach(address, allowed)
    for address in ("10.2.0.1", "::ffff:10.2.0.1", "fd00:2::7", "127.0.0.1", "169.254.169.254"):
        assert not targets.may_reach(address, allowed)


@given(st.ip_addresses(v=4))
def test_every_way_to_wrap_an_address_is_judged_like_the_address(address: IPv4Address) -> None:
    """No IPv6 form of an IPv4 address reaches more than the address itself, nor less."""
    number = int(address)
    mapped = IPv6Address((0xFFFF << 32) | number)
    translated = IPv6Address(int(IPv6Address("64:ff9b::")) | number)
    tunnelled = IPv6Address((0x2002 << 112) | (number << 80))
    itself = targets.may_reach(str(address), ())
    assert [itself] * 3 == [targets.may_reach(str(one), ()) for one in (mapped, translated, tunnelled)]


@given(st.ip_addresses())
def test_nothing_that_the_library_calls_private_is_allowed(address: IPv4Address | IPv6Address) -> None:
    """Python's own table, of whatever release, knows of no address outside the internet that is let through here."""
    meant = targets.embedded(address) or address
    if targets.may_reach(str(address), ()):
        known = (meant.is_loopback, meant.is_link_local, meant.is_multicast, meant.is_unspecified)
        assert (False,) * 6 == (*known, meant.is_private, meant.is_reserved)


@given(st.ip_addresses(), st.integers(0, 32))
def test_allowing_the_network_of_an_address_allows_it(
    address: IPv4Address | IPv6Address, length: int
) -> None:
    """An operator's word counts for every address, whatever its kind."""
    network = ip_network((address, length), strict=False)
    assert targets.may_reach(str(address), (network,))
    assert str(ip_address(str(address))) == str(address)

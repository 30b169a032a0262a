//! Which addresses are public. Pure: the special-purpose registries of IANA as two tables, and what hides in addresses
//! that carry another.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ipnet::IpNet;

/// IPv4: every special-purpose range, globally reachable or not, since nobody keeps media in any of them; multicast;
/// and an address that is public by number alone.
const V4: &[([u8; 4], u32, &str)] = &[
    ([0, 0, 0, 0], 8, "this network"),
    ([10, 0, 0, 0], 8, "private"),
    ([100, 64, 0, 0], 10, "shared by a carrier"),
    ([127, 0, 0, 0], 8, "loopback"),
    // Hosts that answer metadata and credentials to virtual machines are among these.
    ([169, 254, 0, 0], 16, "link-local"),
    ([172, 16, 0, 0], 12, "private"),
    ([192, 0, 0, 0], 24, "protocol assignments"),
    ([192, 0, 2, 0], 24, "documentation"),
    ([192, 31, 196, 0], 24, "AS112"),
    ([192, 52, 193, 0], 24, "AMT"),
    ([192, 88, 99, 0], 24, "6to4 relays"),
    ([192, 168, 0, 0], 16, "private"),
    ([192, 175, 48, 0], 24, "AS112"),
    ([198, 18, 0, 0], 15, "benchmarking"),
    ([198, 51, 100, 0], 24, "documentation"),
    ([203, 0, 113, 0], 24, "documentation"),
    ([224, 0, 0, 0], 4, "multicast"),
    ([240, 0, 0, 0], 4, "reserved"),
    // Azure's virtual machines find their host at it.
    ([168, 63, 129, 16], 32, "a cloud's own"),
];

/// IPv6: what is special within the unicast space 2000::/3. Everything outside of it is refused, whatever it is.
const V6: &[([u16; 8], u32, &str)] = &[
    // Teredo, benchmarking, ORCHID and the other protocol assignments.
    ([0x2001, 0, 0, 0, 0, 0, 0, 0], 23, "protocol assignments"),
    ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32, "documentation"),
    ([0x2002, 0, 0, 0, 0, 0, 0, 0], 16, "6to4"),
    ([0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0], 48, "AS112"),
    ([0x3ffe, 0, 0, 0, 0, 0, 0, 0], 16, "a former test network"),
    ([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20, "documentation"),
];

/// Why an address is not public; `None` when it is.
pub fn why_not_public(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => why_not_v4(address),
        IpAddr::V6(address) => why_not_v6(address),
    }
}

fn why_not_v4(address: Ipv4Addr) -> Option<&'static str> {
    let bits = address.to_bits();
    let special =
        |(network, prefix, _): &&([u8; 4], u32, &str)| (bits ^ u32::from_be_bytes(*network)).leading_zeros() >= *prefix;
    V4.iter().find(special).map(|(.., what)| *what)
}

fn why_not_v6(address: Ipv6Addr) -> Option<&'static str> {
    let bits = address.to_bits();
    let segments = address.segments();
    let last = Ipv4Addr::from_bits(u32::try_from(bits & u128::from(u32::MAX)).unwrap_or_default());
    // The well-known prefix of NAT64: what is really reached is the IPv4 address behind it.
    if segments[..6] == [0x64, 0xff9b, 0, 0, 0, 0] {
        return why_not_v4(last);
    }
    if segments[0] >> 13 != 1 {
        return Some("outside of the public space");
    }
    let special = |(network, prefix, _): &&([u16; 8], u32, &str)| {
        (bits ^ Ipv6Addr::from(*network).to_bits()).leading_zeros() >= *prefix
    };
    if let Some((.., what)) = V6.iter().find(special) {
        return Some(what);
    }
    // ISATAP: an interface identifier that carries an IPv4 address.
    let isatap = matches!(segments[4], 0 | 0x200) && segments[5] == 0x5efe;
    if isatap { why_not_v4(last) } else { None }
}

/// Judges every address before anything is connected to it.
#[derive(Clone, Debug)]
pub(super) struct Guard {
    allowed: Vec<IpNet>,
}

/// An address that was judged and may be connected to. Only the guard makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admitted(SocketAddr);

impl Admitted {
    /// Address and port.
    pub const fn get(self) -> SocketAddr {
        self.0
    }
}

impl Guard {
    /// Lets through what is public, and what the operator allows in spite of being private.
    pub(super) const fn new(allowed: Vec<IpNet>) -> Self {
        Self { allowed }
    }

    /// The address as one to connect to, if it may be.
    pub(super) fn admit(&self, address: IpAddr, port: u16) -> Option<Admitted> {
        let allowed = self.allowed.iter().any(|network| network.contains(&address));
        (allowed || why_not_public(address).is_none()).then(|| Admitted(SocketAddr::new(address, port)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first and the last address of every range, and the public neighbours.
    const NOT_PUBLIC: &str = "
        0.0.0.0 0.255.255.255 10.0.0.0 10.255.255.255 100.64.0.0 100.127.255.255 127.0.0.0 127.0.0.1 127.255.255.255
        169.254.0.0 169.254.169.254 169.254.255.255 172.16.0.0 172.31.255.255 192.0.0.0 192.0.0.8 192.0.0.9 192.0.0.170
        192.0.0.192 192.0.0.255 192.0.2.0 192.0.2.255 192.31.196.0 192.31.196.255 192.52.193.1 192.88.99.0 192.88.99.255
        192.168.0.0 192.168.255.255 192.175.48.0 198.18.0.0 198.19.255.255 198.51.100.0 198.51.100.255 203.0.113.0
        203.0.113.255 224.0.0.0 239.255.255.255 240.0.0.0 255.255.255.254 255.255.255.255 100.100.100.200 168.63.129.16
        :: ::1 ::7f00:1 ::808:808 ::ffff:127.0.0.1 ::ffff:8.8.8.8 ::ffff:0:8.8.8.8 64:ff9b::127.0.0.1 64:ff9b::10.0.0.1
        64:ff9b::169.254.169.254 64:ff9b::192.0.2.1 64:ff9b:1:: 64:ff9b:1::808:808 64:ff9b:1:ffff:ffff:ffff:ffff:ffff
        64:ff9b:0:1::808:808 100:: 100::ffff:ffff:ffff:ffff 100:0:0:1::1 2001:: 2001:0:4136:e378:8000:63bf:3fff:fdd2
        2001:1::1 2001:2::1 2001:3::1 2001:4:112::1 2001:10::1 2001:20::1 2001:30::1 2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff
        2001:db8:: 2001:db8:ffff:ffff:ffff:ffff:ffff:ffff 2002:: 2002:7f00:1:: 2002:a00:1::1 2002:808:808::1
        2620:4f:8000::1 3ffe::1 3fff:: 3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff 4000:: 5f00::1 fc00:: fd00:ec2::254
        fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff fe00::1 fe80:: fe80::1 febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff fec0::1
        feff::1 ff00:: ff02::1 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 1fff:ffff::1
        2a00:1450::5efe:127.0.0.1 2a00:1450::200:5efe:10.0.0.1";

    const PUBLIC: &str = "
        1.0.0.0 1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 169.253.255.255
        169.255.0.0 172.15.255.255 172.32.0.0 191.255.255.255 192.0.1.0 192.0.3.0 192.88.98.255 192.88.100.0
        192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 198.51.99.255 198.51.101.0 203.0.112.255 203.0.114.0
        223.255.255.255 168.63.129.15 168.63.129.17 64:ff9b::8.8.8.8 2001:200::1 2001:4860:4860::8888 2001:db7::1
        2001:db9::1 2003::1 2606:4700:4700::1111 2620:4f:7fff::1 2a00:1450:4001:80e::200e 3fff:1000::1 2400:cb00::1
        2a00:1450::5efe:8.8.8.8";

    #[test]
    fn no_special_address_is_public() {
        for text in NOT_PUBLIC.split_whitespace() {
            assert!(why_not_public(text.parse().unwrap()).is_some(), "{text} is public");
        }
    }

    #[test]
    fn the_neighbours_of_special_addresses_are_public() {
        for text in PUBLIC.split_whitespace() {
            assert_eq!(why_not_public(text.parse().unwrap()), None, "{text}");
        }
    }

    #[test]
    fn what_the_operator_allows_weakens_no_other_range() {
        let guard = Guard::new(vec!["127.0.0.0/8".parse().unwrap(), "fd12::/16".parse().unwrap()]);
        let admits = |text: &str| guard.admit(text.parse().unwrap(), 80).is_some();
        for allowed in ["127.0.0.1", "127.9.9.9", "fd12::1", "8.8.8.8"] {
            assert!(admits(allowed), "{allowed}");
        }
        for other in
            ["::1", "::ffff:127.0.0.1", "64:ff9b::127.0.0.1", "10.0.0.1", "fd13::1", "169.254.169.254", "0.0.0.0"]
        {
            assert!(!admits(other), "{other}");
        }
    }
}

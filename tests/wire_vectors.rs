// SPDX-License-Identifier: GPL-3.0-or-later
//! Every packet of the relay protocol in hex, a line per field (tcp_client.md sections 4 to 7).

use std::net::{IpAddr, SocketAddr};

use toxlink::crypto::PublicKey;
use toxlink::wire::address::{NodeAddress, NodeKind, Target};
use toxlink::wire::connection_id::ConnectionId;
use toxlink::wire::proxy::{self, Credentials};
use toxlink::wire::relay_packet::{FromRelay, ToRelay};

/// A peer's key: 32 bytes of aa.
const PEER: PublicKey = PublicKey([0xaa; 32]);
const PEER_HEX: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

fn bytes(fields: &[&str]) -> Vec<u8> {
    let hex: String = fields.concat();
    let digits: Vec<u8> = hex.chars().map(|c| c.to_digit(16).expect("hex") as u8).collect();
    digits.chunks(2).map(|pair| (pair[0] << 4) | pair[1]).collect()
}

fn id(index: u8) -> ConnectionId {
    ConnectionId::from_index(index).expect("below 240")
}

#[track_caller]
fn check_sent(packet: ToRelay<'_>, fields: &[&str]) {
    let mut buf = [0; 2032];
    let length = packet.emit(&mut buf).expect("a legal packet");
    assert_eq!(buf[..length], bytes(fields));
}

#[track_caller]
fn check_received(fields: &[&str], packet: FromRelay<'_>) {
    assert_eq!(FromRelay::parse(&bytes(fields)), Ok(packet));
}

#[test]
fn packets_that_a_client_sends() {
    check_sent(ToRelay::RoutingRequest(&PEER), &["00", PEER_HEX]);
    check_sent(ToRelay::DisconnectNotification(id(0)), &["03", "10"]);
    check_sent(ToRelay::DisconnectNotification(id(239)), &["03", "ff"]);
    check_sent(ToRelay::Ping([1, 2, 3, 4, 5, 6, 7, 8]), &["04", "0102030405060708"]);
    check_sent(ToRelay::Pong([8, 7, 6, 5, 4, 3, 2, 1]), &["05", "0807060504030201"]);
    check_sent(
        ToRelay::OobSend { destination: &PEER, data: &[0xbb, 0xcc] },
        &["06", PEER_HEX, "bbcc"],
    );
    check_sent(ToRelay::OnionRequest(&[0xbb, 0xcc]), &["08", "bbcc"]);
    check_sent(ToRelay::Data { connection_id: id(4), data: &[0xbb] }, &["14", "bb"]);
}

#[test]
fn forward_requests_with_each_address_family() {
    let ip4 = IpAddr::from([192, 0, 2, 7]);
    let ip6: IpAddr = "2001:db8::1".parse().expect("an address");
    for (kind, ip, address) in [
        (NodeKind::Udp, ip4, ["02", "c0000207", "82a5"]),
        (NodeKind::Udp, ip6, ["0a", "20010db8000000000000000000000001", "82a5"]),
        (NodeKind::TcpRelay, ip4, ["82", "c0000207", "82a5"]),
        (NodeKind::TcpRelay, ip6, ["8a", "20010db8000000000000000000000001", "82a5"]),
    ] {
        let packed = NodeAddress { kind, ip, port: 33445 }.pack();
        let request = ToRelay::ForwardRequest { destination: packed.as_bytes(), data: &[0xbb] };
        check_sent(request, &["0a", &address.concat(), "bb"]);
    }
}

#[test]
fn packets_that_a_client_receives() {
    check_received(
        &["01", "14", PEER_HEX],
        FromRelay::RoutingResponse { connection_id: Some(id(4)), peer: PEER },
    );
    check_received(
        &["01", "00", PEER_HEX],
        FromRelay::RoutingResponse { connection_id: None, peer: PEER },
    );
    check_received(&["02", "14"], FromRelay::ConnectionNotification(id(4)));
    check_received(&["03", "ff"], FromRelay::DisconnectNotification(id(239)));
    check_received(&["04", "0102030405060708"], FromRelay::Ping([1, 2, 3, 4, 5, 6, 7, 8]));
    check_received(&["05", "0102030405060708"], FromRelay::Pong([1, 2, 3, 4, 5, 6, 7, 8]));
    check_received(&["07", PEER_HEX, "bb"], FromRelay::OobRecv { sender: PEER, data: &[0xbb] });
    check_received(&["09", "bbcc"], FromRelay::OnionResponse(&[0xbb, 0xcc]));
    check_received(&["0b", "bbcc"], FromRelay::Forwarding(&[0xbb, 0xcc]));
    check_received(&["10", "bb"], FromRelay::Data { connection_id: id(0), data: &[0xbb] });
    check_received(&["ff", "bb"], FromRelay::Data { connection_id: id(239), data: &[0xbb] });
}

#[test]
fn proxy_messages() {
    let ip4: SocketAddr = "192.0.2.7:33445".parse().expect("an address");
    let ip6: SocketAddr = "[2001:db8::1]:443".parse().expect("an address");
    assert_eq!(proxy::SOCKS5_GREETING[..], bytes(&["05", "01", "00"]));
    assert_eq!(
        proxy::socks5_connect(&ip4.into()),
        bytes(&["05", "01", "00", "01", "c0000207", "82a5"])
    );
    let address = "20010db8000000000000000000000001";
    assert_eq!(
        proxy::socks5_connect(&ip6.into()),
        bytes(&["05", "01", "00", "04", address, "01bb"])
    );
    assert_eq!(
        proxy::http_connect(&ip6.into(), None),
        b"CONNECT [2001:db8::1]:443 HTTP/1.1\r\nHost: [2001:db8::1]:443\r\n\r\n"
    );
}

/// RFC 1928, RFC 1929, RFC 7617 (whose example this is).
#[test]
fn proxy_messages_with_a_password_and_a_name() {
    let credentials = Credentials::new("Aladdin", "open sesame").expect("legal credentials");
    let name = Target::from_host("tox.example.org", 33445).expect("a host name");
    assert_eq!(proxy::SOCKS5_GREETING_PASSWORD[..], bytes(&["05", "02", "00", "02"]));
    let (user, password) = ("416c616464696e", "6f70656e20736573616d65");
    let login = bytes(&["01", "07", user, "0b", password]);
    assert_eq!(proxy::socks5_password(&credentials), login);
    let host = "746f782e6578616d706c652e6f7267";
    let request = bytes(&["05", "01", "00", "03", "0f", host, "82a5"]);
    assert_eq!(proxy::socks5_connect(&name), request);
    let lines = [
        "CONNECT tox.example.org:33445 HTTP/1.1",
        "Host: tox.example.org:33445",
        "Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
        "",
        "",
    ];
    assert_eq!(proxy::http_connect(&name, Some(&credentials)), lines.join("\r\n").as_bytes());
}

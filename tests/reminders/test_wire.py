"""A POST to an address that somebody typed leads out, and nowhere else. Against a real HTTPS server."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Iterator

import pytest

from reminders.wire import AddressRefused, Answer, Wire, is_public, parts_of, post
from tests.reminders.channel import HOST, PUBLIC, URL, Channel, running

BODY = b'{"text": "Hello"}'


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Channel]:
    with running(tmp_path_factory.mktemp("tls")) as channel:
        yield channel


@pytest.fixture
def channel(served: Channel) -> Channel:
    fresh = Channel()
    served.__dict__.update({**fresh.__dict__, "port": served.port, "certificate": served.certificate})
    return served


@pytest.mark.parametrize(
    ("address", "public"),
    [
        (PUBLIC, True), ("2606:4700::6810:84e5", True), ("8.8.8.8", True),
        ("127.0.0.1", False), ("127.8.8.8", False), ("0.0.0.0", False), ("::1", False), ("::", False),
        ("10.0.0.8", False), ("172.16.3.4", False), ("192.168.1.1", False), ("100.64.0.1", False),
        ("169.254.169.254", False), ("fe80::1", False), ("fe80::1%eth0", False), ("fd00:ec2::254", False),
        ("fc00::1", False), ("224.0.0.1", False), ("ff02::1", False), ("240.0.0.1", False), ("255.255.255.255", False),
        ("192.0.2.1", False), ("198.18.0.1", False), ("2001:db8::1", False),
        ("::ffff:127.0.0.1", False), ("::ffff:10.0.0.1", False), ("64:ff9b::7f00:1", False), ("64:ff9b::a9fe:a9fe", False),
        ("2002:7f00:1::", False), ("2002:a00:1::1", False), ("", False), ("localhost", False),
    ],
)  # fmt: skip
def test_only_addresses_of_the_internet_at_large_are_public(address, public):
    assert is_public(address) is public


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.org/x", "ftp://hooks.example.org/x", "https://", "https:///x", "//hooks.example.org/x", "",
        "https://hooks.example.org:8443/x", "https://hooks.example.org:80/x", "https://hooks.example.org:99999/x",
        "https://user:word@hooks.example.org/x", "https://user@hooks.example.org/", "https://[::1/x", "file:///etc/passwd",
        f"https://{'a' * 70}.example.org/",
    ],
)  # fmt: skip
def test_what_is_no_plain_https_address_is_refused_without_naming_it(url):
    with pytest.raises(AddressRefused) as refused:
        parts_of(url)
    assert not url or url not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("https://Hooks.Example.org", ("hooks.example.org", "/")),
        ("https://hooks.example.org:443/a/b?x=1&y=%20z#part", ("hooks.example.org", "/a/b?x=1&y=%20z")),
        ("https://bücher.example/é", ("xn--bcher-kva.example", "/%C3%A9")),
        ("https://hooks.example.org/a\r\nX-Evil: 1", ("hooks.example.org", "/aX-Evil:%201")),
    ],
)
def test_an_address_is_taken_apart(url, parts):
    assert parts_of(url) == parts


def test_the_body_arrives_at_the_path_under_the_name_over_tls(channel):
    assert post(URL, BODY, wire=channel.wire()) == Answer(200)
    assert (channel.bodies, channel.paths) == ([{"text": "Hello"}], ["/services/T000/B000/s3cr3tKEY9"])
    assert channel.heads[0]["Host"] == HOST
    assert channel.heads[0]["Content-Type"] == "application/json"
    assert (channel.asked, channel.called) == ([HOST], [PUBLIC])


def test_the_name_is_resolved_once_and_the_address_that_was_looked_at_is_called(channel):
    """DNS rebinding: a second answer would be this machine; nobody asks for a second one."""
    answers = iter([[PUBLIC], ["127.0.0.1"], ["127.0.0.1"]])
    wire = channel.wire(lambda host, port: next(answers))
    assert post(URL, BODY, wire=wire).status == 200
    assert channel.called == [PUBLIC]
    with pytest.raises(AddressRefused):  # and at the next post it is looked at again
        post(URL, BODY, wire=wire)
    assert channel.called == [PUBLIC]


@pytest.mark.parametrize("found", [["127.0.0.1"], [PUBLIC, "10.0.0.1"], ["169.254.169.254"], ["::ffff:127.0.0.1"], []])
def test_a_name_of_which_one_address_is_private_is_not_called(channel, found):
    with pytest.raises(AddressRefused):
        post(URL, BODY, wire=channel.wire(lambda host, port: found))
    assert (channel.called, channel.bodies) == ([], [])


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "0x7f.1", "2130706433", "[::1]", "169.254.169.254"])
def test_this_machine_is_not_reached_however_it_is_written(host):
    with pytest.raises((AddressRefused, OSError)):  # what the system's own resolver makes of it
        post(f"https://{host}/", BODY)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_nobody_follows_where_it_leads(channel, status):
    channel.answers, channel.extra = [status], {"Location": URL}
    assert post(URL, BODY, wire=channel.wire()).status == status
    assert len(channel.bodies) == 1


def test_what_it_asks_for_is_heard_within_reason(channel):
    channel.answers = [429]
    for said, heard in (("7", 7), ("later", None), ("-5", None), ("9" * 30, None), ("", None)):
        channel.extra = {"Retry-After": said}
        assert post(URL, BODY, wire=channel.wire()) == Answer(429, heard)


def test_a_name_that_the_certificate_is_not_of_is_not_told(channel):
    with pytest.raises(ssl.SSLCertVerificationError):
        post("https://other.example.org/x", BODY, wire=channel.wire())
    assert channel.bodies == []


def test_nobody_is_waited_for_longer_than_the_time_in_all(channel):
    channel.delay = 3  # it would answer 200 then
    with pytest.raises((OSError, http.client.HTTPException)):
        post(URL, BODY, wire=channel.wire(timeout=0.5))


def test_a_long_answer_is_not_read(channel):
    channel.body = b"x" * 50_000_000  # more than any buffer between the two holds
    assert post(URL, BODY, wire=channel.wire()).status == 200
    assert channel.sent == []


def test_where_nobody_listens_the_next_address_is_tried(channel):
    wire = channel.wire(lambda host, port: [PUBLIC, "8.8.8.8"])

    def connect(address: tuple[str, int], seconds: float):
        if address[0] == PUBLIC:
            channel.called.append(PUBLIC)
            raise ConnectionRefusedError
        return wire.connect(address, seconds)

    assert post(URL, BODY, wire=Wire(wire.resolve, connect, wire.trust, 5)).status == 200
    assert channel.called == [PUBLIC, "8.8.8.8"]

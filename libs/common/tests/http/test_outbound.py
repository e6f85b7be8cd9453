import asyncio
import contextlib
import socket

import pytest

from common.http import public_network
from common.http.outbound import FetchFailed, GuardedFetcher, UnsafeUrl

LOOPBACK = "127.0.0.1"


@contextlib.asynccontextmanager
async def answering(*answers):
    """A raw HTTP server that gives the answers in turn and keeps what it was asked."""
    asked, left = [], list(answers)

    async def handle(reader, writer):
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            length = next((int(h.split(":")[1]) for h in head.split("\r\n") if h.startswith("content-length")), 0)
            asked.append((head, await reader.readexactly(length)))
            answer = left.pop(0)
            if callable(answer):
                await answer(writer)
            else:
                writer.write(answer)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(handle, LOOPBACK, 0)
    async with server:
        yield server.sockets[0].getsockname()[1], asked


def ok(body=b"hello", *headers):
    lines = [b"HTTP/1.1 200 OK", b"content-length: %d" % len(body), b"content-type: image/png; a=b", *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def redirect(to):
    return f"HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n".encode()


@pytest.fixture
async def fetcher():
    async with GuardedFetcher(allow_http=True, allow_hosts={LOOPBACK}) as fetcher:
        yield fetcher


@pytest.fixture
async def strict():
    async with GuardedFetcher(allow_http=True, allow_ports=range(1, 65536)) as fetcher:
        yield fetcher


async def get(fetcher, url, **changes):
    return await fetcher.get(url, **({"max_bytes": 1000, "deadline": 2} | changes))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nonsense",
        "//example.com/x",
        "/etc/passwd",
        "file:///etc/passwd",
        "ftp://example.com/",
        "gopher://example.com/",
        "unix:///run/x.sock",
        "javascript:alert(1)",
        "http://example.com/",
        "https:///path",
        "https://",
        "https://user@example.com/",
        "https://user:password@example.com/",
        "https://@example.com/",
        "https://example.com:8443/",
        "https://example.com:80/",
        "https://example.com:22/",
        "https://example.com:99999/",
        "https://example.com\\@127.0.0.1/",
        "https://example.com/a b",
        "https://example.com/\r\nx: y",
        "https://exa\tmple.com/",
        " https://example.com/",
        "https://[::1",
        "https://example.com/" + "a" * 2048,
    ],
)
async def test_refuses_by_form_alone(url):
    async with GuardedFetcher() as fetcher:
        with pytest.raises(UnsafeUrl):
            await get(fetcher, url)


@pytest.mark.parametrize(
    "url", ["https://example.com?a=b@c", "https://example.com/@me", "HTTPS://Example.com:443/#x@y"]
)
async def test_accepts_an_at_sign_outside_the_authority(url):
    async with GuardedFetcher() as fetcher:
        assert fetcher.check(url).host == "example.com"


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "LOCALHOST",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0",
        "0.0.0.0",  # noqa: S104
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[::7f00:1]",
        "169.254.169.254",
        "100.64.0.1",
        "192.0.0.8",
        "224.0.0.1",
        "10.0.0.1",
        "①②⑦.⓪.⓪.①",
    ],
)
async def test_refuses_every_spelling_of_a_private_host_before_any_connection(strict, host):
    async with answering(ok()) as (port, asked):
        with pytest.raises(UnsafeUrl) as caught:
            await get(strict, f"http://{host}:{port}/")
        assert asked == []
        assert str(port) not in str(caught.value)
        assert "127" not in str(caught.value)


def resolving(monkeypatch, table):
    """Let names resolve as `table` says, and count how often they are asked for."""
    asked = []

    async def getaddrinfo(_, host, port, **__):
        asked.append(host)
        if host not in table:
            raise socket.gaierror("unknown")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in table[host]]

    monkeypatch.setattr(type(asyncio.get_running_loop()), "getaddrinfo", getaddrinfo)
    return asked


async def test_refuses_a_name_with_one_private_address_among_public_ones(strict, monkeypatch):
    resolving(monkeypatch, {"two.example": ["93.184.216.34", "127.0.0.1"]})
    with pytest.raises(UnsafeUrl):
        await get(strict, "http://two.example/")


async def test_connects_to_the_very_address_that_was_checked_and_keeps_the_name(strict, monkeypatch):
    monkeypatch.setattr(public_network, "is_public", lambda address: address == LOOPBACK)
    async with answering(ok()) as (port, asked):
        resolved = resolving(monkeypatch, {"rebinding.example": [LOOPBACK]})
        fetched = await get(strict, f"http://rebinding.example:{port}/a?b=c")
        assert fetched.content == b"hello"
        assert asked[0][0].startswith("GET /a?b=c HTTP/1.1\r\n")
        assert f"host: rebinding.example:{port}\r\n" in asked[0][0].lower()
        assert resolved == ["rebinding.example"]


async def test_a_name_that_does_not_resolve_or_takes_too_long(strict, monkeypatch):
    resolving(monkeypatch, {})
    with pytest.raises(FetchFailed, match="could not be reached"):
        await get(strict, "http://absent.example/")

    async def never(*_, **__):
        await asyncio.sleep(60)

    monkeypatch.setattr(type(asyncio.get_running_loop()), "getaddrinfo", never)
    monkeypatch.setattr(public_network, "RESOLVE_SECONDS", 0.05)
    with pytest.raises(FetchFailed, match="too long"):
        await get(strict, "http://slow.example/")


async def test_fetches_a_body_with_its_claimed_type(fetcher):
    async with answering(ok()) as (port, asked):
        fetched = await get(fetcher, f"http://{LOOPBACK}:{port}/x.png")
        assert (fetched.content, fetched.media_type, fetched.path) == (b"hello", "image/png", None)
        assert "accept-encoding: identity" in asked[0][0].lower()


async def test_streams_into_a_file_and_removes_it_on_failure(fetcher, tmp_path):
    body = b"x" * 700_000
    async with answering(ok(body), ok(body)) as (port, _):
        url = f"http://{LOOPBACK}:{port}/"
        fetched = await get(fetcher, url, max_bytes=700_000, to=tmp_path / "a")
        assert fetched.path is not None
        assert fetched.path.read_bytes() == body

        with pytest.raises(FetchFailed):
            await get(fetcher, url, max_bytes=699_999, to=tmp_path / "b")
        assert not (tmp_path / "b").exists()


async def test_follows_redirects_and_checks_each(fetcher):
    async with answering(redirect("/b"), redirect("c?d"), ok()) as (port, asked):
        fetched = await get(fetcher, f"http://{LOOPBACK}:{port}/a")
        assert fetched.final_url == f"http://{LOOPBACK}:{port}/c?d"
        assert [head.split()[1] for head, _ in asked] == ["/a", "/b", "/c?d"]


@pytest.mark.parametrize(
    "target",
    [
        "http://localhost/",
        "http://[::1]/",
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "http://u:p@example.com/",
        "//10.0.0.1/",
    ],
)
async def test_refuses_a_redirect_to_a_private_place(fetcher, target):
    async with answering(redirect(target)) as (port, asked):
        with pytest.raises(UnsafeUrl):
            await get(fetcher, f"http://{LOOPBACK}:{port}/")
        assert len(asked) == 1


async def test_gives_up_after_three_redirects(fetcher):
    async with answering(*[redirect("/again")] * 5) as (port, asked):
        with pytest.raises(FetchFailed) as caught:
            await get(fetcher, f"http://{LOOPBACK}:{port}/")
        assert caught.value.reason == "redirects"
        assert len(asked) == 4


async def endless(writer):
    writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"64\r\n" + b"x" * 100 + b"\r\n")
        await writer.drain()
        await asyncio.sleep(0)


async def drip(writer):
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.02)


async def mute(writer):
    await asyncio.sleep(5)


async def cut(writer):
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\nabc")
    await writer.drain()


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (ok(b"x" * 1001), "too_large"),
        (endless, "too_large"),
        (drip, "timeout"),
        (mute, "timeout"),
        (cut, "unreachable"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "unreachable"),
        (b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", "status"),
        (ok(b"x", b"content-encoding: gzip"), "encoding"),
    ],
)
async def test_failures_have_a_reason_and_name_no_internals(fetcher, answer, reason):
    async with answering(answer) as (port, _):
        with pytest.raises(FetchFailed) as caught:
            await get(fetcher, f"http://{LOOPBACK}:{port}/", deadline=0.4)
        assert caught.value.reason == reason
        assert "127.0.0.1" not in str(caught.value)
        assert str(port) not in str(caught.value)


async def test_a_closed_port_says_no_more_than_unreachable(fetcher):
    with pytest.raises(FetchFailed) as caught:
        await get(fetcher, f"http://{LOOPBACK}:9/")
    assert (str(caught.value), caught.value.reason) == ("The address could not be reached.", "unreachable")


async def test_posts_once_and_reports_status_and_a_short_excerpt(fetcher):
    answer = b"HTTP/1.1 410 Gone\r\nretry-after: 5\r\ncontent-length: 9000\r\n\r\n" + b"y" * 9000
    async with answering(answer, redirect("/elsewhere")) as (port, asked):
        url = f"http://{LOOPBACK}:{port}/hook"
        said = await fetcher.post(url, content=b'{"a":1}', headers={"Webhook-Id": "w1"}, deadline=2)
        assert (said.status, said.headers["retry-after"], said.excerpt) == (410, "5", b"y" * 2048)
        assert "webhook-id: w1" in asked[0][0].lower()
        assert asked[0][1] == b'{"a":1}'
        moved = await fetcher.post(url, content=b"", headers={}, deadline=2)
        assert (moved.status, len(asked)) == (302, 2)


async def test_webhooks_are_guarded_too(strict):
    for url in ("http://127.0.0.1/", "http://[::ffff:10.0.0.1]/", "file:///x"):
        with pytest.raises(UnsafeUrl):
            await strict.post(url, content=b"", headers={}, deadline=1)


async def test_ignores_proxies_in_the_environment(fetcher, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with answering(ok()) as (port, _):
        assert (await get(fetcher, f"http://{LOOPBACK}:{port}/")).content == b"hello"

"""Owns sockets that lead to the public internet only, whatever name leads there."""

import asyncio
import socket
from collections.abc import Collection, Iterable

import httpcore2

from common.http.addresses import is_public

RESOLVE_SECONDS = 3.0
ADDRESSES_TRIED_MAX = 3


class NotPublicError(Exception):
    """A name leads, with one address at least, to where we do not connect."""


class PublicNetwork(httpcore2.AsyncNetworkBackend):
    """Resolves a name once, refuses it unless all its addresses are public, and connects to one of those.

    Args:
        allow_hosts: names or literal addresses that may lead anywhere.
    """

    def __init__(self, allow_hosts: Collection[str] = ()) -> None:
        self._allow_hosts = allow_hosts
        self._backend = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the interface's
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect to the first address that answers.

        Raises:
            NotPublicError: one of the addresses is not public.
            httpcore2.ConnectError, httpcore2.ConnectTimeout: none answers, or the name leads nowhere.
        """
        failure: Exception = httpcore2.ConnectError("no address")
        for address in (await self._addresses(host, port))[:ADDRESSES_TRIED_MAX]:
            try:
                return await self._backend.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109 - the interface's
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Refuse: a socket file is not the internet."""
        raise NotPublicError("unix socket")

    async def sleep(self, seconds: float) -> None:
        """Wait, as the interface wants."""
        await asyncio.sleep(seconds)

    async def _addresses(self, host: str, port: int) -> list[str]:
        try:
            async with asyncio.timeout(RESOLVE_SECONDS):
                found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except TimeoutError as error:
            raise httpcore2.ConnectTimeout("name not resolved in time") from error
        except (OSError, UnicodeError) as error:
            raise httpcore2.ConnectError("name not resolved") from error
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        if host.lower() not in self._allow_hosts and not all(map(is_public, addresses)):
            raise NotPublicError(host)
        return addresses

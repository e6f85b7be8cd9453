"""The listening sockets."""

import asyncio
import socket

import httpx2

from sandbox.server import SandboxServer


async def test_accepted_connections_send_without_delay(server: SandboxServer, http: httpx2.AsyncClient) -> None:
    assert (await http.get("/livez")).status_code == 200
    assert server._server is not None
    connections = list(server._server.server_state.connections)
    assert connections
    for connection in connections:
        transport = connection.transport
        assert isinstance(transport, asyncio.Transport)
        accepted = transport.get_extra_info("socket")
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)

"""The process: starts from the environment, says it is alive, and leaves cleanly on SIGTERM."""

import asyncio
import os
import signal
import socket
import sys
import time

import httpx2
import pytest

from sandbox.main import run


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_serves_and_leaves_on_sigterm() -> None:
    http, smtp = _free_port(), _free_port()
    environment = {**os.environ, "SANDBOX_HTTP_PORT": str(http), "SANDBOX_SMTP_PORT": str(smtp)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-W", "error", "-m", "sandbox", env=environment, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{http}", trust_env=False) as client:
            await _until_alive(client)
            headers = {"Authorization": "Bearer x"}
            body = {"version": "black-forest-labs/flux-schnell", "input": {"prompt": "a hill"}}
            await client.post("/replicate/v1/predictions", json=body, headers=headers)
            started = time.monotonic()
            process.send_signal(signal.SIGTERM)
            _, errors = await asyncio.wait_for(process.communicate(), 10)
        assert process.returncode == 0, errors
        assert time.monotonic() - started < 3
        assert b"Traceback" not in errors
    finally:
        if process.returncode is None:
            process.kill()


async def _until_alive(client: httpx2.AsyncClient) -> None:
    async with asyncio.timeout(15):
        while True:
            try:
                assert (await client.get("/livez")).status_code == 200
                assert (await client.get("/readyz")).status_code == 200
            except httpx2.ConnectError:
                await asyncio.sleep(0.05)
            else:
                return


def test_refuses_an_unknown_role() -> None:
    with pytest.raises(ValueError, match="one role"):
        run("worker")

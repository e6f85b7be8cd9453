"""A service that tells about itself over HTTP; its `migrate` makes a table in its database."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import uuid_utils


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        answer = {
            "pid": os.getpid(),
            "ppid": os.getppid(),
            "session": os.getsid(0),
            "uuid": str(uuid_utils.uuid4()),
            "environment": dict(os.environ),
            "descriptors": len(list(Path("/proc/self/fd").iterdir())),
            "preloaded": "fastapi" in sys.modules,
        }
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def run(role: str) -> None:
    if role == "migrate":
        asyncio.run(migrate())
        return
    print("echo started")
    if os.environ.get("ECHO_STUBBORN"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    else:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    subprocess.Popen(["sleep", "3600"])  # stands for a pool of workers, which must not survive
    HTTPServer(("127.0.0.1", int(os.environ["ECHO_PORT"])), Handler).serve_forever()


async def migrate() -> None:
    import asyncpg

    connection = await asyncpg.connect(os.environ["DATABASE_URL"] + "atelier_echo")
    await connection.execute("CREATE TABLE IF NOT EXISTS note (body text)")
    await connection.close()

"""How long the vendors pretend to work."""

import asyncio


class Pace:
    """Sleeps for pretended working times, all multiplied by one scale (0 in fast tests, 1 in a demo)."""

    def __init__(self, scale: float) -> None:
        self._scale = scale

    async def work(self, seconds: float) -> None:
        """Lets `seconds`, scaled, go by; always yields to the loop."""
        await asyncio.sleep(seconds * self._scale)

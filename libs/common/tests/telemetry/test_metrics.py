import asyncio
import time

from prometheus_client import REGISTRY

from common.telemetry.metrics import watch_event_loop


async def test_measures_a_blocked_event_loop():
    task = asyncio.create_task(watch_event_loop())
    await asyncio.sleep(0.05)
    time.sleep(0.4)  # noqa: ASYNC251 - the fault under test
    await asyncio.sleep(0.05)
    task.cancel()
    assert REGISTRY.get_sample_value("event_loop_lag_last_seconds") > 0.1

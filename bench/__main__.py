"""`python -m bench [scene …]`: measure and print tables; every scene of `SCENES` where none is named.

A missed target is printed and is no failure: timing depends on the machine. A refused request is one.
"""

import argparse
import os
import platform

import uvloop

from bench import books, local_kinds, scenes
from bench.cores import pinning_possible

SCENES = {
    "memory": scenes.memory,
    "noop": scenes.noop,
    "accept": scenes.accept,
    "breakdown": scenes.breakdown,
    "ledger": scenes.ledger,
    "engine": scenes.engine,
    "local": local_kinds.local,
    "books": books.books,
}


async def main(arguments: argparse.Namespace) -> None:
    """Run the scenes asked for, in the order of `SCENES`."""
    print(_conditions())
    for name, scene in SCENES.items():
        if name in arguments.scenes or not arguments.scenes:
            await scene(scenes.Effort(arguments.rounds, arguments.seconds, arguments.alone))


def _conditions() -> str:
    pinned = "gateway and floor pinned to core 0, the load to core 1, all else where it finds room"
    cores = os.cpu_count()
    return (
        f"{cores} cores, load before the run {os.getloadavg()[0]:.1f}, Python {platform.python_version()}, "
        f"{pinned if pinning_possible() else 'nothing pinned'}."
    )


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("scenes", nargs="*", metavar="scene", help="what to measure; all by default")
    parser.add_argument("--rounds", type=int, default=3, help="turns of gateway and floor; medians are shown")
    parser.add_argument("--seconds", type=float, default=4.0, help="length of one turn")
    parser.add_argument(
        "--alone", action="store_true", help="push everything else on the machine aside in each burst (root)"
    )
    parsed = parser.parse_args()
    if unknown := set(parsed.scenes) - SCENES.keys():
        parser.error(f"no such scene: {', '.join(sorted(unknown))}; there are {', '.join(SCENES)}")
    return parsed


if __name__ == "__main__":
    uvloop.run(main(_parse()))

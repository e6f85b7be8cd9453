"""A service that cannot start, nor migrate."""


def run(role: str) -> None:
    raise RuntimeError(f"{role}: no such luck")

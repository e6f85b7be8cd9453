"""Which switches the public is told of, and the modes they amount to."""

from common.events.features import Features
from gateway.status.rules import Mode


def modes_of(features: Features) -> list[Mode]:
    """The reduced ways of working that operators have switched on."""
    notices = {"read-only": features.read_only, "incident": features.incident}
    modes = [Mode(name, notice.text, expected_end_at=notice.until) for name, notice in notices.items() if notice]
    if features.limits_factor < 1:
        modes.append(Mode("tight-limits", f"Limits are at {features.limits_factor:.0%} of each plan's."))
    return modes

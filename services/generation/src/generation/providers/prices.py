"""What a call cost, in micro-dollars, from the vendor's own counts and the catalogue's prices; rounded up."""

import math
from dataclasses import dataclass

from generation.providers.catalogue import ModelCard

_LARGE_TEXT_TOKENS = (3000, 4000)
"""Read and made by a large call: what is assumed where nothing was counted, and set aside before a call."""


@dataclass(frozen=True, slots=True)
class TokenUsage:
    """Tokens of one call as the vendor counted them."""

    text_input: int = 0
    image_input: int = 0
    text_output: int = 0
    image_output: int = 0


def tokens_microusd(card: ModelCard, usage: TokenUsage) -> int:
    """Cost of ``usage``; 0 where the model is not priced by token."""
    prices = card.usd_per_million_tokens
    if prices is None:
        return 0
    exact = (
        usage.text_input * prices.text_input
        + usage.image_input * prices.image_input
        + usage.text_output * prices.text_output
        + usage.image_output * prices.image_output
    )
    return math.ceil(round(exact, 6))


def image_microusd(
    card: ModelCard,
    *,
    quality: str = "",
    usage: TokenUsage | None = None,
    compute_seconds: float | None = None,
) -> int:
    """Cost of one image by the first price that applies: counted tokens, flat, measured seconds, estimate.

    Never 0 for a model that is in the catalogue: where nothing was counted the dearest estimate stands in.
    """
    if usage is not None and card.usd_per_million_tokens is not None:
        return tokens_microusd(card, usage)
    if card.image_microusd is not None:
        return card.image_microusd
    if card.second_microusd is not None and compute_seconds is not None:
        return math.ceil(card.second_microusd * compute_seconds)
    estimates = card.estimates_microusd
    return estimates.get(quality) or max(estimates.values(), default=0) or card.second_microusd or 1


def lost_time_microusd(card: ModelCard, compute_seconds: float | None) -> int:
    """Cost of work that came to nothing: its measured time, where the model is priced by time, and else nothing."""
    if card.second_microusd is None or compute_seconds is None:
        return 0
    return math.ceil(card.second_microusd * compute_seconds)


def text_microusd(card: ModelCard, *, usage: TokenUsage | None = None, compute_seconds: float | None = None) -> int:
    """Cost of one text by the first price that applies: counted tokens, measured seconds, a large call's tokens.

    Never 0 for a model that prices text.
    """
    if usage is not None and card.usd_per_million_tokens is not None:
        return max(1, tokens_microusd(card, usage))
    if card.second_microusd is not None and compute_seconds is not None:
        return max(1, math.ceil(card.second_microusd * compute_seconds))
    read, made = _LARGE_TEXT_TOKENS
    return tokens_microusd(card, TokenUsage(text_input=read, text_output=made)) or (card.second_microusd or 1) * 60

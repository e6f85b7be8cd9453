"""A chain: the ordered ``provider/model`` entries of one capability, each with what is needed to call it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from generation.providers.budget import Budget, Unlimited
from generation.providers.circuit import Breaker
from generation.providers.errors import ConfigurationError
from generation.providers.keys import KeyRing
from generation.providers.ports import ProviderCall, ProviderResult

Q = TypeVar("Q")
R = TypeVar("R", bound=ProviderResult)
Q_contra = TypeVar("Q_contra", contravariant=True)
R_co = TypeVar("R_co", bound=ProviderResult, covariant=True)


class CapabilityFn(Protocol[Q_contra, R_co]):
    """One provider's implementation of one capability, such as ``ImageMaker.make_image``."""

    def __call__(self, request: Q_contra, /, *, model: str, key: str, call: ProviderCall) -> Awaitable[R_co]:
        """Do it once; see :class:`generation.providers.ports.ImageMaker` for what may be raised."""
        ...


def _anything(request: object) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class ChainEntry(Generic[Q, R]):
    """One ``provider/model``. Entries of one provider share its keys, its breaker and its budget.

    ``reserve_microusd`` is set aside of the budget before a call. What ``takes`` says no to is left to the next entry.
    """

    provider: str
    model: str
    invoke: CapabilityFn[Q, R]
    keys: KeyRing
    breaker: Breaker
    budget: Budget = field(default_factory=Unlimited)
    reserve_microusd: int = 0
    takes: Callable[[Q], bool] = _anything

    @property
    def name(self) -> str:
        """As it stands in the configuration."""
        return f"{self.provider}/{self.model}"


def parse_chain(text: str, variable: str) -> list[tuple[str, str]]:
    """``"openai/gpt-image-2,replicate/owner/name"`` as (provider, model) pairs, in order.

    Raises:
        ConfigurationError: empty, an entry without both parts, or one twice; it names ``variable``.
    """
    pairs: list[tuple[str, str]] = []
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        provider, _, model = part.partition("/")
        if not provider or not model:
            raise ConfigurationError(f"{variable}: {part!r} is not of the form provider/model")
        if (provider, model) in pairs:
            raise ConfigurationError(f"{variable}: {part!r} stands there twice")
        pairs.append((provider, model))
    if not pairs:
        raise ConfigurationError(f"{variable} names no provider/model")
    return pairs

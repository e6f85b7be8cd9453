"""The catalogue: which models exist for us, what they cost and what they want to be told; data, not code."""

import tomllib
from collections.abc import Iterable
from importlib import resources
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from generation.providers.errors import ConfigurationError


class TokenPrices(BaseModel):
    """US dollars per million tokens, which equals micro-dollars per token."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text_input: float = Field(ge=0)
    image_input: float = Field(default=0, ge=0)
    text_output: float = Field(default=0, ge=0)
    image_output: float = Field(default=0, ge=0)


class TextInputs(BaseModel):
    """Under which names a text model on Replicate takes what it is given; None where it takes none of it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    system: str | None = None
    picture: str | None = None
    pictures: str | None = None
    limit: str | None = None
    temperature: str | None = None


class ModelCard(BaseModel):
    """One model of one provider; see ``catalogue.toml`` for the meaning of each field."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    provider: str = Field(min_length=1)
    model: str = Field(min_length=1)
    usd_per_million_tokens: TokenPrices | None = None
    estimates_microusd: dict[str, int] = Field(default_factory=dict)
    image_microusd: int | None = Field(default=None, gt=0)
    second_microusd: int | None = Field(default=None, gt=0)
    sizes: tuple[str, ...] = ()
    size_as: Literal["aspect_ratio", "width_height"] = "width_height"
    picture_input: str | None = None
    input_fidelity: bool = False
    transparency: bool = False
    input_pixels_max: int | None = Field(default=None, gt=0)
    inputs: dict[str, str | int | float | bool] = Field(default_factory=dict)
    effort: Literal["none", "minimal", "low", "medium", "high"] | None = None
    temperature: bool = False
    text_inputs: TextInputs | None = None

    @model_validator(mode="after")
    def _is_priced(self) -> "ModelCard":
        if self.usd_per_million_tokens is None and self.image_microusd is None and self.second_microusd is None:
            raise ValueError(f"{self.provider}/{self.model} has no price")
        return self

    def nearest_size(self, width: int, height: int) -> str:
        """``WIDTHxHEIGHT`` nearest in shape that the model makes; any-size models want multiples of 16."""
        if not self.sizes:
            return f"{max(16, round(width / 16) * 16)}x{max(16, round(height / 16) * 16)}"

        def shape(size: str) -> float:
            wide, high = size.split("x")
            return int(wide) / int(high)

        return min(self.sizes, key=lambda size: abs(shape(size) - width / height))

    @property
    def prices_text(self) -> bool:
        """Whether what a text costs can be told from this card."""
        tokens = self.usd_per_million_tokens
        if self.picture_input is not None:
            return False  # what works on a picture makes pictures
        return (tokens is not None and tokens.text_output > 0) or self.second_microusd is not None


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid")

    model: list[ModelCard]


class Catalogue:
    """All known models by provider and name."""

    def __init__(self, cards: Iterable[ModelCard]) -> None:
        self._cards = {(card.provider, card.model): card for card in cards}

    def text_card(self, provider: str, model: str) -> ModelCard:
        """The card of a model that writes text.

        Raises:
            ConfigurationError: it is not in the catalogue, or its card does not price text.
        """
        found = self.card(provider, model)
        if not found.prices_text:
            raise ConfigurationError(
                f"{provider}/{model} has no price for text; add it to the file in GENERATION_CATALOGUE_FILE"
            )
        return found

    def edit_card(self, provider: str, model: str) -> ModelCard:
        """The card of a model that takes a picture to change.

        Raises:
            ConfigurationError: it is not in the catalogue, or takes none.
        """
        found = self.card(provider, model)
        if provider == "replicate" and found.picture_input is None:
            raise ConfigurationError(
                f"{provider}/{model} takes no picture; add picture_input to the file in GENERATION_CATALOGUE_FILE"
            )
        return found

    def cut_out_card(self, provider: str, model: str) -> ModelCard:
        """The card of a model that leaves the main thing of a picture.

        Raises:
            ConfigurationError: as above, or it draws no transparency though it takes a text.
        """
        found = self.edit_card(provider, model)
        if found.usd_per_million_tokens is not None and not found.transparency:
            raise ConfigurationError(f"{provider}/{model} draws no transparent background, so it cuts nothing out")
        return found

    def card(self, provider: str, model: str) -> ModelCard:
        """The model's card.

        Raises:
            ConfigurationError: it is not in the catalogue, so its price is unknown and it must not be called.
        """
        found = self._cards.get((provider, model))
        if found is None:
            raise ConfigurationError(
                f"the price of {provider}/{model} is unknown; add it to the file in GENERATION_CATALOGUE_FILE"
            )
        return found


def load_catalogue(override: Path | None = None) -> Catalogue:
    """The catalogue of this package, with the models of ``override`` added or replaced.

    Raises:
        ConfigurationError: the override file cannot be read or is not a catalogue.
    """
    shipped = resources.files("generation.providers").joinpath("catalogue.toml").read_text("utf-8")
    cards = _parse(shipped, "catalogue.toml")
    if override is not None:
        try:
            cards += _parse(override.read_text("utf-8"), str(override))
        except OSError as error:
            raise ConfigurationError(f"GENERATION_CATALOGUE_FILE cannot be read: {error}") from error
    return Catalogue(cards)


def _parse(text: str, name: str) -> list[ModelCard]:
    try:
        return _Document.model_validate(tomllib.loads(text)).model
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise ConfigurationError(f"{name} is not a catalogue of models: {error}") from error

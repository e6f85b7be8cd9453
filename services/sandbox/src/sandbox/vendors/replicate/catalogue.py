"""The models that can be run and what each of them does."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Task(StrEnum):
    """What a model makes."""

    DRAW = "draw"
    UPSCALE = "upscale"
    CUT_OUT = "cut_out"
    EDIT = "edit"
    WRITE = "write"


@dataclass(frozen=True, slots=True)
class Model:
    """A model by `owner/name`; official ones have no version of their own, `many` ones answer with a list.

    `pixels_max` is what the memory of its GPU takes of a picture, 0 where that is no matter.
    """

    slug: str
    task: Task
    official: bool = False
    many: bool = False
    steps: int = 20
    released: str = ""
    pixels_max: int = 0

    @property
    def version(self) -> str:
        """The id of its latest version: 64 hexadecimal digits, the real one where it is known."""
        return self.released or hashlib.sha256(f"version of {self.slug}".encode()).hexdigest()

    def as_json(self, base_url: str) -> dict[str, Any]:
        """The model as `GET /v1/models/{owner}/{name}` shows it."""
        owner, _, name = self.slug.partition("/")
        return {
            "url": f"{base_url}/{self.slug}",
            "owner": owner,
            "name": name,
            "description": f"Sandbox model: {self.task.value.replace('_', ' ')}",
            "visibility": "public",
            "is_official": self.official,
            "github_url": None,
            "paper_url": None,
            "license_url": None,
            "run_count": 1_000_000,
            "cover_image_url": None,
            "default_example": None,
            "latest_version": self.version_json(),
        }

    def version_json(self) -> dict[str, Any]:
        """Its latest version, with the schema clients look at to know whether the output is a list."""
        output: dict[str, Any] = {"type": "string", "format": "uri", "title": "Output"}
        if self.task is Task.WRITE:
            output = {
                "type": "array",
                "items": {"type": "string"},
                "title": "Output",
                "x-cog-array-type": "iterator",
                "x-cog-array-display": "concatenate",
            }
        elif self.many:
            output = {"type": "array", "items": {"type": "string", "format": "uri"}, "title": "Output"}
        return {
            "id": self.version,
            "created_at": "2026-01-15T12:00:00.000000Z",
            "cog_version": "0.16.8",
            "openapi_schema": {"components": {"schemas": {"Output": output, "Input": {"type": "object"}}}},
        }


_KNOWN = (
    Model("black-forest-labs/flux-schnell", Task.DRAW, official=True, many=True, steps=4),
    Model("black-forest-labs/flux-dev", Task.DRAW, official=True, many=True, steps=28),
    Model("black-forest-labs/flux-1.1-pro", Task.DRAW, official=True),
    Model("black-forest-labs/flux-kontext-pro", Task.EDIT, official=True),
    Model("stability-ai/sdxl", Task.DRAW, many=True, steps=25),
    Model(
        "nightmareai/real-esrgan",
        Task.UPSCALE,
        released="f121d640bd286e1fdc67f9799164c1d5be36ff74576ee11c803ae5b665dd46aa",
        pixels_max=2_096_704,
    ),
    Model("cjwbw/rembg", Task.CUT_OUT),
    Model(
        "lucataco/remove-bg",
        Task.CUT_OUT,
        released="95fcc2a26d3899cd6c2691c900465aaeff466285a65c14638cc5f36f34befaf1",
    ),
    Model("lucataco/dis-background-removal", Task.CUT_OUT, many=True),
    Model("anthropic/claude-4.5-sonnet", Task.WRITE, official=True, steps=4),
    Model("openai/gpt-5.1", Task.WRITE, official=True, steps=4),
    Model("meta/meta-llama-3-70b-instruct", Task.WRITE, official=True, steps=4),
)


class Catalogue:
    """Finds models by slug or version; `extra` are more `owner/name` pairs that draw."""

    def __init__(self, extra: str = "") -> None:
        models = [*_KNOWN, *(Model(slug.strip(), Task.DRAW) for slug in extra.split(",") if slug.strip())]
        self._by_slug = {model.slug: model for model in models}
        self._by_version = {model.version: model for model in models}

    def find(self, reference: str) -> Model | None:
        """The model of `owner/name`, `owner/name:version` or a bare version; any 64-digit version of a known
        slug is taken, so that pinned real versions work.
        """
        slug, _, _version = reference.partition(":")
        return self._by_slug.get(slug) or self._by_version.get(reference)

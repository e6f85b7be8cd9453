"""Putting the providers together: what is refused at start, prices, and what is not imported."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from generation.providers.bootstrap import build_providers
from generation.providers.catalogue import Catalogue, ModelCard, load_catalogue
from generation.providers.errors import ConfigurationError
from generation.providers.prices import TokenUsage, image_microusd
from generation.providers.settings import ProviderSettings

from .scripted import ScriptedVendor, answer, png

COMPLETE: dict[str, Any] = {
    "openai_api_key": "sk-1",
    "replicate_api_token": "r8_1",
    "cloudinary_url": "cloudinary://k:s@demo",
}


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"openai_api_key": ""}, "OPENAI_API_KEY"),
        ({"replicate_api_token": " , "}, "REPLICATE_API_TOKEN"),
        ({"cloudinary_url": ""}, "CLOUDINARY_URL"),
        ({"generation_image_chain": ""}, "GENERATION_IMAGE_CHAIN"),
        ({"generation_image_chain": "openai"}, "GENERATION_IMAGE_CHAIN"),
        ({"generation_image_chain": "openai/x,openai/x"}, "twice"),
        ({"generation_image_chain": "gemini/pro"}, "'gemini' is not one of"),
        ({"generation_image_chain": "openai/gpt-image-99"}, "price of openai/gpt-image-99 is unknown"),
        ({"generation_edit_chain": "replicate/black-forest-labs/flux-schnell"}, "takes no picture"),
        ({"generation_text_chain": ""}, "GENERATION_TEXT_CHAIN"),
        ({"generation_look_chain": "gemini/flash"}, "GENERATION_LOOK_CHAIN: 'gemini' is not one of"),
        ({"generation_text_chain": "openai/gpt-99"}, "price of openai/gpt-99 is unknown"),
        ({"generation_look_chain": "openai/gpt-image-2"}, "openai/gpt-image-2 has no price for text"),
        ({"generation_text_chain": "replicate/black-forest-labs/flux-schnell"}, "has no price for text"),
        ({"generation_daily_budget_microusd": {"opanai": 1}}, "opanai is not one of"),
        ({"generation_catalogue_file": "/nowhere/x.toml"}, "GENERATION_CATALOGUE_FILE"),
        ({"generation_openai_compatible": {"openai": {"base_url": "x", "api_keys": "y"}}}, "built-in"),
    ],
)
async def test_refuses_to_start_and_names_what_is_wrong(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigurationError, match=named):
        build_providers(ProviderSettings(**(COMPLETE | changes)), None)


async def test_a_compatible_endpoint_changes_pictures_only_where_that_is_said(tmp_path: Path) -> None:
    prices = tmp_path / "more.toml"
    prices.write_text('[[model]]\nprovider = "gemini"\nmodel = "pro-image"\nimage_microusd = 39000\n')
    endpoint = {"base_url": "http://127.0.0.1:1/v1", "api_keys": "g-1"}
    changes = {"generation_edit_chain": "gemini/pro-image", "generation_catalogue_file": prices}
    with pytest.raises(ConfigurationError, match=r"GENERATION_EDIT_CHAIN: gemini does not offer image\.edit"):
        build_providers(
            ProviderSettings(**COMPLETE, **changes, generation_openai_compatible={"gemini": endpoint}), None
        )
    able = {"gemini": endpoint | {"edits": True}}
    await build_providers(ProviderSettings(**COMPLETE, **changes, generation_openai_compatible=able), None).aclose()


async def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in COMPLETE.items():
        monkeypatch.setenv(name.upper(), value)
    monkeypatch.setenv("GENERATION_IMAGE_CHAIN", "replicate/black-forest-labs/flux-schnell")
    providers = build_providers(ProviderSettings(), None)
    assert [entry.name for entry in providers.images.chain] == ["replicate/black-forest-labs/flux-schnell"]
    await providers.aclose()


async def test_a_compatible_endpoint_is_configuration_only(
    vendor: ScriptedVendor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import base64

    from .doubles import REQUEST, MemoryAttempts

    prices = tmp_path / "more.toml"
    prices.write_text('[[model]]\nprovider = "gemini"\nmodel = "pro-image"\nimage_microusd = 39000\n')
    monkeypatch.setenv(
        "GENERATION_OPENAI_COMPATIBLE",
        f'{{"gemini": {{"base_url": "{vendor.url}/v1beta/openai/", "api_keys": "g-1"}}}}',
    )
    changes = {"generation_image_chain": "gemini/pro-image", "generation_catalogue_file": prices}
    providers = build_providers(ProviderSettings(**(COMPLETE | changes)), None)
    picture = base64.b64encode(png()).decode()
    vendor.on("POST /v1beta/openai/images/generations", answer({"data": [{"b64_json": picture}]}))
    image = await providers.images.run(REQUEST, attempts=MemoryAttempts(), timeout_seconds=5)
    assert image.cost_microusd == 39_000
    await providers.aclose()


async def test_a_compatible_endpoint_writes_texts_by_configuration_only(vendor: ScriptedVendor, tmp_path: Path) -> None:
    from .doubles import MemoryAttempts
    from .test_openai_text import completion, said
    from .text_requests import ASKED

    prices = tmp_path / "more.toml"
    prices.write_text(
        "".join(
            f'[[model]]\nprovider = "{name}"\nmodel = "m"\n'
            "usd_per_million_tokens = { text_input = 1.0, text_output = 2.0 }\n"
            for name in ("gemini", "proxy")
        )
    )
    endpoints = {
        "gemini": {"base_url": f"{vendor.url}/beta/openai/", "api_keys": "g-1"},
        "proxy": {"base_url": f"{vendor.url}/v1", "api_keys": "p-1", "responses": True},
    }
    changes = {
        "generation_text_chain": "gemini/m",
        "generation_look_chain": "proxy/m",
        "generation_openai_compatible": endpoints,
        "generation_catalogue_file": prices,
    }
    vendor.on("POST /beta/openai/chat/completions", completion())
    vendor.on("POST /v1/responses", said())
    providers = build_providers(ProviderSettings(**(COMPLETE | changes)), None)
    for router in (providers.texts, providers.looks):
        text = await router.run(ASKED, attempts=MemoryAttempts(), timeout_seconds=5)
        assert text.cost_microusd == 900 + 2 * 120
    await providers.aclose()
    assert [seen.headers["authorization"] for seen in vendor.seen] == ["Bearer g-1", "Bearer p-1"]


def test_the_vendors_sdks_are_not_imported_before_they_are_needed() -> None:
    heavy = "openai replicate cloudinary httpx2"
    script = (
        "import sys, generation.providers.bootstrap, generation.providers.router\n"
        f"print([m for m in '{heavy}'.split() if m in sys.modules])"
    )
    printed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30)
    assert printed.stdout.strip() == "[]"


def test_an_override_replaces_a_shipped_price(tmp_path: Path) -> None:
    path = tmp_path / "prices.toml"
    path.write_text('[[model]]\nprovider = "openai"\nmodel = "gpt-image-2"\nimage_microusd = 5\n')
    assert image_microusd(load_catalogue(path).card("openai", "gpt-image-2")) == 5
    assert image_microusd(load_catalogue(path).card("openai", "gpt-image-2.5-flare"), quality="low") == 9000


@pytest.mark.parametrize("text", ["[[model]", '[[model]]\nprovider = "x"\nmodel = "y"\n', "model = 3"])
def test_an_odd_catalogue_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "odd.toml"
    path.write_text(text)
    with pytest.raises(ConfigurationError):
        load_catalogue(path)


def test_cost_counts_each_kind_of_token_and_rounds_up() -> None:
    card = load_catalogue().card("openai", "gpt-image-2.5-flare")
    assert image_microusd(card, usage=TokenUsage(text_input=10, image_input=3, image_output=100)) == 3074
    cheap = card.model_copy(update={"usd_per_million_tokens": card.usd_per_million_tokens.model_copy(  # type: ignore[union-attr]
        update={"text_input": 0.1})})  # fmt: skip
    assert image_microusd(cheap, usage=TokenUsage(text_input=1)) == 1


def test_an_image_is_never_free() -> None:
    card = load_catalogue().card("openai", "gpt-image-2.5-flare")
    assert image_microusd(card, quality="unheard of") == 130_000


def test_the_nearest_size_a_model_makes() -> None:
    card = ModelCard(provider="p", model="m", image_microusd=1, sizes=("1024x1024", "1536x1024", "1024x1536"))
    known = Catalogue([card]).card("p", "m")
    assert [known.nearest_size(*s) for s in ((1920, 1080), (1080, 1920), (800, 800))] == [
        "1536x1024", "1024x1536", "1024x1024",
    ]  # fmt: skip
    free = card.model_copy(update={"sizes": ()})
    assert free.nearest_size(1600, 1201) == "1600x1200"

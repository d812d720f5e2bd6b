"""Server-rendered pages: Jinja templates with autoescape, no script or style from elsewhere."""

from typing import Any  # Any: what a template shows

from jinja2 import Environment, PackageLoader, StrictUndefined

_templates = Environment(
    loader=PackageLoader("app.api"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)


def render(template: str, **values: Any) -> str:  # Any: see above
    """The page as HTML text."""
    return _templates.get_template(template).render(**values)

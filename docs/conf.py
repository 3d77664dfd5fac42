"""How the pages are built: `python3 dev.py docs`, or `sphinx-build -W --keep-going -n docs docs/build/html`.

Nothing is fetched while building, and the pages fetch nothing: no fonts, no scripts of others.
"""

from __future__ import annotations

import re
from importlib import metadata
from typing import TYPE_CHECKING

from ordersync.testing.pages import part

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "ordersync"
copyright = "the ordersync contributors"  # noqa: A001 - Sphinx wants this name
version = release = metadata.version("ordersync")

extensions = ["myst_parser"]
root_doc = "index"
exclude_patterns = ["build", "README.md"]
html_theme = "furo"
html_title = f"ordersync {release}"
html_static_path = ["static"]
html_css_files = ["pages.css"]
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {"navigation_with_keys": True}
pygments_style = "friendly"
pygments_dark_style = "native"

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 4
myst_links_external_new_tab = False

add_module_names = False
toc_object_entries = False
python_display_short_literal_types = True
python_maximum_signature_line_length = 88
nitpicky = True
nitpick_ignore = [
    ("py:class", name)
    for name in ("Any", "Decimal", "Extra", "Path", "Rate", "T", "date", "datetime", "timedelta")
]
"""Names of Python's library in signatures: no inventory of it is fetched."""
suppress_warnings = ["myst.xref_ambiguous"]

_PART = re.compile(r"^<!-- from code: (.+?) -->$", re.MULTILINE)
_MERMAID = re.compile(r"^```mermaid\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_RULES = "```{toctree}\n:hidden:\n:glob:\n\n*\n```\n"
_STEP = re.compile(r"^\s*(\S+) --> (\w+)(?:: (.+))?$", re.MULTILINE)


def _made(_app: Sphinx, page: str, source: list[str]) -> None:
    """Put in what is made from the code; draw a state diagram as a table, since a script would have to draw it else;
    and put the rules of the scale under their index, which is a file that a test compares."""
    text = _PART.sub(lambda found: part(found[1]), source[0])
    text = _MERMAID.sub(lambda found: _steps(found[1]), text)
    source[0] = f"{text}\n{_RULES}" if page == "quality/index" else text


def _steps(diagram: str) -> str:
    rows = [
        f"| {'(new)' if before == '[*]' else f'`{before}`'} | `{after}` | {when or ''} |"
        for before, after, when in _STEP.findall(diagram)
    ]
    return "\n".join(["| from | to | when |", "| --- | --- | --- |", *rows])


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("source-read", _made)

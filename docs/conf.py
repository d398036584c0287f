"""How Sphinx makes the documentation: ``make docs``. Pages load only what they bring along."""

import re
from pathlib import Path

from sphinx.application import Sphinx

project = "Syncwatch"
author = "The Syncwatch developers"
project_copyright = author
language = "en"

extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
root_doc = "index"
templates_path = ["_templates"]
exclude_patterns = ["_*"]
# GitHub makes anchors of headings in the same way, so that links work there too.
myst_heading_anchors = 4
nitpicky = True

html_theme = "furo"
html_title = "Syncwatch"
html_static_path = ["_static"]
html_css_files = ["docs.css"]
html_favicon = str(Path(__file__).parent.parent / "monitor" / "static" / "monitor" / "icon.svg")
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False
html_use_index = False
html_sidebars = {
    "**": [
        *("sidebar/brand.html", "back.html", "sidebar/search.html", "sidebar/scroll-start.html"),
        *("sidebar/navigation.html", "sidebar/scroll-end.html"),
    ]
}
html_theme_options = {"top_of_page_buttons": []}
pygments_style = "a11y-light"
pygments_dark_style = "a11y-dark"


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("source-read", _lead_to_pages)


def _lead_to_pages(_app: Sphinx, _name: str, source: list[str]) -> None:
    """Texts of the project's own folder are pages here, whose names are small."""
    source[0] = re.sub(r"\]\(\.\./([A-Z]+)\.md", lambda link: f"](/{link[1].lower()}.md", source[0])

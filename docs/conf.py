"""How Sphinx builds the documentation, by `tox -e docs`: strictly, and without requests to other places."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.util import logging

import clusterbench

FOLDER = Path(__file__).parent
sys.path.insert(0, str(FOLDER))

project = "clusterbench"
author = "The clusterbench developers"
version = release = clusterbench.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "numpydoc"]
exclude_patterns = ["_build"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
myst_heading_anchors = 4
html_theme = "pydata_sphinx_theme"
html_title = f"clusterbench {version}"
html_theme_options = {
    "navbar_end": ["theme-switcher"],
    "secondary_sidebar_items": ["page-toc"],
    "show_prev_next": False,
}
html_css_files = ["figures.css"]
html_static_path = ["static"]
html_copy_source = html_show_sourcelink = False
autodoc_typehints = "none"  # numpydoc sections say it
numpydoc_show_class_members = False


def with_other_pages(app: Sphinx, page: str, source: list[str]) -> None:
    """List the pages that no list of pages names at the end of the how-to pages."""
    if page == "how-to":
        texts = [path.read_text(encoding="utf-8") for path in FOLDER.glob("*.md")]
        named = {name for text in texts for name in re.findall(r"^(?:.+ <)?([a-z-]+)>?$", text, re.MULTILINE)}
        others = sorted({path.stem for path in FOLDER.glob("*.md")} - named - {"index"})
        source[0] = source[0].replace("\nUse your", "\n".join(["", *others, "Use your"]))


def without_links_outside(app: Sphinx, page: str, source: list[str]) -> None:
    """Turn a link to a file of the repository that is no page of the documentation into its path."""

    def as_path(link: re.Match[str]) -> str:
        target = (FOLDER / page).parent / link[2].partition("#")[0]
        is_page = target.resolve().is_relative_to(FOLDER) and target.suffix == ".md"
        if "://" not in link[2] and not target.exists():
            logging.getLogger(__name__).warning("%s: there is no %s", page, link[2])
        if is_page or "://" in link[2] or link[2].startswith("#"):
            return link[0]
        path = target.resolve().relative_to(FOLDER.parent)
        return f"`{path}`" if link[1].strip("`") in str(path) else f"{link[1]} (`{path}`)"

    source[0] = re.sub(r"(?<!!)\[([^\]\n]+)\]\(([^)\s]+)\)", as_path, source[0])


def setup(app: Sphinx) -> None:
    """Write the generated pages before Sphinx reads the folder."""
    from make_reference import FOLDER as REFERENCE
    from make_reference import write_pages

    write_pages(REFERENCE)
    app.connect("source-read", with_other_pages)
    app.connect("source-read", without_links_outside)

"""Figures as SVG that reads in light and dark, beside others on one page, and for those who cannot see it."""

from __future__ import annotations

import io
import itertools
import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clusterbench.text import printable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SVG = "http://www.w3.org/2000/svg"
_XLINK = "{http://www.w3.org/1999/xlink}href"
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_NUMBER = re.compile(r"-?\d+\.\d+")
_EMPTY = (f"{{{_SVG}}}g", f"{{{_SVG}}}defs")
_GROUPED = (f"{{{_SVG}}}use", f"{{{_SVG}}}text", f"{{{_SVG}}}path")
_FONT = "system-ui, sans-serif"
# A picture on its own has no page to inherit a colour from.
_STANDALONE = "svg{color:#1b1f24}@media (prefers-color-scheme:dark){svg{color:#d7dce2}}"


@dataclass(frozen=True, slots=True, eq=False)
class Drawing:
    """A drawn figure with its numbers."""

    canvas: Figure  # of matplotlib
    description: str  # what it shows and leaves out, for readers who do not see it
    header: Sequence[str]
    rows: Sequence[tuple[str, ...]]  # the numbers drawn, as a table
    finding: str = ""  # what is to be seen in it, in one sentence


@dataclass(frozen=True, slots=True)
class Picture:
    """A finished figure with its numbers."""

    name: str  # stem of its file, and prefix of every id inside it
    title: str
    description: str  # what it shows, for readers who do not see it
    body: str  # the SVG element, as it is in a page: text and axes in the page's own colour
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]  # the numbers drawn, as a table
    finding: str = ""  # what is to be seen in it, in one sentence

    @property
    def numbers_file(self) -> str:
        """The path of its numbers as CSV, in the folder of the report."""
        return f"figures/{self.name}.csv"

    @property
    def file(self) -> str:
        """The SVG as a file of its own."""
        start = self.body.index(">") + 1
        style = f"<style>{_STANDALONE}</style>"
        return f'<?xml version="1.0" encoding="utf-8"?>\n{self.body[:start]}{style}{self.body[start:]}\n'


def svg_picture(drawing: Drawing, *, name: str, title: str) -> Picture:
    """Return a drawn figure as one SVG element with its numbers: the same bytes for the same figure.

    Ids have the prefix `name`, so that one page can contain several pictures; black becomes ``currentColor``; text
    stays text; the element is an image named by `title`, with the description of the drawing.
    """
    import matplotlib

    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": name, "svg.fonttype": "none"}):
        nothing = {"Date": None, "Creator": None, "Format": None, "Type": None}
        drawing.canvas.savefig(buffer, format="svg", transparent=True, metadata=nothing)
    root = ET.fromstring(buffer.getvalue())
    _rename(root, name)
    for element in root.iter():
        _recolour(element)
        _tighten(element)
    _flatten(root)
    _frame(root, name, title, drawing.description)
    ET.register_namespace("", _SVG)
    body = ET.tostring(root, encoding="unicode")
    header, rows = tuple(drawing.header), tuple(drawing.rows)
    return Picture(name, title, drawing.description, body, header, rows, printable(drawing.finding))


def _rename(root: ET.Element, name: str) -> None:
    """Number the ids that are referred to, prefixed, and drop the others."""
    used: dict[str, str] = {}

    def short(identity: str) -> str:
        return used.setdefault(identity, f"{name}-{len(used)}")

    for element in root.iter():
        target = element.attrib.pop(_XLINK, None)
        if target is not None:
            element.set("href", f"#{short(target.removeprefix('#'))}")
        for key, value in element.attrib.items():
            element.set(key, _REFERENCE.sub(lambda reference: f"url(#{short(reference[1])})", value))
    for element in root.iter():
        identity = element.attrib.pop("id", None)
        if identity in used:
            element.set("id", used[identity])


def _recolour(element: ET.Element) -> None:
    style = element.get("style")
    if style:
        style = re.sub(r"#000000\b", "currentColor", style)
        element.set("style", re.sub(r"'DejaVu Sans'[^;\"]*", _FONT, style))
    if element.tag == f"{{{_SVG}}}text" and "fill" not in (style or ""):
        element.set("fill", "currentColor")


def _tighten(element: ET.Element) -> None:
    """Keep tenths of a point and drop the indentation: a third of the size, and steady in the last bits."""
    for key in ("d", "x", "y", "transform"):
        if key in element.attrib:
            short = _NUMBER.sub(lambda number: f"{float(number[0]):.1f}".removesuffix(".0"), element.attrib[key])
            element.set(key, re.sub(r" ?\b([A-Za-z]) ", r"\1", " ".join(short.split())))
    if style := element.get("style"):
        element.set("style", re.sub(r"([:;]) ", r"\1", style).replace("stroke-dashoffset:0;", ""))
    if not (element.text or "").strip():
        element.text = None
    element.tail = None


def _flatten(parent: ET.Element) -> None:
    """Drop groups that say nothing and what is not painted, and state once what neighbouring marks share."""
    children: list[ET.Element] = []
    for child in list(parent):
        _flatten(child)
        parent.remove(child)
        if child.tag == f"{{{_SVG}}}g" and not child.attrib:
            children += child
        elif child.get("style") != "fill:none" and (len(child) or child.tag not in _EMPTY):
            children.append(child)
    for (tag, style), alike in itertools.groupby(children, key=lambda one: (one.tag, one.get("style", ""))):
        marks = list(alike)
        if len(marks) > 2 and style and tag in _GROUPED:
            group = ET.SubElement(parent, f"{{{_SVG}}}g", {"style": style})
            for mark in marks:
                del mark.attrib["style"]
            group.extend(marks)
        else:
            parent.extend(marks)


def _frame(root: ET.Element, name: str, title: str, description: str) -> None:
    """Make the element an image with a name and a description, as wide as its place allows."""
    for child in [child for child in root if child.tag.endswith("}metadata")]:
        root.remove(child)
    for parent in root.iter(f"{{{_SVG}}}defs"):
        # Its rules would hold for the whole page.
        for style in parent.findall(f"{{{_SVG}}}style"):
            parent.remove(style)
    width, _ = root.attrib.pop("width"), root.attrib.pop("height")
    root.set("style", f"max-width: {width}")
    root.attrib.update({"stroke-linejoin": "round", "role": "img", "aria-labelledby": f"{name}-title {name}-desc"})
    for position, (tag, text) in enumerate((("title", title), ("desc", description))):
        label = ET.Element(f"{{{_SVG}}}{tag}", {"id": f"{name}-{tag}"})
        label.text = text
        root.insert(position, label)

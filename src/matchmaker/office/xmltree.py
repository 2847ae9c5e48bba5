"""The XML of office files as a tree of names without namespaces, in which strict and ordinary files differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matchmaker.messages import make_message
from matchmaker.office.packed import Package

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

MAX_XML_BYTES: Final = 12_000_000
"""Bytes of one part; as a tree they take about ten times as much."""
MAX_TAGS: Final = 600_000
"""Opening and closing tags of one part or page; a page of a document has a few hundred."""


def parse_xml(package: Package, name: str) -> Element:
    """Parse a part of a packed file.

    Raises:
        InputError: It is damaged, too large, or nested more than 256 levels deep.
    """
    from lxml import etree  # kept out of start-up: only office files need it

    data = package.read_xml(name, MAX_XML_BYTES)
    if data.count(b"<") > MAX_TAGS:
        raise package.error_for(make_message("its part {name} is too large", name=name))
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        return etree.fromstring(data, parser)
    except etree.XMLSyntaxError as caught:
        if "depth" in str(caught):
            raise package.error_for("nested too deeply for an office file") from caught
        raise package.error_for("the file is damaged or incomplete") from caught


def name_of(element: Element) -> str:
    """The name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]


def child(parent: Element | None, name: str) -> Element | None:
    """The first child with this name; ``None`` when there is none, or no parent."""
    return next((one for one in parent if name_of(one) == name), None) if parent is not None else None


def attribute(element: Element, name: str) -> str | None:
    """The attribute with this name, in any namespace; ``None`` when there is none."""
    for key, value in element.attrib.items():
        if str(key).rpartition("}")[2] == name:
            return str(value)
    return None

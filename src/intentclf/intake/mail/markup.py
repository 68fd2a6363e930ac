"""HTML of e-mail in, text out with its quoted structure: what a program drew a line beside is marked with '> '.

inscriptis lays the text out; before that the tree is put in order: what is hidden goes, quoted blocks, signatures and
Outlook's reply headers get a mark of their own line, which becomes '> ', '-- ' or a ruled line afterwards. Whether a
block is quoted is decided on the lines: a forwarded message stands in the same elements and is no quote.
"""

from __future__ import annotations

import html
import re
from itertools import islice
from typing import Any

from intentclf.intake.mail.quoting import END, PERHAPS, QUOTED, RULE, SIGNATURE, mark_quotes

__all__ = ["lay_out"]

LARGEST_MARKUP = 1_000_000
"""Code points of HTML that are read, without styles and pictures; inscriptis takes half a second for them."""

_MOST_ELEMENTS = 60_000  # a line of some 10,000 conversations has so many; inscriptis takes a second for 250,000
_DEEPEST = 200  # inscriptis calls itself for each level, and Python ends that at 1,000
_MOST_CELLS, _WIDEST = 400, 4_000  # of a table of data; each of its rows is filled with blanks to its whole width

_PICTURE = re.compile(r"data:[\w/+.;=-]{1,80},[\w+/=%-]*+", re.ASCII)
_XML_HEAD = re.compile(r"<\?xml[^<>]*\?>", re.IGNORECASE)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ue000-\ue004\ufffe\uffff]")
_BLOCK_TAG = re.compile(r"</?(?:address|blockquote|br|div|h[1-6]|hr|li|ol|p|pre|table|tr|ul)\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"<[a-z!/?][^<>]*>", re.IGNORECASE)

_HIDDEN = re.compile(r"(?:^|;)(?:display:none|visibility:hidden|mso-hide:all|max-height:0(?:px)?(?:;.*overflow|;?$))")
_NO_MARGIN = re.compile(r"(?:^|;)margin(?:-top)?:0(?:[a-z%]*)(?:[;!]|0|$)")
_INDENT = re.compile(r"(?:^|;)border(?:-left)?:(?:none|0)")
_REPLY_RULE = re.compile(r"(?:^|;)border-top:(?:solid|#[0-9a-f]{6})")
_QUOTE_CLASS = re.compile(r"(?:^|[ _-])(?:quote|quoted|cite)(?:$|[ _-])|(?:gmail|protonmail|yahoo|zmail|mailru)_quote")
_SIGNATURES = frozenset({"gmail_signature", "moz-signature"})
_SIGNATURE_IDS = ("signature", "ms-outlook-mobile-signature", "appendonsignature")
_TABLE_TAGS = frozenset({"table", "tbody", "thead", "tfoot", "tr", "td", "th"})
_SPAN_TAGS = frozenset({"span", "o:p", "b", "strong", "i", "em", "u", "font", "a"})
_MOST_AROUND_BLANK = 6
_NO_TEXT = frozenset({"script", "style", "title", "head", "noscript", "template", "object", "svg"})


def lay_out(markup: str) -> tuple[str, tuple[str, ...]]:
    r"""Lay an HTML body out as text.

    Parameters
    ----------
    markup : str
        Any.

    Returns
    -------
    text : str
        No line ends with a blank, but for the mark of a signature; never two empty lines together.
    warnings : tuple of str

    Examples
    --------
    >>> lay_out('<div>Nee.</div>Op ma 3 mei 10:12 schreef Jan:<blockquote type="cite">Werkt <b>het</b>?</blockquote>')
    ('Nee.\nOp ma 3 mei 10:12 schreef Jan:\n> Werkt het?', ())
    """
    shrunk, warnings = _shrink(markup)
    tree = _parse(shrunk)
    if tree is None:
        return "", warnings
    elements = _elements(tree)
    if elements is None:
        return _bare(shrunk), (*warnings, "mark-up too deep or too large to lay out: only its tags were removed")
    _prepare(elements)
    text = _text_of(tree)
    if text is None:
        return _bare(shrunk), (*warnings, "mark-up that cannot be laid out: only its tags were removed")
    return mark_quotes(text), warnings


def _shrink(markup: str) -> tuple[str, tuple[str, ...]]:
    """The mark-up without controls, styles and pictures that stand in it, and not more than is read."""
    text = _CONTROL.sub("", _XML_HEAD.sub("", markup))
    if len(text) > LARGEST_MARKUP:
        text = _PICTURE.sub("", _without_styles(text))
    if len(text) <= LARGEST_MARKUP:
        return text, ()
    return text[:LARGEST_MARKUP], (
        f"truncated: mark-up of {len(text)} characters, the first {LARGEST_MARKUP} are read",
    )


def _without_styles(text: str) -> str:
    """Cut style elements and comments out by searching: one that never ends must not be looked for twice."""
    for begin, end in (("<style", "</style"), ("<!--", "-->")):
        kept, place = [], 0
        lower = text.lower() if len(text.lower()) == len(text) else text
        while (start := lower.find(begin, place)) >= 0 and (stop := lower.find(end, start)) >= 0:
            kept.append(text[place:start])
            place = stop
        text = "".join((*kept, text[place:]))
    return text


def _parse(markup: str) -> Any:
    from lxml.etree import LxmlError
    from lxml.html import HTMLParser, document_fromstring

    try:
        return document_fromstring(markup, parser=HTMLParser(huge_tree=True))
    except (LxmlError, ValueError, AssertionError):  # nothing in it but blanks or comments
        return None


def _elements(tree: Any) -> list[Any] | None:
    """All elements, outer before inner; None where they are too many or too deep to be laid out."""
    found: list[Any] = []
    waiting = [(tree, 0)]
    while waiting:
        element, depth = waiting.pop()
        if depth > _DEEPEST or len(found) >= _MOST_ELEMENTS:
            return None
        found.append(element)
        waiting += [(child, depth + 1) for child in reversed(element)]
    return found


def _prepare(elements: list[Any]) -> None:
    for element in elements:
        element.text, element.tail = _unmarked(element.text), _unmarked(element.tail)
        if not isinstance(element.tag, str):  # comment, processing instruction
            element.text = ""
            continue
        style = "".join((element.get("style") or "").lower().split())
        if element.tag in _NO_TEXT or _is_hidden(element, style):
            _remove(element)
            continue
        _mark(element, style)
        _simplify(element, style)


def _unmarked(text: str | None) -> str | None:
    return _CONTROL.sub("", text) if text else text  # written as '&#1;', which the library hands out but does not take


def _is_hidden(element: Any, style: str) -> bool:
    return element.tag not in ("html", "body") and (_HIDDEN.search(style) is not None or "hidden" in element.attrib)


def _remove(element: Any) -> None:
    if element.getparent() is not None:
        element.drop_tree()


def _mark(element: Any, style: str) -> None:
    """Put marks around what is quoted, and above a signature and Outlook's header of the message replied to."""
    kind = (element.get("class") or "").lower()
    identifier = (element.get("id") or "").lower()
    if element.tag == "blockquote":
        _surround(element, QUOTED if _is_drawn_quote(element, kind, style) else PERHAPS)
    elif "yahoo_quoted" in kind and not _holds(element, "blockquote"):
        _surround(element, QUOTED)
    elif not _SIGNATURES.isdisjoint(kind.split()) or identifier.removeprefix("x_") in _SIGNATURE_IDS:
        _insert(element, SIGNATURE)
    elif identifier.endswith("divrplyfwdmsg") or (element.tag == "div" and _is_reply_header(element, style)):
        _insert(element, RULE)


def _is_drawn_quote(element: Any, kind: str, style: str) -> bool:
    """Quoted by a mail program, and not only indented by hand: Gmail and Outlook use the same element for that."""
    if (element.get("type") or "").lower() == "cite" or _QUOTE_CLASS.search(kind):
        return True
    return "border-left" in style and _INDENT.search(style) is None


def _is_reply_header(element: Any, style: str) -> bool:
    """Outlook's 'From: … Sent: …' under a line of its own; a bold name and a colon come first."""
    if not _REPLY_RULE.search(style):
        return False
    bold = next(element.iter("b", "strong"), None)
    return bold is not None and (bold.text_content().strip().endswith(":"))


def _holds(element: Any, tag: str) -> bool:
    return next(element.iterdescendants(tag), None) is not None


def _surround(element: Any, mark: str) -> None:
    _insert(element, mark)
    element.append(_line_of(END))


def _insert(element: Any, mark: str) -> None:
    line = _line_of(mark)
    line.tail, element.text = element.text, None
    element.insert(0, line)


def _line_of(mark: str, *, tag: str = "div") -> Any:
    from lxml.html import Element

    line = Element(tag)
    line.text = mark or None
    return line


def _simplify(element: Any, style: str) -> None:
    """Leave the layout that makes text: lines, paragraphs, lists, tables of data."""
    if element.tag == "p" and ("mso" in (element.get("class") or "").lower() or _NO_MARGIN.search(style)):
        element.tag = "div"
    if element.tag in ("div", "p") and _is_empty_line(element):
        element.insert(0, _line_of("", tag="br"))
    if element.tag == "table" and _is_layout(element):
        for cell in list(element.iter(*_TABLE_TAGS)):
            cell.tag = "div"
    kept = ["white-space:pre"] if "white-space:pre" in style else []
    kept += ["display:block"] if "display:block" in style and element.tag == "span" else []
    element.attrib.pop("style", None)
    if kept:
        element.set("style", ";".join(kept))


def _is_empty_line(element: Any) -> bool:
    """'<p>&nbsp;</p>', also with spans and 'o:p' around the blank, as Word writes an empty line."""
    inner = list(islice(element.iterdescendants(), _MOST_AROUND_BLANK + 1))
    if len(inner) > _MOST_AROUND_BLANK or any(child.tag not in _SPAN_TAGS for child in inner):
        return False
    text = "".join(element.itertext())
    return "\xa0" in text and not text.strip()


def _is_layout(table: Any) -> bool:
    """Tables hold newsletters together: such a one has tables, quotes, or very many or long cells in it."""
    if _holds(table, "table") or _holds(table, "blockquote"):
        return True
    cells = sum(1 for _ in islice(table.iterdescendants("td", "th"), _MOST_CELLS + 1))
    return cells > _MOST_CELLS or sum(map(len, table.itertext())) > _WIDEST


def _text_of(tree: Any) -> str | None:
    from inscriptis.css_profiles import CSS_PROFILES
    from inscriptis.html_engine import Inscriptis
    from inscriptis.model.config import ParserConfig

    lists = {tag: CSS_PROFILES["strict"]["div"] for tag in ("ul", "ol")}  # no indents, which add up without end
    try:
        return str(Inscriptis(tree, ParserConfig(css=CSS_PROFILES["strict"] | lists)).get_text()).replace("\xa0", " ")
    except (ValueError, AssertionError, IndexError, AttributeError, TypeError, RecursionError):
        return None  # attributes such as start=x of a list reach the library's arithmetic


def _bare(markup: str) -> str:
    """The text without any layout but lines."""
    text = _TAG.sub(" ", _BLOCK_TAG.sub("\n", _without_styles(markup)))
    lines = (" ".join(line.split()) for line in html.unescape(text).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()

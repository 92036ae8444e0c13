"""Text of the specs (Markdown) as the HTML that Moodle stores.

Raw HTML in a spec stays text: what we send is stored verbatim by Moodle and shown to learners.
"""

from __future__ import annotations

from html import escape

from markdown_it import MarkdownIt

_MARKDOWN = MarkdownIt("commonmark", {"html": False, "xhtmlOut": True, "typographer": False})


def to_html(markdown: str) -> str:
    """The HTML of a Markdown text, without a trailing newline; empty for an empty text."""
    html: str = _MARKDOWN.render(markdown)
    return html.strip()


def paragraphs(*texts: str) -> str:
    """Plain paragraphs that Moodle's HTMLPurifier leaves as they are.

    Competency descriptions are refused unless the purifier would not change a byte of them (``PARAM_CLEANHTML``), so
    quotes stay unescaped and nothing but ``<p>`` is used.
    """
    return "".join(f"<p>{escape(' '.join(text.split()), quote=False)}</p>" for text in texts if text.strip())

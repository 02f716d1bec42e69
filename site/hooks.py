"""Keep front matter out of the theme: only a title reaches it, and as text.

Themes print metadata unescaped and act on keys such as `template`. Everything else on a page is finished
markdown, so a builder that ignores this file loses a guard and no content.
"""

from __future__ import annotations

from typing import Any

from markupsafe import escape


def on_page_markdown(markdown: str, *, page: Any, **_: object) -> str:
    """Replace a page's metadata by its escaped title."""
    title = page.meta.get("title")
    page.meta = {} if title is None else {"title": escape(str(title))}
    return markdown

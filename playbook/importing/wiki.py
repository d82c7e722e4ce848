"""What the elements of a wiki say in words: emoji, pictures, the page's title and its number. Pure."""

from __future__ import annotations

import re
from pathlib import PurePath

from playbook.importing.grid import tidy
from playbook.importing.markup import Tag

#: Macros that only dress their text, or have none worth a word.
PLAIN_MACROS = {
    *(
        "panel",
        "info",
        "note",
        "tip",
        "warning",
        "expand",
        "excerpt",
        "details",
        "section",
        "column",
        "code",
        "noformat",
    ),
    *("status", "jira", "anchor", "toc", "toc-zone", "table-filter", "table-plus", "numbered-headings", "div", "span"),
}
_EMOTICONS = {
    "tick": "✅",
    "cross": "❌",
    "warning": "⚠",
    "information": "ℹ",
    "plus": "➕",
    "minus": "➖",
    "question": "❓",
    "light-on": "💡",
    "light-off": "💡",
    "yellow-star": "⭐",
    "smile": "🙂",
    "sad": "🙁",
    "thumbs-up": "👍",
    "thumbs-down": "👎",
    "heart": "❤",
}
_PAGE_ID = re.compile(r"(?:/pages/(?:edit-v2/)?|[?&]pageId=)(\d{1,20})(?!\d)")
_EXPORTED_AS = re.compile(r"_(\d{4,20})\.x?html?$", re.I)


def image(tag: Tag) -> str:
    """Return the words for a picture: an emoji where it is one, else its name in brackets."""
    fallback = tag.get("data-emoji-fallback")
    if "emoticon" in tag.get("class") or fallback:
        named = tag.get("data-emoji-short-name") or tag.get("alt")
        return fallback if fallback and not fallback.startswith(":") else _EMOTICONS.get(named.strip(":()"), named)
    named = tag.get("alt") or PurePath(tag.get("src").partition("?")[0]).name[:80]
    return f" [picture: {named}] " if named and not tag.get("src").startswith("data:") else " [picture] "


def emoticon(tag: Tag) -> str:
    """Return the emoji of the storage format, or its name between colons."""
    fallback = tag.get("ac:emoji-fallback")
    if fallback and not fallback.startswith(":"):
        return fallback
    name = tag.get("ac:name") or tag.get("ac:emoji-shortname").strip(":")
    return _EMOTICONS.get(name, f":{name}:" if name else "")


def number_of(tag: Tag) -> str:
    """Return the page's number out of what the head of the page says of itself."""
    if tag.get("name").casefold() in ("ajs-page-id", "confluence-page-id"):
        return tag.get("content") if tag.get("content").isdecimal() else ""
    if tag.get("rel").casefold() in ("canonical", "shortlink") or tag.get("property").casefold() == "og:url":
        found = _PAGE_ID.search(tag.get("href") or tag.get("content"))
        return found[1] if found else ""
    return ""


def number_in_name(name: str) -> str:
    """Return the page's number out of the file's name, where an export has put it."""
    found = _EXPORTED_AS.search(name)
    return found[1] if found else ""


def page_title(title: str) -> str:
    """Return a page's title without its space's name and the wiki's: “Space : Page”, “Page - Space - Confluence”."""
    told = " ".join(title.split())
    if told.endswith(" - Confluence"):
        parts = told.removesuffix(" - Confluence").split(" - ")
        told = " - ".join(parts[:-1]) or parts[0]
    return tidy(told.rpartition(" : ")[2] or told)

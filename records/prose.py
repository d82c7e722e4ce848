"""What people write, made safe to show: Markdown in, a small set of HTML out. Pure; the source text is what is kept.

Three fences, each of which would do: the parser knows no raw HTML and no pictures; it makes a link only of an address that
begins with https or mailto; what comes out is cleaned against a list of what may be there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markupsafe import Markup

#: Headings of a comment stand below those of the page, its sections and the comment itself.
DOWN = 3
DEEPEST = 6
TAGS = {
    *("p", "br", "strong", "em", "s", "code", "pre", "blockquote", "ul", "ol", "li", "hr", "a", "span"),
    *("h4", "h5", "h6"),
}
#: Characters that steer and do not show: controls, and marks that turn the reading direction (a name may not read backwards).
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_ADDRESS = re.compile(r"(?:https://|mailto:)[^\s\x00-\x20\"<>\\]+\Z", re.IGNORECASE)
#: An address written out in the text, without the full stop after it.
_BARE = r"https://[^\s<>\"'`]+[^\s<>\"'`.,;:!?)\]]"


def clean(text: str) -> str:
    """Return what somebody wrote as it is kept: one kind of line break, nothing that steers, no space around it."""
    return _UNSEEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


@lru_cache(maxsize=1024)
def shown(text: str, mentions: tuple[str, ...] = ()) -> Markup:
    """Return a text as HTML that is safe in any page.

    Args:
        text: Markdown (CommonMark with strike-through, without tables, of which a page of text makes a megabyte; a line break
            is one).
        mentions: words such as `@PM` that stand out where they occur.
    """
    html = _parser().render(_UNSEEN.sub("", text), {"mentions": mentions})
    return Markup(  # noqa: S704 - cleaned in this very line
        nh3.clean(
            html,
            tags=TAGS,
            attributes={"*": set(), "a": {"href"}, "ol": {"start"}},
            generic_attribute_prefixes=set(),
            allowed_classes={"span": {"mention"}},
            url_schemes={"https", "mailto"},
            link_rel="noopener nofollow",
            strip_comments=True,
        )
    )


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable("strikethrough")
    parser.disable(["image", "html_block", "html_inline", "entity"])
    parser.validateLink = _may_lead_to  # type: ignore[method-assign,assignment]
    parser.core.ruler.push("headings", _lower_headings)
    parser.core.ruler.push("spots", _mark_spots)
    return parser


def _may_lead_to(address: str) -> bool:
    return _ADDRESS.match(address) is not None


def _lower_headings(state: StateCore) -> None:
    for token in state.tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(DEEPEST, int(token.tag[1]) + DOWN)}"


def _mark_spots(state: StateCore) -> None:
    """Let mentions stand out and addresses lead there, in running text: not in code, and not within a link."""
    pattern = _spots(tuple(state.env.get("mentions", ())))
    for block in state.tokens:
        if block.type != "inline" or not block.children:
            continue
        parts: list[Token] = []
        within = 0
        for token in block.children:
            within += token.nesting if token.type in {"link_open", "link_close"} else 0
            parts += _split(token, pattern) if token.type == "text" and not within else [token]
        block.children = parts


@lru_cache(maxsize=256)
def _spots(mentions: tuple[str, ...]) -> re.Pattern[str]:
    # The longest first: `@Priya Nair` is not `@Priya` and a surname.
    words = "|".join(re.escape(word) for word in sorted(mentions, key=len, reverse=True))
    return re.compile(rf"(?P<address>{_BARE})" + (rf"|(?<![\w@])(?P<mention>{words})(?!\w)" if words else ""))


def _split(token: Token, pattern: re.Pattern[str]) -> Sequence[Token]:
    parts: list[Token] = []
    last = 0
    for found in pattern.finditer(token.content):
        address = found.groupdict().get("address")
        if address and not _may_lead_to(address):
            continue
        parts += [_text(token.content[last : found.span()[0]]), *_link(address), *_mention(found)]
        last = found.end()
    if not last:
        return [token]
    return [*parts, _text(token.content[last:])]


def _link(address: str | None) -> list[Token]:
    if not address:
        return []
    return [Token("link_open", "a", 1, attrs={"href": address}), _text(address), Token("link_close", "a", -1)]


def _mention(found: re.Match[str]) -> list[Token]:
    if not found.groupdict().get("mention"):
        return []
    attrs: dict[str, Any] = {"class": "mention"}
    return [Token("em_open", "span", 1, attrs=attrs), _text(found["mention"]), Token("em_close", "span", -1)]


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)

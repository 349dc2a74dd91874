from pathlib import Path

import pytest

from ragreason.corpus.html import load_html

PAGE = """<!doctype html><html><head><title>The &amp; Lake</title>
<style>p {color: red}</style><script>var x = "<p>no</p>";</script></head>
<body><h1>Lake</h1><p>It is <b>very</b>
deep.</p><script>alert(1)</script><ul><li>one<li>two</ul>
<table><tr><td>a</td><td>b</td></tr></table><p>5 &lt; 6&nbsp;km<br>end</body></html>"""


def load(tmp_path: Path, html: str) -> tuple[str, str]:
    path = tmp_path / "some_page.html"
    path.write_text(html, encoding="utf-8")
    document = load_html(path)
    return document.title, document.text


def test_visible_text_is_kept_and_scripts_and_styles_are_not(tmp_path: Path) -> None:
    title, text = load(tmp_path, PAGE)
    assert title == "The & Lake"
    assert text == "Lake\n\nIt is very deep.\n\none\ntwo\n\na b\n\n5 < 6 km\nend"


def test_without_a_title_the_first_heading_is_it(tmp_path: Path) -> None:
    assert load(tmp_path, "<h1>First</h1><h1>Second</h1><p>x")[0] == "First"
    assert load(tmp_path, "<p>x")[0] == "some page"


def test_an_unclosed_head_does_not_hide_the_page(tmp_path: Path) -> None:
    assert load(tmp_path, "<head><title>T</title><body><p>shown</p>") == ("T", "shown")


def test_declarations_that_nobody_knows_are_skipped(tmp_path: Path) -> None:
    assert load(tmp_path, "<p>Ada</p><![foo[ x ]]><p>reads.</p><![if !x]>On<![endif]>")[1] == (
        "Ada\n\nreads.\n\nOn"
    )


def test_an_unclosed_title_does_not_swallow_the_page(tmp_path: Path) -> None:
    assert "shown" in load(tmp_path, "<title>T<body><p>shown</p></body>")[1]


@pytest.mark.timeout(20)
@pytest.mark.parametrize("piece", ["<a ", "<!--", "</", "<a b='"])
def test_tags_that_never_end_take_no_time(tmp_path: Path, piece: str) -> None:
    assert load(tmp_path, "<p>Ada reads.</p>" + piece * 50_000)[1].startswith("Ada reads.")


def test_a_lone_less_than_at_the_end_is_text(tmp_path: Path) -> None:
    assert load(tmp_path, "<p>5 is</p> 5 < 6 and <b")[1] == "5 is\n\n5 < 6 and <b"

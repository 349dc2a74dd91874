from pathlib import Path

import pytest

from ragreason.corpus.markdown import load_markdown

TEXT = """---
author: someone
---
Before.

# The Lake

It is deep.

```
# not a heading
```

## Fish ##

Trout.
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "my-lake.md"
    path.write_text(text, encoding="utf-8")
    return path


def test_headings_title_the_sections(tmp_path: Path) -> None:
    document = load_markdown(write(tmp_path, TEXT))
    parts = [(s.title, document.text[s.start : s.end].strip()) for s in document.sections]
    assert document.title == "The Lake"
    assert parts == [
        ("The Lake", "Before."),
        ("The Lake", "It is deep.\n\n```\n# not a heading\n```"),
        ("The Lake: Fish", "Trout."),
    ]


def test_offsets_are_those_of_the_file(tmp_path: Path) -> None:
    assert load_markdown(write(tmp_path, TEXT)).text == TEXT


def test_front_matter_may_name_the_title(tmp_path: Path) -> None:
    document = load_markdown(write(tmp_path, '---\ntitle: "Named"\n---\n# Other\n\nText.'))
    assert document.title == "Named"
    assert document.sections[0].title == "Named: Other"


def test_without_headings_the_file_name_is_the_title(tmp_path: Path) -> None:
    document = load_markdown(write(tmp_path, "Just text."))
    assert document.title == "my lake"
    assert len(document.sections) == 1


def test_code_in_one_line_opens_no_block(tmp_path: Path) -> None:
    text = "# Lake\n\n```make lake```\n\n## Fish\n\nTrout.\n"
    titles = [s.title for s in load_markdown(write(tmp_path, text)).sections]
    assert titles == ["Lake", "Lake: Fish"]


def test_marks_that_close_a_heading_are_told_from_its_words(tmp_path: Path) -> None:
    text = "# C#\n\nx\n\n## Fish ##\n\ny\n\n## #1 hit\n\nz\n"
    titles = [s.title for s in load_markdown(write(tmp_path, text)).sections]
    assert titles == ["C#", "C#: Fish", "C#: #1 hit"]


@pytest.mark.timeout(20)
@pytest.mark.parametrize("filling", [" ", " #", "\t", "#"])
def test_a_heading_of_blanks_takes_no_time(tmp_path: Path, filling: str) -> None:
    assert load_markdown(write(tmp_path, f"# a{filling * 50_000}b\n\nx\n")).sections

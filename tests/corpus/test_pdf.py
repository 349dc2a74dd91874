from pathlib import Path

import pytest

from ragreason.corpus.chunk import chunk
from ragreason.corpus.pdf import load_pdf
from ragreason.errors import CorpusError


def pdf(pages: list[str]) -> bytes:
    """A minimal PDF with one line of Helvetica a page."""
    count = len(pages)
    kids = " ".join(f"{4 + 2 * i} 0 R" for i in range(count))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {count} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for i, text in enumerate(pages):
        stream = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET" if text else ""
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {5 + 2 * i} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>"
        )
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
    body, offsets = "%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += f"{number} 0 obj\n{content}\nendobj\n"
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    size = len(objects) + 1
    end = f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<< /Size {size} /Root 1 0 R >>\n"
    return f"{body}{end}startxref\n{len(body)}\n%%EOF\n".encode()


def test_passages_know_their_pages(tmp_path: Path) -> None:
    path = tmp_path / "two-pages.pdf"
    path.write_bytes(pdf(["The lake is deep.", "", "The river is long."]))
    document = load_pdf(path)
    passages = chunk(document)
    assert [(p.page, p.text) for p in passages] == [
        (1, "The lake is deep."),
        (3, "The river is long."),
    ]
    assert all(p.text == document.text[p.start : p.end] for p in passages)
    assert document.title == "two pages"


def test_a_scan_without_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "scan.pdf"
    path.write_bytes(pdf([""]))
    with pytest.raises(CorpusError, match=r"scan\.pdf: no text in 1 pages"):
        load_pdf(path)


def test_a_damaged_file_is_refused_in_one_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "broken.pdf"
    path.write_bytes(b"%PDF-1.4 nonsense")
    with pytest.raises(CorpusError, match="not a readable PDF") as caught:
        load_pdf(path)
    assert "\n" not in str(caught.value)
    assert caplog.records == []


def test_a_locked_file_is_refused(tmp_path: Path) -> None:
    from pypdf import PdfReader, PdfWriter

    plain = tmp_path / "plain.pdf"
    plain.write_bytes(pdf(["Secret."]))
    writer = PdfWriter(clone_from=PdfReader(plain))
    writer.encrypt("password", algorithm="RC4-128")
    locked = tmp_path / "locked.pdf"
    writer.write(locked)
    with pytest.raises(CorpusError, match="locked by a password"):
        load_pdf(locked)

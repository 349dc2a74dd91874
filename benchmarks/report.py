"""A report on very many rows: how long it takes to write, and how fast its page answers.

    python benchmarks/report.py [--rows N] [--folder DIR]

The rows are made up: questions, answers, trajectories and passages of the lengths that HotpotQA's
have, a third right, the others failing by every cause. `write_s` is one call of `write_report`.
In headless Chromium (`--chromium`), from disk, unthrottled: `ready_s` until the list of questions
stands, then the median milliseconds from an input to the frame after the list has changed, of three
each: text typed into the filter (with the wait for the next letter, 120 ms), a cause pressed, a
column sorted, a page turned, a question opened. `longest_task_ms` is the longest that the page did
not listen to anything after it stood. Without Chromium or Playwright those are null.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from report_rows import make_run

from ragreason.evaluation.store import RESULTS
from ragreason.report.page import write_report

RESULT = Path(__file__).parent / "results" / "report.json"
CHROMIUM = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, help="where to keep the run; else it is deleted")
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    given = parser.parse_args()
    folder = given.folder or Path(tempfile.mkdtemp())
    try:
        found = measure(folder, given.rows, given.chromium)
    finally:
        if given.folder is None:
            shutil.rmtree(folder)
    print(json.dumps(found, indent=2))
    if given.rows == 100_000:
        RESULT.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def measure(folder: Path, rows: int, chromium: str) -> dict[str, Any]:
    made_s = make_run(folder, rows)
    started_s = time.perf_counter()
    page = write_report([folder])
    write_s = time.perf_counter() - started_s
    return {
        "rows": rows,
        "results_mb": megabytes(folder / RESULTS),
        "summary_s": round(made_s, 1),
        "write_s": round(write_s, 1),
        "page_mb": megabytes(page),
        "peak_memory_mb": peak_memory_mb(),
        "page": in_browser(page, chromium),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
    }


def megabytes(path: Path) -> float:
    return round(path.stat().st_size / 1e6, 1)


def peak_memory_mb() -> int | None:
    """Of this process; None where the system does not tell."""
    if sys.platform == "win32":
        return None
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def in_browser(page: Path, chromium: str) -> dict[str, Any] | None:
    """Times of the page in Chromium; None where there is none."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return None
    if not Path(chromium).is_file():
        return None
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=CHROMIUM)
        tab = browser.new_page(viewport={"width": 1280, "height": 900})
        tab.set_default_timeout(120_000)
        started_s = time.perf_counter()
        tab.goto(page.resolve().as_uri())
        tab.wait_for_selector("#rows tbody tr")
        ready_s = time.perf_counter() - started_s
        tab.evaluate(WATCH)
        times = {name: median_ms(tab, actions) for name, actions in ACTIONS.items()}
        longest_ms = tab.evaluate("window.longest")
        version = browser.version
        browser.close()
    return {
        "ready_s": round(ready_s, 2),
        "answer_ms": times,
        "longest_task_ms": round(longest_ms),
        "chromium": version,
    }


WATCH = """() => {
  window.longest = 0;
  new PerformanceObserver((list) => {
    for (const one of list.getEntries()) window.longest = Math.max(window.longest, one.duration);
  }).observe({ type: "longtask" });
  window.timed = (act) => new Promise((resolve) => {
    const started = performance.now();
    new MutationObserver((_, observer) => {
      observer.disconnect();
      requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - started)));
    }).observe(document.querySelector("#rows tbody"), { childList: true, subtree: true });
    act();
  });
  window.type = (text) => {
    const box = document.getElementById("text");
    box.value = text;
    box.dispatchEvent(new Event("input"));
  };
  window.press = (place) => document.querySelector(place).click();
}"""
ACTIONS = {
    "filter": ["type('lun')", "type('lunka')", "type('')"],
    "cause": [
        "press('#causes button:nth-child(2)')",
        "press('#causes button:nth-child(4)')",
        "press('#causes button:nth-child(1)')",
    ],
    "sort": ["press('[data-sort=tokens]')", "press('[data-sort=score]')"] * 2,
    "turn": ["press('#next')", "press('#last')", "press('#first')"],
    "open": [f"press('#rows tbody tr:nth-child({n}) .open')" for n in (1, 4, 9)],
}
"""What is done three times or so, as calls of what `WATCH` defines."""


def median_ms(tab: Any, actions: list[str]) -> int:
    times: list[float] = [
        tab.evaluate(f"window.timed(() => window.{action})") for action in actions
    ]
    return round(statistics.median(times))


if __name__ == "__main__":
    main()

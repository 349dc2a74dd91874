"""Draw a recorded run as it looks in a terminal: the README's picture.

ragreason run GRAPH QUESTION --index DIR
python tools/draw_run.py [--run ID] [--out docs/images/run.svg]
"""

import argparse
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.text import Text

from ragreason import traces
from ragreason.cli.show import WIDTH, answer_lines, event_lines
from ragreason.settings import load_settings

STYLES = {
    "$": "bold",
    "search": "cyan",
    "think": "yellow",
    "verdict": "magenta",
    "forced": "red",
    "answer": "bold green",
    "cost": "dim",
}

PAGE = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">
<style>
text {{ font: {char_height}px ui-monospace, Menlo, Consolas, monospace; white-space: pre; }}
{styles}
</style>
<defs>{lines}</defs>
<rect width="100%" height="100%" rx="10" fill="#16181d"/>
<g transform="translate(14, 14)">{backgrounds}<g class="{unique_id}-matrix">{matrix}</g></g>
</svg>
"""


def drawn(run_id: str) -> str:
    """The run as an SVG."""
    head, events = traces.load(load_settings().resolved_home() / "traces", run_id)
    command = f'$ ragreason run {head.graph} "{head.question.text}"'
    lines = [command, *(line for event in events for line in event_lines(event))]
    console = Console(record=True, width=WIDTH + 2, file=StringIO())
    for line in [*lines, *answer_lines(head.answer)]:
        word = line.split(" ", 1)[0]
        console.print(Text(line, style=STYLES.get(word, "")))
    return console.export_svg(code_format=PAGE, unique_id="run")


def main() -> None:
    """Write the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", default="last")
    parser.add_argument("--out", type=Path, default=Path("docs/images/run.svg"))
    options = parser.parse_args()
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(drawn(options.run), encoding="utf-8")


if __name__ == "__main__":
    main()

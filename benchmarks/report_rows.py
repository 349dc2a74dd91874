"""A made-up run folder of any size for `report.py`: texts as long as HotpotQA's, every cause."""

import hashlib
import json
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ragreason.evaluation.passages import PASSAGES
from ragreason.evaluation.store import RESULTS, SUMMARY
from ragreason.evaluation.summary import summarise

PASSAGE_COUNT = 20_000
SYLLABLES = "ka lo mi ra te su vo ne da ri pel gar tin mos har lun bre fen".split()


def make_run(folder: Path, count: int) -> float:
    """Write a run folder; gives the seconds that its summary took."""
    folder.mkdir(parents=True, exist_ok=True)
    draw = random.Random(1)
    passages = [passage(draw) for _ in range(min(PASSAGE_COUNT, 10 * count))]
    with (folder / PASSAGES).open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(p) + "\n" for p in passages)
    rows = []
    with (folder / RESULTS).open("w", encoding="utf-8") as file:
        for row in make_rows(count, passages, draw):
            file.write(json.dumps(row) + "\n")
            rows.append({**row, "trace": []})
    identity = {
        "graph": "made_up",
        "graph_hash": "0" * 16,
        "dataset": "made_up",
        "data_hash": "0" * 16,
        "key": "0" * 16,
        "offset": 0,
    }
    started_s = time.perf_counter()
    summary = summarise(rows, identity, [0])
    took_s = time.perf_counter() - started_s
    (folder / SUMMARY).write_text(json.dumps(summary), encoding="utf-8")
    return took_s


def name(draw: random.Random) -> str:
    words = ("".join(draw.choices(SYLLABLES, k=draw.randint(2, 3))) for _ in range(2))
    return " ".join(word.capitalize() for word in words)


def words(draw: random.Random, count: int) -> str:
    return " ".join("".join(draw.choices(SYLLABLES, k=2)) for _ in range(count))


def passage(draw: random.Random) -> dict[str, str]:
    title, text = name(draw), words(draw, 80)
    return {"id": hashlib.sha256(text.encode()).hexdigest()[:16], "title": title, "text": text}


def make_rows(
    count: int, passages: list[dict[str, str]], draw: random.Random
) -> Iterator[dict[str, Any]]:
    for position in range(count):
        yield make_row(position, draw.sample(passages, 10), draw)


def make_row(position: int, some: list[dict[str, str]], draw: random.Random) -> dict[str, Any]:
    ids = [p["id"] for p in some]
    gold, needed, kind = name(draw), ids[:2], draw.randrange(9)
    row: dict[str, Any] = {
        "position": position,
        "seed": 0,
        "id": f"{draw.getrandbits(96):024x}",
        "question": f"{words(draw, 14).capitalize()} {name(draw)}?",
        "gold": [gold],
        "support_ids": needed,
        "answerable": True,
        "intermediates": [],
        "type": draw.choice(("bridge", "comparison")),
        "hops": draw.choice((2, 3, 4)),
        "answer": name(draw),
        "cited": f"{words(draw, 12)} [1][2]",
        "retrieved": ids,
        "in_prompt": ids,
        "confidence": round(draw.random(), 4),
        "scores": {"recall@5": 1.0},
        "citations": [citation(number, p) for number, p in enumerate(some[:2], 1)],
        "usage": {
            "prompt_tokens": draw.randint(400, 9_000),
            "completion_tokens": 120,
            "verifier_tokens": 0,
            "calls": 4,
            "retrievals": 3,
            "cached_tokens": None,
        },
        "status": "ok",
        "forced_by": "",
        "abstained": False,
        "error": "",
        "latency_s": round(draw.uniform(1, 60), 3),
        "first_token_s": None,
        "trace": [step(some[at : at + 5], draw) for at in (0, 2, 5)],
        "session": "1",
        "session_s": float(position),
    }
    return scored(failing(row, kind, some, gold))


def citation(number: int, p: dict[str, str]) -> dict[str, Any]:
    return {"number": number, "passage_id": p["id"], "title": p["title"], "quote": p["text"][:80]}


def step(some: list[dict[str, str]], draw: random.Random) -> dict[str, Any]:
    return {
        "kind": "search",
        "node": "solve",
        "query": words(draw, 8),
        "text": words(draw, 30),
        "titles": [p["title"] for p in some],
        "ids": [p["id"] for p in some],
        "scores": [round(draw.random(), 4) for _ in some],
    }


def failing(
    row: dict[str, Any], kind: int, some: list[dict[str, str]], gold: str
) -> dict[str, Any]:
    """A third right; the others by one cause each."""
    changes: dict[int, dict[str, Any]] = {
        3: {"status": "error", "error": "EngineDiedError: gone", "answer": None},
        4: {"abstained": True, "answer": ""},
        5: {"answer": f"{gold} of {some[0]['title']}"},
        6: {"status": "forced", "forced_by": "steps of the search"},
        7: {"retrieved": row["retrieved"][1:]},
        8: {"answer": some[1]["title"]},
    }
    return row | ({"answer": gold} if kind < 3 else changes[kind])


def scored(row: dict[str, Any]) -> dict[str, Any]:
    right = None if row["status"] == "error" else float(row["answer"] == row["gold"][0])
    found = len({*row["support_ids"]} & {*row["retrieved"]}) / 2
    return row | {
        **dict.fromkeys(("em", "f1", "precision", "recall"), right),
        "support_recall": None if right is None else found,
        "support_all": None if right is None else float(found == 1),
    }

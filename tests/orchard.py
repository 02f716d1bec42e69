"""A topic with everything in it: a hub, a roadmap, experiments in many states, and titles that try to break pages."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from runner.rendering import blocks
from runner.rendering.desk import lay
from runner.verdicts.knowledge import gather
from tests import toy_results
from tests.knowledge import base
from tests.toy_results import data

HOSTILE = "a | b <script>alert(1)</script> **c** [d](javascript:e) `f` <!-- /logg -->"

HUB = """---
kind: hub
id: TEA-hub
title: What we know about tea
date: 2026-02-01
protocol: tiny@1
noise: 1
cites: {one: TEA-1, two: TEA-2, four: TEA-4}
define:
  gain: one.strong.r2 - one.weak.r2
claims:
  K1: gain > 0
  K2: one.weak.r2 > 0.99
  K3: human
  P1: K1
  Q1.1: K1
  Q1.2: tea:MVP-3
  X1:
    gain > 0.9: drink it
    else: pour it away
signed:
  K1: fails 12345678 2026-01-01
  K3: decided 12345678 2026-01-02 hot water
---

# What we know about tea

| # | What we hold | Evidence | Verdict |
| :-- | :-- | :-- | :-- |
| K1 | It helps | [+?.???][gain] | [?][K1] |
| K4 | It tastes | | opinion |

- **Q1** Does it help? [?][Q1]
- **K3** With what? [?][K3]

Ours: [?.??][one.strong.r2], again [?.??][one.strong.r2], [?.??, ?.??][ci(gain)], [?.??][two.small(200).r2],
later [?.??][four.ridge.r2], best [?.??][published(one.strong.r2)].
"""

ROADMAP = """---
kind: roadmap
id: TEA-roadmap
title: What to brew next
date: 2026-02-01
cites: {one: TEA-1, four: TEA-4}
phases:
  1: [MVP-1, MVP-2]
  2: [MVP-3, MVP-4, MVP-5]
now: 2
priority: {P0: [MVP-3], P1: [MVP-2]}
gates:
  Gate-1:
    one.strong.r2 >= 0.5: {do: pour, opens: [MVP-3]}
    else: {do: stop, closes: [MVP-3]}
  Gate-2:
    after: Gate-1.1
    sure: 0.9
    one.weak.r2 < 0.6: {do: change the leaves, closes: [MVP-5]}
    one.weak.r2 < 0.8: keep them
    else: human
  Gate-3:
    after: Gate-1.else
    four.ridge.r2 > 0: {do: rest, opens: [MVP-4]}
    else: stop
---

# What to brew next
"""

EXPERIMENT = """---
kind: exp
id: TEA-1
title: One cup
date: 2026-01-02
mvp: MVP-1
protocol: tiny@1
noise: 1
train: 200
jobs:
  weak:   {job: ridge, alpha: 1e4}
  strong: {job: ridge, alpha: val}
expect:
  H1: strong.r2 > weak.r2
published:
  - {source: "an old book", population: 500 cups, facts: {strong: {r2: 0.91}}}
---

# One cup
"""

SWEPT = """---
kind: exp
id: TEA-2
title: Two cups
date: 2026-01-20
mvp: MVP-2
protocol: tiny@1
noise: 1
sweep: {train: [100, 200]}
jobs:
  small: {job: ridge, alpha: 0.5}
expect:
  H1: small(200).r2 < small(100).r2
---

# Two cups
"""

QUIET = """---
kind: exp
id: TEA-3
title: Without noise
date: 2025-06-01
protocol: tiny@1
noise: 0
train: 200
jobs:
  ridge: {job: ridge, alpha: 1}
---

# Without noise
"""

TO_RUN = f"""---
kind: exp
id: TEA-4
title: '{HOSTILE}'
date: 2026-01-21
mvp: MVP-3
protocol: tiny@1
noise: 1
train: 200
jobs:
  ridge: {{job: ridge, alpha: 2}}
---

# To run
"""

RETIRED = """---
kind: exp
id: TEA-5
title: The bag
date: 2025-12-01
protocol: tiny@1
noise: 1
train: 200
jobs:
  ridge: {job: ridge, alpha: 3}
retired: {by: TEA-1, why: a torn bag}
---

# The bag
"""

CHINESE = """---
kind: hub
id: CHA-hub
title: 茶
lang: zh
date: 2026-02-02
protocol: tiny@1
noise: 1
cites: {one: TEA-1}
claims:
  K1: one.strong.r2 > 0.5
---

# 茶

[?][tea:K1]
"""

RESULTS = {
    "TEA-1": {"weak": 0.5, "strong": 0.9},
    "TEA-2": {"small(train=100)": 0.6, "small(train=200)": 0.7},
    "TEA-3": {"ridge": 0.95},
    "TEA-5": {"ridge": 0.99},
}
TEXTS = {
    "tea/tea-hub": HUB,
    "tea/tea-roadmap": ROADMAP,
    "tea/exp/one": EXPERIMENT,
    "tea/exp/two": SWEPT,
    "tea/exp/three": QUIET,
    "tea/exp/four": TO_RUN,
    "tea/exp/five": RETIRED,
    "cha/cha-hub": CHINESE,
}


@cache
def filed() -> dict[str, bytes]:
    """Return the files of the base with its results, made once."""
    with tempfile.TemporaryDirectory() as folder:
        root = planted(Path(folder))
        toy_results.file(root, RESULTS)
        return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def planted(folder: Path) -> Path:
    """Write the base before anything ran."""
    base(folder, index="# All\n", **{name.replace("/", "__"): text for name, text in TEXTS.items()})
    (folder / "logg" / "tiny.npz").write_bytes(data())
    return folder


def orchard(folder: Path) -> Path:
    """Write the base with the results of four of its experiments."""
    for name, content in filed().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def block(root: Path, document: str, kind: str, /, **arguments: Any) -> str:
    """Return the body of a block as a document named by id or path would hold it, its blanks made plain."""
    knowledge = gather(root)
    body = blocks.fill(kind, arguments, lay(knowledge.library.named(document), knowledge))
    return body.replace("\u00a0", " ").replace("\u202f", " ").replace("&#64;", "@")


def rows(body: str) -> list[list[str]]:
    """Return the cells of every row below the head of the tables in a body."""
    lines = [line.strip("|").split("|") for line in body.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line] for line in lines]
    rules = [number for number, line in enumerate(cells) if all(set(cell) <= set(":-") for cell in line)]
    heads = {number - 1 for number in rules}
    return [line for number, line in enumerate(cells) if number not in heads | set(rules)]

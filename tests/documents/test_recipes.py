"""The recipes of the guide: every one of them is a front matter that can be run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from runner.verdicts.knowledge import gather

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "logg" / "guide" / "models.md"
PROTOCOL = ROOT / "logg" / "protocols" / "pfs-1k.md"
HEAD = "kind: exp\nid: TOY-1\ntitle: Recipe\ndate: 2026-01-02\nprotocol: pfs-1k@1\nnoise: 0.2\ntrain: 1k\n"
RECIPES = re.findall(r"```yaml\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("recipe", RECIPES, ids=["linear", "mixtures", "trees", "vit", "denoisers", "ceilings"])
def test_a_recipe_reads_without_findings(recipe: str, tmp_path: Path) -> None:
    """Jobs, parameters, partitions and definitions are all known."""
    if "residual_on: ridge" in recipe:
        recipe += "  ridge: {job: ridge}\n  cleaned: {job: denoiser}\n"
    (tmp_path / "logg" / "protocols").mkdir(parents=True)
    (tmp_path / "logg" / "toy").mkdir()
    (tmp_path / "logg" / "protocols" / "pfs-1k.md").write_bytes(PROTOCOL.read_bytes())
    (tmp_path / "logg" / "toy" / "recipe.md").write_text(f"---\n{HEAD}{recipe}---\n\n# Recipe\n", encoding="utf-8")

    document = gather(tmp_path).library.named("TOY-1")

    assert document.findings == ()
    assert document.experiment is not None
    assert len(document.experiment.jobs) > 2

"""What a page says about the settings and jobs of an experiment."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner import workflow
from runner.rendering import configuration
from runner.rendering.configuration import called, settings, written
from runner.rendering.desk import lay
from runner.rendering.page import render_page
from runner.verdicts.knowledge import gather
from tests.swept import EXPERIMENT, file, swept


def test_settings_name_every_value_of_the_sweep(tmp_path: Path) -> None:
    """Axes of the protocol come first, then training rows and seeds, values as people say them."""
    knowledge = gather(swept(tmp_path))
    document = knowledge.library.named("TOY-S")
    protocol = knowledge.library.protocol(document)
    assert document.experiment is not None
    assert protocol is not None

    found = [(setting.name, setting.values) for setting in settings(document.experiment, protocol)]

    assert found == [("noise", ("1",)), ("train", ("50k", "1M")), ("seed", ("1", "2", "3"))]


def test_jobs_are_shown_as_they_ran(tmp_path: Path) -> None:
    """Before the first run a job is declared; after it, with the number of its runs."""
    root = swept(tmp_path)
    before = gather(root)
    declared = configuration.configured(lay(before.library.named("TOY-S"), before))
    after = file(root)
    ran = configuration.configured(lay(after.library.named("TOY-S"), after))

    assert [(job.name, job.ran) for job in declared] == [("net", False), ("line", False), ("edge", False)]
    assert [(job.name, job.runs, job.ran) for job in ran] == [("net", 6, True), ("line", 2, True), ("edge", 1, True)]


def test_runs_are_called_as_people_would() -> None:
    """A point is spoken; a job without one is its name."""
    assert called("vit(seed=1, train=50000)") == "vit · seed 1 · train 50k"
    assert called("ridge") == "ridge"
    assert called("vit(model=p16)") == "vit · model p16"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (10000.0, "10k"),
        (True, "true"),
        (None, "none"),
        ("val", "val"),
        ((1.0, 2.0, 3.0, 4.0, 5.0), "[1, 2, …, 5]"),
        ([1, 2], "[1, 2]"),
        ({"kind": "mlp", "hidden": 64}, "{kind: mlp, hidden: 64}"),
        ({"job": "ridge", "version": 1, "params": {"alpha": 3.0}}, "{job: ridge, alpha: 3}"),
    ],
)
def test_parameters_are_written_as_a_front_matter_does(value: object, text: str) -> None:
    """Long lists show their ends, a nested job its name and parameters."""
    assert written(value) == text


def test_the_best_is_that_of_its_own_rows(tmp_path: Path) -> None:
    """In a sweep over noise every level has a best of its own: they stand on other rows."""
    noisy = EXPERIMENT.replace("noise: 1\n", "").replace("train: [50k, 1M]", "noise: [0, 1]").replace(
        "sweep:", "train: 50k\nsweep:"
    ).replace("  step: net(1M).r2 - net(50k).r2\n", "")  # fmt: skip
    page = f"{noisy}\n# A toy\n\n<!-- logg: results -->\n"
    knowledge = file(swept(tmp_path, page))
    rendered = render_page(knowledge.library.named("TOY-S"), knowledge).text
    rows = [line.split(" | ") for line in rendered.split("\n") if line.startswith("| ") and "noise" in line]

    bold = {level: [row[1] for row in rows if f"noise {level}" in row[0] and "**" in row[1]] for level in ("0", "1")}
    assert {level: len(values) for level, values in bold.items()} == {"0": 1, "1": 1}


def test_a_parameter_inside_another_is_swept_of_what_was_made_elsewhere_too(tmp_path: Path) -> None:
    """Nobody knows with which parameters that was made; those of the other jobs are shown."""
    text = EXPERIMENT.partition("define:")[0].replace("seed: [1, 2, 3]", "net.experts.alpha: [1, 2]") + "---\n"
    root = swept(tmp_path, text.replace("{job: mix}", "{job: mix, experts: {job: line, scale: false}}"))
    (root / "facts.csv").write_text('address,value,low,high,n,population\n"net(train=50k, alpha=1).r2",0.5,,,80,same\n')

    report = workflow.record(root, "TOY-S", root / "facts.csv")

    assert [str(finding) for finding in report.findings] == []
    known = gather(root)
    found = configuration.configured(lay(known.library.named("TOY-S"), known))
    assert [(job.name, job.parameters) for job in found] == [("net", ()), ("line", ()), ("edge", (("label", "age"),))]

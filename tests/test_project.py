"""The repository keeps its own rules: what is committed, what is shipped, what the documents promise."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
import yaml

import runner
from tests import fresh

ROOT = Path(__file__).resolve().parent.parent
PLUGINS = {"jobs", "data", "figures", "numerics"}
DOMAIN_WORDS = re.compile(r"(?<![A-Za-z])(spectrum|spectra|flux|log g|dex|snr|teff)(?![A-Za-z])", re.IGNORECASE)
PERSONAL_PATH = re.compile(r"(?<![\w.~-])/(?:home|root|Users|work)/[\w.]")
PINNED = re.compile(r"uses: [\w./-]+@[0-9a-f]{40}  # v\d+\.\d+\.\d+$")


def read(path: str) -> str:
    """Return a file of the repository as text."""
    return (ROOT / path).read_text(encoding="utf-8")


def texts(paths: list[Path]) -> dict[Path, str]:
    """Return the files among `paths` that are text, with their content."""
    content = {}
    for path in paths:
        try:
            content[path] = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
    return content


@pytest.fixture(scope="module")
def committed() -> list[Path]:
    """Return what git tracks, or would track with the next `git add`."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if answer.returncode:
        pytest.skip(f"not a git checkout: {answer.stderr.strip()}")
    paths = {ROOT / name for name in answer.stdout.split("\0") if name}
    return sorted(path for path in paths if path.is_file())


def test_the_repository_stays_small(committed: list[Path]) -> None:
    """All tracked files together stay under 30 MB, and none exceeds 3 MB."""
    sizes = {path: path.stat().st_size for path in committed}

    assert sum(sizes.values()) < 30e6
    assert [path for path, size in sizes.items() if size > 3e6] == []


def test_no_file_names_a_path_on_somebodys_machine(committed: list[Path]) -> None:
    """Tracked text holds no absolute path into a home or work folder."""
    found = {path: match[0] for path, text in texts(committed).items() if (match := PERSONAL_PATH.search(text))}

    assert found == {}


def test_the_engine_does_not_know_the_domain() -> None:
    """Outside the plug-ins no module holds a word of any one field of science."""
    engine = [p for p in (ROOT / "runner").rglob("*.py") if p.relative_to(ROOT / "runner").parts[0] not in PLUGINS]
    found = {path: match[0] for path, text in texts(engine).items() if (match := DOMAIN_WORDS.search(text))}

    assert engine
    assert found == {}


def test_the_version_is_the_newest_in_the_changelog() -> None:
    """The package version equals the first numbered heading of CHANGELOG.md."""
    headings = re.findall(r"^## \[?(\d+\.\d+\.\d+)", read("CHANGELOG.md"), re.MULTILINE)

    assert runner.__version__ == headings[0]


def test_two_commands_set_everything_up() -> None:
    """The README's first code block is `make demo` and `make test`, as `make fresh` will run them."""
    assert fresh.set_up_commands(read("README.md")) == ["make demo", "make test"]


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_every_make_target_a_document_names_exists(document: str) -> None:
    """What people are told to type with make is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z]+):", read("Makefile"), re.MULTILINE))
    code = re.findall(r"`([^`\n]+)`|^(make .*)$", read(document), re.MULTILINE)
    named = {name for span in code for name in re.findall(r"^make ([a-z]+)", span[0] or span[1])}

    assert named
    assert named <= targets


def test_make_help_lists_every_target() -> None:
    """Each public target carries the line that `make help` prints."""
    makefile = read("Makefile")
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)

    assert phony
    assert set(phony[1].split()) == set(re.findall(r"^([a-z]+):.*## \S", makefile, re.MULTILINE))


def test_the_site_is_not_built_into_the_theme() -> None:
    """MkDocs empties its output folder, so that is never site/."""
    config = read("mkdocs.yml")

    assert re.search(r"^site_dir: build/site\b", config, re.MULTILINE)
    assert re.search(r"^docs_dir: logg$", config, re.MULTILINE)


def test_the_theme_gets_a_title_as_text_and_nothing_else() -> None:
    """Front matter cannot inject markup or choose a template."""
    page = SimpleNamespace(meta={"title": "a < b <script>", "template": "other.html"})
    text = load("site/hooks.py").on_page_markdown("body", page=page, config=None, files=None)

    assert text == "body"
    assert page.meta == {"title": "a &lt; b &lt;script&gt;"}


@pytest.mark.parametrize("workflow", sorted((ROOT / ".github/workflows").glob("*.yml")), ids=lambda path: path.name)
def test_workflows_start_without_permissions_and_with_pinned_actions(workflow: Path) -> None:
    """Every workflow grants nothing at the top, and names each action by commit and release."""
    text = workflow.read_text(encoding="utf-8")
    actions = [line.strip() for line in text.splitlines() if "uses:" in line]

    assert yaml.safe_load(text)["permissions"] == {}
    assert [line for line in actions if not PINNED.search(line)] == []


def test_pull_requests_are_checked_as_data() -> None:
    """The job for strangers installs the base commit only and runs isolated from the proposed tree."""
    job = yaml.safe_load(read(".github/workflows/check.yml"))["jobs"]["documents"]
    commands = [step["run"] for step in job["steps"] if "run" in step]

    assert job["permissions"] == {"contents": "read"}
    assert commands == [
        "python -m pip install ./base",
        "python -I -m runner check --root pr --format github",
    ]


def test_the_wheel_carries_the_templates(tmp_path: Path) -> None:
    """What pip installs holds every template beside the code that reads it."""
    build = "import sys; from hatchling.build import build_wheel; build_wheel(sys.argv[1])"
    subprocess.run([sys.executable, "-c", build, str(tmp_path)], cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("logg-*.whl")
    shipped = set(zipfile.ZipFile(wheel).namelist())
    templates = {f"runner/{path.relative_to(ROOT)}" for path in (ROOT / "templates").rglob("*") if path.is_file()}

    assert templates
    assert templates <= shipped
    assert "runner/cli.py" in shipped


def load(path: str) -> ModuleType:
    """Import a file that belongs to no package."""
    spec = importlib.util.spec_from_file_location(Path(path).stem, ROOT / path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module

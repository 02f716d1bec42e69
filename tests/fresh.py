"""Prove the README: run its set-up commands in a new clone, with a new HOME and a bare environment."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FIRST_BLOCK = re.compile(r"^```[a-z]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)

# What a machine needs to reach a package index; nothing else crosses into the bare environment.
INDEX_PREFIXES = ("PIP_", "UV_")
INDEX_NAMES = {"PATH", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"}


def set_up_commands(readme: str) -> list[str]:
    """Return the commands of the first code block, comments and blank lines left out."""
    block = FIRST_BLOCK.search(readme)
    lines = block.group(1).splitlines() if block else []
    return [line.strip() for line in lines if line.strip() and not line.strip().startswith("#")]


def pip_settings_file() -> Path | None:
    """Return the user's own pip settings, which a new HOME would hide."""
    home = Path.home()
    config = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    candidates = (
        config / "pip/pip.conf",
        home / ".pip/pip.conf",
        home / "Library/Application Support/pip/pip.conf",
    )
    return next((path for path in candidates if path.is_file()), None)


def bare_environment(home: Path) -> dict[str, str]:
    """Return PATH, a new HOME, and only the settings that lead to a package index."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in INDEX_NAMES or name.startswith(INDEX_PREFIXES) or name.lower().endswith("_proxy")
    }
    settings = pip_settings_file()
    if settings and "PIP_CONFIG_FILE" not in kept:
        kept["PIP_CONFIG_FILE"] = str(settings)
    return {**kept, "HOME": str(home), "LANG": "C.UTF-8"}


def run(command: str, folder: Path, environment: dict[str, str]) -> None:
    """Print and run one shell command; end the whole run with its status when it fails."""
    print(f"fresh: $ {command}", flush=True)
    shell = ["/bin/sh", "-c", command]
    status = subprocess.run(shell, cwd=folder, env=environment, stdin=subprocess.DEVNULL, check=False).returncode
    if status:
        sys.exit(f"fresh: `{command}` failed with status {status}")


def main() -> None:
    """Clone HEAD into a scratch folder and follow the README there."""
    commands = set_up_commands((ROOT / "README.md").read_text(encoding="utf-8"))
    if not commands:
        sys.exit("fresh: README.md has no code block to follow")
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="logg-fresh-") as scratch:
        clone, home = Path(scratch) / "logg", Path(scratch) / "home"
        home.mkdir()
        run(f"git clone --quiet --no-hardlinks '{ROOT}' '{clone}'", ROOT, dict(os.environ))
        for command in commands:
            run(command, clone, bare_environment(home))
    print(f"fresh: {len(commands)} commands passed in {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()

"""`make lock`: resolve pyproject.toml anew into the three locks that pip installs by their hashes.

One resolution for all supported Pythons and systems, which pip alone cannot make, so uv does it, in an environment
that is thrown away. Its own uv.lock names the addresses of a registry: it is not kept.
"""

from __future__ import annotations

import subprocess
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = {
    "requirements.lock": ["--no-default-groups"],
    "requirements-dev.lock": ["--group", "dev"],
    "requirements-services.lock": ["--only-group", "services"],
}
HEADER = "# Made by 'make lock' from pyproject.toml. Do not edit.\n"
EXPORT = ["export", "--quiet", "--frozen", "--no-emit-project", "--no-header", "--no-annotate", "--output-file"]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        subprocess.run([f"{folder}/bin/python", "-m", "pip", "install", "--quiet", "uv"], check=True)
        uv = f"{folder}/bin/uv"
        subprocess.run([uv, "lock", "--upgrade"], cwd=ROOT, check=True)
        for lock, groups in LOCKS.items():
            subprocess.run([uv, *EXPORT, lock, *groups], cwd=ROOT, check=True)
            (ROOT / lock).write_text(HEADER + (ROOT / lock).read_text())
            print(lock)
    (ROOT / "uv.lock").unlink()


if __name__ == "__main__":
    main()

"""Fetch the libraries of the browser side into static/vendor/, the font of the watermark, and draw static/icons.svg.

    python scripts/vendor.py            fetch everything anew (needs npm's client, no node project)
    python scripts/vendor.py --check    compare what is committed with static/vendor/SHA256SUMS, offline

Versions stand here and nowhere else in words: a folder is named after its version, so a template that forgets
to follow an upgrade fails loudly in the manifest instead of serving an old file. Only what is used is kept;
Tabler's script is not (menus are <details>, dialogs are <dialog>). References to source maps are cut off: the
hashing static storage would look for files that are not there.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

STATIC = Path(__file__).resolve().parent.parent / "static"
VENDOR = STATIC / "vendor"
SUMS = VENDOR / "SHA256SUMS"
FONTS = STATIC.parent / "channelportal" / "core" / "fonts"  # drawn with on the server, served to nobody

MIT_OF_TABLER = """The MIT License (MIT)

Copyright (c) 2018-2026 The Tabler Authors
Copyright (c) 2018-2026 codecalm.net Paweł Kuna

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in
all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN
THE SOFTWARE.
"""


@dataclass(frozen=True)
class Package:
    """One package: its name in the registry, its exact version, which files are kept and under what name."""

    name: str
    version: str
    folder: str
    files: dict[str, str]
    licence: str = ""  # only for a package that ships none
    under: Path = VENDOR

    @property
    def home(self) -> Path:
        return self.under / f"{self.folder}-{self.version}"


PACKAGES = [
    Package(
        "@tabler/core",
        "1.6.1",
        "tabler",
        {"dist/css/tabler.min.css": "tabler.min.css"},
        MIT_OF_TABLER,
    ),
    Package("htmx.org", "2.0.10", "htmx", {"dist/htmx.min.js": "htmx.min.js", "LICENSE": "LICENSE"}),
    Package(
        "echarts",
        "6.1.0",
        "echarts",
        {"dist/echarts.common.min.js": "echarts.common.min.js", "LICENSE": "LICENSE", "NOTICE": "NOTICE"},
    ),
]
FONT = Package(
    "@fontsource/noto-sans-sc",
    "5.3.0",
    "noto-sans-sc",
    {"files/noto-sans-sc-chinese-simplified-400-normal.woff2": "noto-sans-sc.woff2", "LICENSE": "LICENSE"},
    under=FONTS,
)
ICONS = Package("@tabler/icons", "3.51.0", "tabler-icons", {"LICENSE": "LICENSE"})

# Our name -> Tabler's. Most are named by what they mean here; the commonest also by Tabler's own name.
ICON_NAMES = {
    "account": "user-circle",
    "agreement": "file-certificate",
    "alert": "alert-triangle",
    "alert-triangle": "alert-triangle",
    "archive": "archive",
    "arrow-back-up": "arrow-back-up",
    "arrow-down": "arrow-down",
    "arrow-left": "arrow-left",
    "arrow-merge": "arrow-merge",
    "arrow-right": "arrow-right",
    "arrow-up": "arrow-up",
    "audit": "shield-check",
    "bell": "bell",
    "bell-ring": "bell-ringing",
    "bold": "bold",
    "building": "building",
    "building-store": "building-store",
    "calendar": "calendar-event",
    "calendar-cog": "calendar-cog",
    "calendar-event": "calendar-event",
    "chart": "chart-bar",
    "chart-bar": "chart-bar",
    "chart-line": "chart-line",
    "check": "check",
    "checks": "checks",
    "chevron-down": "chevron-down",
    "chevron-left": "chevron-left",
    "chevron-right": "chevron-right",
    "chevron-up": "chevron-up",
    "circle-dashed": "circle-dashed",
    "circle-plus": "circle-plus",
    "clear-formatting": "clear-formatting",
    "clock": "clock",
    "clock-exclamation": "clock-exclamation",
    "clock-late": "clock-exclamation",
    "clock-pause": "clock-pause",
    "columns": "columns",
    "copy": "copy",
    "dashboard": "layout-dashboard",
    "device": "device-laptop",
    "divider": "separator",
    "doctor": "stethoscope",
    "dots": "dots",
    "download": "download",
    "edit": "edit",
    "escalate": "stairs-up",
    "external": "external-link",
    "eye": "eye",
    "eye-off": "eye-off",
    "file": "file-text",
    "file-sheet": "file-spreadsheet",
    "file-text": "file-text",
    "file-zip": "file-zip",
    "filter": "filter",
    "flag": "flag",
    "gauge": "gauge",
    "hand": "hand-stop",
    "hand-stop": "hand-stop",
    "help": "help-circle",
    "history": "history",
    "home": "home",
    "id": "id-badge-2",
    "id-badge": "id-badge",
    "id-badge-2": "id-badge-2",
    "inbox": "inbox",
    "indent": "indent-increase",
    "info": "info-circle",
    "info-circle": "info-circle",
    "italic": "italic",
    "key": "key",
    "ladder": "stairs",
    "language": "language",
    "layout-dashboard": "layout-dashboard",
    "link": "link",
    "list": "list-check",
    "list-bullets": "list",
    "list-check": "list-check",
    "list-numbers": "list-numbers",
    "lock": "lock",
    "lock-open": "lock-open",
    "logout": "logout",
    "loop": "circle-dashed",
    "mail": "mail",
    "mail-off": "mail-off",
    "map-pin": "map-pin",
    "meeting": "users-group",
    "menu": "menu-2",
    "merge": "arrow-merge",
    "message": "message",
    "message-question": "message-question",
    "message-reply": "message-reply",
    "messages": "messages",
    "minus": "minus",
    "moon": "moon",
    "note": "note",
    "notice": "speakerphone",
    "outdent": "indent-decrease",
    "paperclip": "paperclip",
    "pause": "player-pause",
    "pencil": "pencil",
    "phone": "phone",
    "photo": "photo",
    "play": "player-play",
    "plus": "plus",
    "plus-circle": "circle-plus",
    "printer": "printer",
    "question": "message-question",
    "quote": "blockquote",
    "redo": "arrow-forward-up",
    "refresh": "refresh",
    "reopen": "arrow-back-up",
    "reply": "message-reply",
    "robot": "robot",
    "route": "route",
    "rule": "book-2",
    "search": "search",
    "send": "send",
    "settings": "settings",
    "shield": "shield-lock",
    "shield-check": "shield-check",
    "sitemap": "sitemap",
    "sort": "arrows-sort",
    "sort-down": "sort-descending",
    "sort-up": "sort-ascending",
    "speakerphone": "speakerphone",
    "stairs": "stairs",
    "stairs-up": "stairs-up",
    "star": "star",
    "stethoscope": "stethoscope",
    "store": "building-store",
    "strike": "strikethrough",
    "sun": "sun",
    "table": "table",
    "take": "hand-grab",
    "theme": "brightness-half",
    "thumb-down": "thumb-down",
    "thumb-up": "thumb-up",
    "transfer": "transfer",
    "trash": "trash",
    "trophy": "trophy",
    "underline": "underline",
    "undo": "arrow-back-up",
    "unit": "building",
    "unlink": "unlink",
    "upload": "upload",
    "user": "user",
    "user-check": "user-check",
    "user-circle": "user-circle",
    "user-off": "user-off",
    "user-plus": "user-plus",
    "users": "users",
    "wait": "hourglass",
    "x": "x",
}

SOURCE_MAP = re.compile(rb"\n?(/\*# sourceMappingURL=.*?\*/|//# sourceMappingURL=\S+)\s*$")
INVISIBLE_FRAME = re.compile(r'<path stroke="none" d="M0 0h24v24H0z" fill="none"\s*/>')


def pack(package: Package, into: Path) -> tarfile.TarFile:
    """Let npm's client fetch one package; the registry is whatever this machine is set up with."""
    wanted = f"{package.name}@{package.version}"
    done = subprocess.run(
        ["npm", "pack", wanted, "--silent"],
        cwd=into,
        check=True,
        capture_output=True,
        text=True,
    )
    return tarfile.open(fileobj=io.BytesIO((into / done.stdout.split()[-1]).read_bytes()))


def read(archive: tarfile.TarFile, name: str) -> bytes:
    member = archive.extractfile(f"package/{name}")
    if member is None:
        raise SystemExit(f"{name} is not a file of the package")
    return member.read()


def keep(package: Package, archive: tarfile.TarFile) -> None:
    """Write the chosen files of one package under its versioned folder, and drop older versions of it."""
    home = package.home
    for old in package.under.glob(f"{package.folder}-[0-9]*"):
        for path in old.iterdir():
            path.unlink()
        old.rmdir()
    home.mkdir(parents=True)
    for source, target in package.files.items():
        (home / target).write_bytes(SOURCE_MAP.sub(b"\n", read(archive, source)))
    if package.licence:
        (home / "LICENSE").write_text(package.licence)


def draw_sprite(archive: tarfile.TarFile) -> str:
    """Our own sprite: one <symbol> for each name of ICON_NAMES, strokes inherited from the page."""
    symbols = []
    for ours, theirs in sorted(ICON_NAMES.items()):
        svg = read(archive, f"icons/outline/{theirs}.svg").decode()
        shapes = INVISIBLE_FRAME.sub("", re.sub(r"<!--.*?-->", "", svg, flags=re.DOTALL))
        shapes = shapes[shapes.index(">", shapes.index("<svg")) + 1 : shapes.rindex("</svg>")]
        shapes = re.sub(r"\s+", " ", shapes).strip()
        symbols.append(f'<symbol id="{ours}" viewBox="0 0 24 24">{shapes}</symbol>')
    head = f"<!-- Icons of @tabler/icons {ICONS.version}, MIT; see vendor/tabler-icons-{ICONS.version}/LICENSE -->"
    return f'<svg xmlns="http://www.w3.org/2000/svg">{head}\n' + "\n".join(symbols) + "\n</svg>\n"


def sums() -> str:
    """sha256 of every vendored file, in the format of sha256sum, by path from static/vendor."""
    files = sorted(path for path in VENDOR.rglob("*") if path.is_file() and path != SUMS)
    files += sorted(path for path in FONTS.rglob("*") if path.is_file())
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {os.path.relpath(path, VENDOR)}" for path in files]
    return "\n".join(lines) + "\n"


def fetch() -> None:
    with tempfile.TemporaryDirectory() as temp:
        for package in [*PACKAGES, FONT]:
            with pack(package, Path(temp)) as archive:
                keep(package, archive)
        with pack(ICONS, Path(temp)) as archive:
            keep(ICONS, archive)
            (STATIC / "icons.svg").write_text(draw_sprite(archive))
    SUMS.write_text(sums())


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="only compare with SHA256SUMS")
    if not parser.parse_args().check:
        fetch()
        return 0
    if sums() == SUMS.read_text():
        return 0
    print("static/vendor differs from SHA256SUMS; run scripts/vendor.py", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())

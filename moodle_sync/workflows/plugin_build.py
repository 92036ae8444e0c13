"""Packs the Moodle companion into the zip that an administrator installs.

The plugin's files ship inside this package (``moodle_sync/companion/local_moodlesync``); this module only packs them,
and must not read anything else nor reach any site. The same files always give the same bytes, so that a digest printed
here can be compared with one printed elsewhere.

File times are the date of ``$plugin->version``, never a constant: PHP's opcache tells old code from new by them, and
would go on running the previous release after an unzip on the command line.
"""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

_TOP = "moodlesync"
_MODE = 0o100644 << 16
_SKIPPED = ("__pycache__",)


@dataclass(frozen=True)
class BuiltPlugin:
    """A zip of the companion, as it was written.

    Attributes:
        path: The zip.
        release: ``$plugin->release``, as in ``0.1.0``.
        version: ``$plugin->version``, as in ``2025112200``.
        sha256: Digest of the zip's bytes, in hex.
    """

    path: Path
    release: str
    version: int
    sha256: str


def build(destination: Path) -> BuiltPlugin:
    """Writes the companion's zip, the same bytes for the same files.

    Args:
        destination: The zip to write, or an existing folder to write
            ``local_moodlesync-<release>.zip`` into. What is there is replaced.

    Returns:
        What was written.

    Raises:
        FileNotFoundError: The package was installed without its companion.
        ValueError: ``version.php`` names no release or version.
    """
    files = dict(_files(resources.files("moodle_sync") / "companion" / "local_moodlesync"))
    if "version.php" not in files:
        raise FileNotFoundError("moodle_sync/companion/local_moodlesync/version.php")
    release, version = _numbers(files["version.php"].decode("utf-8"))
    packed = _pack(files, _time(version))
    path = destination / f"local_moodlesync-{release}.zip" if destination.is_dir() else destination
    path.write_bytes(packed)
    return BuiltPlugin(path, release, version, hashlib.sha256(packed).hexdigest())


def _files(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, bytes]]:
    """Every file of the plugin with its path, hidden files and caches apart."""
    if not folder.is_dir():
        return
    for entry in folder.iterdir():
        if entry.name.startswith(".") or entry.name in _SKIPPED:
            continue
        if entry.is_dir():
            yield from _files(entry, f"{prefix}{entry.name}/")
        else:
            yield f"{prefix}{entry.name}", entry.read_bytes()


def _numbers(version_php: str) -> tuple[str, int]:
    """The release and version that ``version.php`` declares."""
    release = re.search(r"\$plugin->release\s*=\s*'([^']+)'", version_php)
    version = re.search(r"\$plugin->version\s*=\s*(\d+)", version_php)
    if release is None or version is None:
        raise ValueError("version.php: no $plugin->release or $plugin->version")
    return release[1], int(version[1])


def _time(version: int) -> tuple[int, int, int, int, int, int]:
    """The day of a version (YYYYMMDDXX), its XX counted as minutes."""
    day, minutes = divmod(version, 100)
    return (day // 10000, day // 100 % 100, day % 100, minutes // 60, minutes % 60, 0)


def _pack(files: dict[str, bytes], time: tuple[int, int, int, int, int, int]) -> bytes:
    """A zip whose names are sorted and whose times, modes and system are fixed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(f"{_TOP}/{name}", date_time=time)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3  # Unix, wherever it is built
            info.external_attr = _MODE
            archive.writestr(info, files[name], compresslevel=9)
    return buffer.getvalue()

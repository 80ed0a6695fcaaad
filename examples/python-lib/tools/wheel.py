"""Builds a wheel of the package, with nothing but the standard library.

The same sources give the same bytes: no times, no order of the file system.
"""

import base64
import hashlib
import sys
import zipfile
from pathlib import Path

# The earliest time that the format knows.
TIME = (1980, 1, 1, 0, 0, 0)
SOURCES = Path("src")
WHEEL = b"""\
Wheel-Version: 1.0
Generator: wheel.py
Root-Is-Purelib: true
Tag: py3-none-any
"""


def project() -> dict:
    """The lines `key = "value"` of the table `[project]`: all that this project needs of TOML."""
    fields, inside = {}, False
    for line in Path("pyproject.toml").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            inside = line == "[project]"
        elif inside and " = " in line:
            key, value = line.split(" = ", 1)
            fields[key] = value.strip('"')
    return fields


def metadata(fields: dict) -> str:
    return (
        "Metadata-Version: 2.4\n"
        f"Name: {fields['name']}\n"
        f"Version: {fields['version']}\n"
        f"Summary: {fields['description']}\n"
        f"Requires-Python: {fields['requires-python']}\n"
        f"License-Expression: {fields['license']}\n"
    )


def record(path: str, content: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=")
    return f"{path},sha256={digest.decode()},{len(content)}\n"


def main(folder: str) -> None:
    fields = project()
    stem = f"{fields['name']}-{fields['version']}"
    made = f"{stem}.dist-info"
    sources = SOURCES.rglob("*.py")
    files = {path.relative_to(SOURCES).as_posix(): path.read_bytes() for path in sources}
    files[f"{made}/METADATA"] = metadata(fields).encode()
    files[f"{made}/WHEEL"] = WHEEL
    records = "".join(record(path, content) for path, content in sorted(files.items()))
    files[f"{made}/RECORD"] = (records + f"{made}/RECORD,,\n").encode()

    wheel = Path(folder, f"{stem}-py3-none-any.whl")
    wheel.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in sorted(files.items()):
            entry = zipfile.ZipInfo(path, TIME)
            entry.external_attr = 0o100644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    print(f"{wheel}: {len(files)} files")


if __name__ == "__main__":
    main(*sys.argv[1:])

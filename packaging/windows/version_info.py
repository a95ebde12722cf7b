"""What the properties of tern.exe say on Windows (VERSIONINFO)."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from identity import Identity


def version_info(who: Identity) -> str:
    """As PyInstaller reads it from a file."""
    numbers = ([int(part) for part in who.version.split(".")] + [0, 0, 0, 0])[:4]
    strings = {
        "CompanyName": who.publisher,
        "FileDescription": "Tern",
        "FileVersion": who.version,
        "InternalName": "tern",
        "LegalCopyright": f"{who.publisher}. MIT licence.",
        "OriginalFilename": "tern.exe",
        "ProductName": "Tern",
        "ProductVersion": who.version,
    }
    entries = ", ".join(f"StringStruct({name!r}, {value!r})" for name, value in strings.items())
    return (
        f"VSVersionInfo(ffi=FixedFileInfo(filevers={tuple(numbers)}, prodvers={tuple(numbers)}, mask=0x3F, flags=0x0, "
        "OS=0x40004, fileType=0x1, subtype=0x0, date=(0, 0)), "
        f"kids=[StringFileInfo([StringTable('040904B0', [{entries}])]), "
        "VarFileInfo([VarStruct('Translation', [0x0409, 1200])])])\n"
    )

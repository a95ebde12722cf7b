"""What macOS is told of Tern.app (Info.plist)."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from identity import Identity

MINIMUM = "13.0"  # of macOS, as today's PySide6 needs it
TYPE = "org.ggml.gguf"


def info_plist(who: Identity) -> dict[str, Any]:
    """As PyInstaller's BUNDLE takes it; it adds the names of program and icon."""
    return {
        "CFBundleName": "Tern",
        "CFBundleDisplayName": "Tern",
        "CFBundleIdentifier": who.app_id,
        "CFBundleShortVersionString": who.version,
        "CFBundleVersion": who.version,
        "CFBundleDevelopmentRegion": "en",
        "CFBundleLocalizations": ["en", "de"],
        "LSMinimumSystemVersion": MINIMUM,
        "LSApplicationCategoryType": "public.app-category.productivity",
        "NSHighResolutionCapable": True,
        "NSSupportsAutomaticGraphicsSwitching": True,
        # A model computes while the window is covered: App Nap would slow it to a crawl.
        "NSAppSleepDisabled": True,
        "NSHumanReadableCopyright": f"{who.publisher}. MIT licence.",
        "CFBundleDocumentTypes": [
            {
                "CFBundleTypeName": "GGUF language model",
                "CFBundleTypeRole": "Viewer",
                "LSHandlerRank": "Alternate",
                "LSItemContentTypes": [TYPE],
            }
        ],
        "UTImportedTypeDeclarations": [
            {
                "UTTypeIdentifier": TYPE,
                "UTTypeDescription": "GGUF language model",
                "UTTypeConformsTo": ["public.data"],
                "UTTypeTagSpecification": {"public.filename-extension": ["gguf"]},
            }
        ],
    }

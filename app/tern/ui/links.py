"""Links leave this computer, so they are opened only by a second click."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QUrl
from PySide6.QtGui import QDesktopServices

from tern.ui.notice import Notice

_SCHEMES = ("http", "https", "mailto")


def offer_link(address: str, notice: Notice) -> None:
    """Ask in ``notice`` whether to open ``address`` in the browser."""
    url = QUrl(address)
    if url.scheme() not in _SCHEMES:
        notice.show_message(_tr("Tern does not open this kind of link: {0}").format(address))
        return
    notice.show_message(
        _tr("Open {0} in your browser? That leaves this computer.").format(address),
        _tr("Open"),
        lambda: QDesktopServices.openUrl(url),
        tone="calm",
    )


def _tr(text: str) -> str:
    return QCoreApplication.translate("links", text)

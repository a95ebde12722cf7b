"""Links leave this computer, so they are opened only by a second click, on the whole address."""

from __future__ import annotations

import unicodedata

from PySide6.QtCore import QCoreApplication, QUrl
from PySide6.QtGui import QDesktopServices

from tern.ui.shared.notice import Notice

_WEB = ("http", "https")
_MAIL = "mailto"
_ENCODED = QUrl.ComponentFormattingOption.FullyEncoded
_ENCODED_NAME = "xn--"


def offer_link(address: str, notice: Notice) -> None:
    """Ask in ``notice`` whether to open ``address`` in the browser."""
    url = QUrl(address)
    pieces = address_pieces(url)
    if url.scheme() in _WEB and url.host():
        question = _tr("Open this link in your browser? That leaves this computer.")
    elif url.scheme() == _MAIL:
        question = _tr("Write to this address in your mail program?")
    elif url.isValid():
        notice.show_message(_tr("Tern does not open this kind of link:"), address=pieces)
        return
    else:
        notice.show_message(_tr("This link is broken: it has no valid address."))
        return

    def open_it() -> None:
        if not QDesktopServices.openUrl(url):
            notice.show_message(_tr("No program here opens it. Copy the address:"), address=pieces)

    notice.show_message(question, _tr("Open"), open_it, tone="calm", address=pieces)


def address_pieces(url: QUrl) -> list[tuple[str, bool]]:
    """The whole address as it is sent, in pieces and whether they are to stand out: the host does. In its own script,
    with what is sent for it beside it. Everything else that is not ASCII is encoded: nothing in it is invisible or
    turns round what stands beside it."""
    said = url.toString(_ENCODED)
    host = url.host(_ENCODED)
    if url.scheme() == _MAIL:
        name, mark, rest = said.partition(":")[2].partition("?")
        return [(f"{_MAIL}:", False), (name, True), (mark + rest, False)]
    if not host:
        return [(said, False)] if said else []
    begin = said.index("//") + 2 + len(url.authority(_ENCODED).rpartition("@")[0])
    begin = said.index(host, begin)
    shown = _in_its_script(host)
    sent = f" ({host}) " if shown != host else ""
    pieces = [(said[:begin], False), (shown, True), (sent, False), (said[begin + len(host) :], False)]
    return [(piece, bold) for piece, bold in pieces if piece]


def _in_its_script(host: str) -> str:
    """A host with its names decoded, where they are made of letters and figures only."""
    return ".".join(_decoded(name) for name in host.split("."))


def _decoded(name: str) -> str:
    if not name.startswith(_ENCODED_NAME):
        return name
    try:
        letters = name.removeprefix(_ENCODED_NAME).encode("ascii").decode("punycode")
    except UnicodeError:
        return name
    if all(letter == "-" or unicodedata.category(letter)[0] in "LMN" for letter in letters):
        return letters
    return name


def _tr(text: str) -> str:
    return QCoreApplication.translate("links", text)

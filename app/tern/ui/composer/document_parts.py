"""The index of what is attached, made beside the window and kept while that stays the same. Draws nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, Signal

from tern.chat.attachments import Attachment
from tern.chat.passages import Passage, PassageIndex
from tern.ui.shared.jobs import Job


class DocumentParts(QObject):
    """``ready``: what was asked for can be answered now."""

    ready = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._attachments: tuple[Attachment, ...] = ()
        self._index: PassageIndex | None = None
        self._job: Job | None = None

    def ranked(self, attachments: tuple[Attachment, ...], question: str) -> Sequence[Passage] | None:
        """The passages of ``attachments``, the likeliest first; None while they are being indexed."""
        if attachments != self._attachments:
            self.forget()
            self._attachments = attachments
            self._begin([one.text for one in attachments])
        return None if self._index is None else self._index.ranked(question)

    def forget(self) -> None:
        """Free what is held: nothing long is attached any more, or the window closes."""
        if self._job is not None:
            self._job.cancel()
            self._job = None
        if self._index is not None:
            self._index.close()
            self._index = None
        self._attachments = ()

    def _begin(self, texts: Sequence[str]) -> None:
        def work(tell: Callable[[float], None]) -> PassageIndex:
            def stopped() -> bool:
                tell(0.5)  # which ends the work where it is not wanted any more
                return False

            return PassageIndex(texts, stopped)

        job = self._job = Job("passages", work)
        job.done.connect(lambda index: self._done(job, index))
        job.ended.connect(job.deleteLater)
        job.start()

    def _done(self, job: Job, index: PassageIndex) -> None:
        if job is not self._job:
            index.close()  # for what is attached no longer
            return
        self._job, self._index = None, index
        self.ready.emit()

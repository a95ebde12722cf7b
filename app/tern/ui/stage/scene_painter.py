"""Draws a scene: on the screen, for a picture, for the frames of an animation. Knows no widget and no clock."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication, QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter

from tern.metrics.speed import format_rate
from tern.ui.stage.look import Look
from tern.ui.stage.scene import Facts, Lane, Scene
from tern.ui.stage.text_column import Place, TextColumn, elided
from tern.ui.style.number_text import localized

_FLAGS = Qt.TextFlag.TextWordWrap
_SIDE = 0.255  # of the width, for the figures
_RULE = 0.11  # of the text's size: the thickness of the marks


@dataclass(frozen=True, slots=True)
class Frame:
    """Where things stand, in px. ``lanes``: of each the text; ``figures``: what is beside or over it."""

    prompt: QRectF
    lanes: tuple[QRectF, ...]
    figures: tuple[QRectF, ...]
    gutter: float  # before a lane's text, for the marks' names
    verdict: QRectF
    note: QRectF
    footer: QRectF


class ScenePainter:
    """For a stage of one size and look. Keeps how texts are laid out from one moment to the next."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self._columns = (TextColumn(), TextColumn())
        self._widths = (0.0, 0.0)  # of them
        self._last: list[tuple[object, tuple[float, tuple[Place, Place]]] | None] = [None, None]
        self._text_size = float(look.text_px)

    def paint(self, painter: QPainter, scene: Scene, clip: QRectF) -> None:
        look = self.look
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(clip, look.color("paper"))
        frame = self.frame(scene)
        if frame.prompt.intersects(clip):
            self._prompt(painter, scene, frame.prompt)
        if not scene.lanes:
            self._choices(painter, scene, frame)
        for number, lane in enumerate(scene.lanes):
            if frame.lanes[number].adjusted(-frame.gutter, 0, 0, 0).intersects(clip):
                self._text(painter, lane, frame, number, clip, len(scene.lanes) == 1)
            if frame.figures[number].intersects(clip):
                if len(scene.lanes) == 1:
                    self._figures(painter, lane, scene, frame.figures[0])
                else:
                    self._head(painter, lane, frame.figures[number], winner=number == 0)
        if not scene.lanes:
            self._facts(painter, scene.facts, frame.figures[0])
        if len(scene.lanes) > 1 and frame.verdict.intersects(clip):
            self._verdict(painter, scene, frame.verdict)
        if scene.note and frame.note.intersects(clip):
            painter.setFont(look.sized(look.label_px))
            painter.setPen(look.color("quiet"))
            painter.drawText(frame.note, _FLAGS | Qt.AlignmentFlag.AlignBottom, scene.note)
        if frame.footer.intersects(clip):
            self._footer(painter, scene, frame.footer)

    def changed(self, old: Scene, new: Scene) -> list[QRectF]:
        """What has to be painted again where ``new`` follows ``old``."""
        whole = [QRectF(0, 0, self.look.size.width(), self.look.size.height())]
        count = len(new.lanes)
        if len(old.lanes) != count or not count or old.note != new.note:
            return whole
        frame = self.frame(new)
        found: list[QRectF] = []
        if (old.prompt, old.status, old.progress) != (new.prompt, new.status, new.progress):
            found += [frame.prompt, frame.verdict]
        if (old.verdict, old.verdict_about) != (new.verdict, new.verdict_about):
            found.append(frame.verdict)
        if old.facts != new.facts or old.beside != new.beside:
            found += [frame.figures[0] if count == 1 else frame.footer, frame.footer]
        for number, (before, after) in enumerate(zip(old.lanes, new.lanes, strict=True)):
            figures = [
                (lane.title, lane.about, format_rate(lane.tokens_per_s), _minute(lane))
                for lane in (before, after)
            ]
            if figures[0] != figures[1]:
                found.append(frame.figures[number])
            found += self._changed_text(before, after, frame, number)
        return found

    def _changed_text(self, before: Lane, after: Lane, frame: Frame, number: int) -> list[QRectF]:
        area = frame.lanes[number].adjusted(-frame.gutter, 0, 0, 0)
        if before.status != after.status or not after.text.startswith(before.text):
            return [area]
        if (before.text, before.read, before.writing) == (after.text, after.read, after.writing):
            return []
        offset, places = self._laid(before, area.height(), number)  # remembered from when it was painted
        now, moved = self._laid(after, area.height(), number)
        if offset != now:
            return [area]
        found = []
        for old, new in zip(places, moved, strict=True):
            if old == new:
                continue
            top, bottom = sorted((old, new), key=lambda place: place.top)
            y = area.top() + top.top - now
            found.append(
                QRectF(
                    area.left(), y - 0.2 * top.height, area.width(), bottom.top - top.top + 1.9 * top.height
                )
            )
        return found

    def _laid(self, lane: Lane, height: float, number: int) -> tuple[float, tuple[Place, Place]]:
        """How far the text is scrolled, and where its end and its reader are."""
        kept = self._last[number]
        key = (lane.text, lane.read, lane.writing, height, self._widths[number], self._text_size)
        if kept is not None and kept[0] == key:
            return kept[1]
        column = self._columns[number]
        if len(lane.text) > 0:
            column.set(lane.text, self.look.sized(self._text_size), self._widths[number])
        end, reader = column.end, column.place(lane.read or 0)
        most = max(0.0, end.top + end.height - height)
        offset = most
        if lane.read is not None and not lane.writing:
            offset = min(most, max(0.0, reader.top - 0.3 * height))
        found = column.line_from(offset) if offset > 0 else 0.0, (end, reader)
        self._last[number] = key, found
        return found

    # Where

    def frame(self, scene: Scene) -> Frame:
        look = self.look
        width, height, margin = look.size.width(), look.size.height(), look.margin
        label, text = look.label_px, look.text_px
        prompt = QRectF(margin, 0.62 * margin, width - 2 * margin, 1.5 * label)
        footer = QRectF(margin, height - 0.5 * margin - 1.3 * label, width - 2 * margin, 1.3 * label)
        top, bottom = prompt.bottom() + 0.55 * margin, footer.top() - 0.3 * margin
        if len(scene.lanes) > 1:
            wide = width - 2 * margin
            note_height = self._height(scene.note, wide) + 0.15 * label if scene.note else 0.0
            note = QRectF(margin, bottom - note_height, wide, note_height)
            band = 1.25 * look.figure_px + 1.6 * label
            verdict = QRectF(margin, note.top() - band, wide, band)
            gap = margin
            each = (wide - gap) / 2
            head = 1.4 * text + 2 * label + 1.05 * look.figure_px + 0.3 * margin
            lefts = (margin, margin + each + gap)
            texts = tuple(
                QRectF(x, top + head, each, verdict.top() - 0.15 * margin - top - head) for x in lefts
            )
            self._widths, self._text_size = (each, each), max(28.0, 0.8 * text)
            return Frame(
                prompt, texts, tuple(QRectF(x, top, each, head) for x in lefts), 0.0, verdict, note, footer
            )
        side = _SIDE * width
        gutter = self._gutter()
        wide = width - 2 * margin - gutter
        note_height = self._height(scene.note, wide) + 0.15 * label if scene.note else 0.0
        note = QRectF(margin + gutter, bottom - note_height, wide, note_height)
        left = margin + gutter
        area = QRectF(
            left, top, width - margin - side - 0.55 * margin - left, bottom - top - note_height - 0.2 * margin
        )
        room = note_height + (0.5 * label if scene.note else 0.0)
        figures = QRectF(width - margin - side, top, side, bottom - top - room)
        self._widths, self._text_size = (area.width(), area.width()), float(text)
        return Frame(prompt, (area,), (figures,), gutter, QRectF(), note, footer)

    def _height(self, text: str, width: float) -> float:
        """Of a label's lines."""
        metrics = QFontMetricsF(self.look.sized(self.look.label_px))
        return metrics.boundingRect(QRectF(0, 0, width, self.look.size.height()), _FLAGS, text).height()

    def _gutter(self) -> float:
        metrics = QFontMetricsF(self.look.sized(self.look.label_px, bold=True))
        names = (*_tr("you read\nhere").split("\n"), "Tern")
        return max(metrics.horizontalAdvance(name) for name in names) + 0.9 * self.look.label_px

    # What

    def _prompt(self, painter: QPainter, scene: Scene, box: QRectF) -> None:
        look = self.look
        painter.setFont(look.sized(look.label_px))
        painter.setPen(look.color("quiet"))
        status = scene.status if len(scene.lanes) < 2 else ""
        room = box.width()
        if status:
            wide = painter.fontMetrics().horizontalAdvance(status)
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, status)
            room -= wide + look.margin
        painter.drawText(
            box.adjusted(0, 0, room - box.width(), 0),
            Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter,
            elided(painter, scene.prompt, room),
        )
        if scene.progress is not None:
            thick = max(3.0, 4 * look.unit)
            line = QRectF(box.left(), box.bottom() + thick, box.width(), thick)
            painter.fillRect(line, look.color("line"))
            line.setWidth(box.width() * scene.progress)
            painter.fillRect(line, look.color("accent"))

    def _choices(self, painter: QPainter, scene: Scene, frame: Frame) -> None:
        look = self.look
        area = QRectF(frame.lanes[0])
        area.setRight(frame.prompt.right())
        pitch = min(2.5 * look.text_px, area.height() / max(1, len(scene.choices)))
        for number, choice in enumerate(scene.choices):
            box = QRectF(area.left(), area.top() + number * pitch, area.width(), pitch)
            key = QRectF(area.left() - frame.gutter, box.top(), frame.gutter - 0.8 * look.label_px, pitch)
            painter.setFont(look.sized(look.text_px, bold=True))
            painter.setPen(look.color("accent"))
            painter.drawText(
                key, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, str(number + 1)
            )
            painter.setFont(look.sized(look.text_px))
            painter.setPen(look.color("ink"))
            painter.drawText(
                box,
                Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter,
                elided(painter, choice, box.width()),
            )

    def _text(
        self, painter: QPainter, lane: Lane, frame: Frame, number: int, clip: QRectF, marks: bool
    ) -> None:
        look, area = self.look, frame.lanes[number]
        if not lane.text:
            if lane.status:
                painter.setFont(look.sized(look.label_px))
                painter.setPen(look.color("quiet"))
                painter.drawText(area, _FLAGS, lane.status)
            return
        offset, (end, reader) = self._laid(lane, area.height(), number)
        column = self._columns[number]
        painter.save()
        painter.setClipRect(
            area.adjusted(-frame.gutter, -0.1 * column.line_height, 0, 0), Qt.ClipOperation.IntersectClip
        )
        at = QPointF(area.left(), area.top() - offset)
        read = lane.read if lane.read is not None else 0
        column.paint(painter, at, clip, look.color("ink"), look.color("quiet"), read)
        thick = max(3.0, _RULE * look.text_px)
        if lane.writing:
            caret = QRectF(at.x() + end.x + thick, at.y() + end.top, 1.6 * thick, end.height)
            painter.fillRect(
                caret.adjusted(0, 0.16 * end.height, 0, -0.16 * end.height), look.color("accent")
            )
        if marks and lane.read is not None:
            self._marks(painter, lane, area, at, end, reader, frame.gutter, thick)
        painter.restore()

    def _marks(
        self,
        painter: QPainter,
        lane: Lane,
        area: QRectF,
        at: QPointF,
        end: Place,
        reader: Place,
        gutter: float,
        thick: float,
    ) -> None:
        """Who is where: the reader's line and, while it is written and apart from that, the writer's."""
        look = self.look
        top = max(at.y() + reader.top, area.top())
        mark = look.color("mark")
        painter.fillRect(QRectF(area.left(), top + reader.height - thick, max(reader.x, thick), thick), mark)
        painter.setFont(look.sized(look.label_px, bold=True))
        names = _tr("you read\nhere").split("\n")
        line = 1.16 * look.label_px
        middle = top + reader.height / 2 - line * len(names) / 2
        middle = min(max(middle, area.top()), area.bottom() - line * len(names))
        box = QRectF(area.left() - gutter, middle, gutter - 0.6 * look.label_px, line)
        painter.setPen(mark)
        for number, name in enumerate(names):
            painter.drawText(
                box.translated(0, number * line),
                Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
                name,
            )
        apart = at.y() + end.top - top
        if lane.writing and apart > 1.2 * reader.height:
            painter.setPen(look.color("accent"))
            painter.drawText(
                QRectF(box.left(), at.y() + end.top, box.width(), end.height),
                Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
                "Tern",
            )

    def _figures(self, painter: QPainter, lane: Lane, scene: Scene, box: QRectF) -> None:
        look = self.look
        y = box.top()
        rates = (
            (format_rate(lane.tokens_per_s), _tr("tokens a second")),
            (_minute(lane), _tr("words a minute")),
        )
        for figure, name in rates:
            known = figure not in ("0", "0.0")
            y = self._figure(painter, localized(figure) if known else "–", name, box, y) + 0.9 * look.label_px
        if scene.beside:
            painter.setFont(look.sized(1.12 * look.label_px, bold=True))
            painter.setPen(look.color("accent"))
            room = QRectF(box.left(), y + 0.3 * look.label_px, box.width(), 5 * look.label_px)
            painter.drawText(room, _FLAGS, scene.beside)
        self._facts(painter, scene.facts, box)

    def _figure(self, painter: QPainter, figure: str, name: str, box: QRectF, y: float) -> float:
        """A large figure over its name; returns where that ends."""
        look = self.look
        font = look.sized(look.figure_px, bold=True)
        metrics = QFontMetricsF(font)
        painter.setFont(font)
        painter.setPen(look.color("ink"))
        painter.drawText(QPointF(box.left(), y + metrics.capHeight()), figure)
        y += metrics.capHeight() + 0.24 * look.figure_px  # room for what hangs below the line, as a comma
        painter.setFont(look.sized(look.label_px))
        painter.setPen(look.color("quiet"))
        painter.drawText(QRectF(box.left(), y, box.width(), 1.4 * look.label_px), 0, name)
        return y + 1.4 * look.label_px

    def _facts(self, painter: QPainter, facts: Facts, box: QRectF) -> None:
        """What holds while it runs, from the foot of the figures up."""
        look = self.look
        told = [each for each in (facts.memory, facts.energy, facts.cpu, facts.network) if each]
        line = 1.4 * look.label_px
        painter.setFont(look.sized(look.label_px))
        painter.setPen(look.color("ink"))
        for number, fact in enumerate(told):
            y = box.bottom() - (len(told) - number) * line
            painter.drawText(QRectF(box.left(), y, box.width(), line), Qt.AlignmentFlag.AlignVCenter, fact)

    def _head(self, painter: QPainter, lane: Lane, box: QRectF, winner: bool) -> None:
        """Of a race's lane: whose it is, and its figure."""
        look = self.look
        painter.setFont(look.sized(look.text_px, bold=True))
        painter.setPen(look.color("accent" if winner else "ink"))
        title = QRectF(box.left(), box.top(), box.width(), 1.4 * look.text_px)
        painter.drawText(title, Qt.AlignmentFlag.AlignVCenter, elided(painter, lane.title, box.width()))
        painter.setFont(look.sized(look.label_px))
        painter.setPen(look.color("quiet"))
        about = QRectF(box.left(), title.bottom(), box.width(), 1.4 * look.label_px)
        painter.drawText(about, Qt.AlignmentFlag.AlignVCenter, elided(painter, lane.about, box.width()))
        font = look.sized(look.figure_px, bold=True)
        metrics = QFontMetricsF(font)
        figure = format_rate(lane.tokens_per_s)
        figure = localized(figure) if lane.tokens_per_s > 0 else "–"
        y = about.bottom() + 0.6 * look.label_px + metrics.capHeight()
        painter.setFont(font)
        painter.setPen(look.color("ink"))
        painter.drawText(QPointF(box.left(), y), figure)
        painter.setFont(look.sized(look.label_px))
        painter.setPen(look.color("quiet"))
        wide = metrics.horizontalAdvance(figure) + 0.7 * look.label_px
        painter.drawText(QPointF(box.left() + wide, y), _tr("tokens a second"))

    def _verdict(self, painter: QPainter, scene: Scene, box: QRectF) -> None:
        look = self.look
        painter.fillRect(
            QRectF(box.left(), box.top(), box.width(), max(1.0, 2 * look.unit)), look.color("line")
        )
        if not scene.verdict:
            painter.setFont(look.sized(look.label_px))
            painter.setPen(look.color("quiet"))
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | _FLAGS, scene.status)
            return
        painter.setFont(look.sized(look.figure_px, bold=True))
        painter.setPen(look.color("accent"))
        top = QRectF(box.left(), box.top() + 0.12 * look.figure_px, box.width(), 1.15 * look.figure_px)
        painter.drawText(top, Qt.AlignmentFlag.AlignVCenter, scene.verdict)
        painter.setFont(look.sized(look.label_px))
        painter.setPen(look.color("quiet"))
        below = QRectF(box.left(), top.bottom(), box.width(), 1.4 * look.label_px)
        painter.drawText(
            below, Qt.AlignmentFlag.AlignVCenter, elided(painter, scene.verdict_about, box.width())
        )

    def _footer(self, painter: QPainter, scene: Scene, box: QRectF) -> None:
        facts = scene.facts
        parts = [facts.model, facts.machine]
        if len(scene.lanes) > 1:
            parts += [facts.memory, facts.cpu, facts.network]
        painter.setFont(self.look.sized(0.8 * self.look.label_px))
        painter.setPen(self.look.color("quiet"))
        said = " · ".join(part for part in parts if part)
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, elided(painter, said, box.width()))


def _minute(lane: Lane) -> str:
    """Words a minute, with no more digits than are true: to 10, from a thousand on to 50."""
    rate = lane.words_per_min
    step = 1 if rate < 100 else 10 if rate < 1000 else 50
    return f"{round(rate / step) * step:,}"


def _tr(text: str) -> str:
    return QCoreApplication.translate("stage", text)

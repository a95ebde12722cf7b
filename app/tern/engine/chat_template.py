"""How a conversation is written for a foreign model: its own chat template, or a form that llama.cpp knows by heart.

A chat template is a small program that comes with the file. It is run (in jinja2's sandbox) only when ``trusted``;
otherwise llama.cpp's own list of known forms is used, which recognizes a template without running it. Templates see
marks in place of the messages' text, and a form counts only if every message is in what it wrote. Knows no model.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from typing import Any

from tern.engine import libllama
from tern.engine.gguf.values import shown
from tern.errors import UserError

Turn = tuple[str, str]  # role and content

# A token of the vocabulary, and llama.cpp's name for the form that has it.
_FORMS = (
    ("<|im_start|>", "chatml"),
    ("<|start_header_id|>", "llama3"),
    ("<start_of_turn>", "gemma"),
    ("<|start_of_role|>", "granite"),
    ("<|START_OF_TURN_TOKEN|>", "command-r"),
    ("<｜User｜>", "deepseek3"),
    ("<|assistant|>", "phi3"),
    ("[INST]", "mistral-v3"),
)
_USUAL = "chatml"  # for a file without a template


class TemplateError(UserError):
    """No form is known in which the model could be told the conversation."""


class UntrustedTemplateError(TemplateError):
    """Only a template that the person has not allowed could say the form."""


class ChatForm:
    """``template``: the file's, or empty. ``bos`` and ``eos`` as the vocabulary writes them; ``has_token``: whether it
    has a token of this text; ``name``: what errors call the file."""

    def __init__(
        self, template: str, trusted: bool, name: str, bos: str, eos: str, has_token: Callable[[str], bool]
    ) -> None:
        self._template, self._trusted, self._name = template, trusted, name
        self._bos, self._eos, self._has_token = bos, eos, has_token

    def write(self, turns: Sequence[Turn]) -> str:
        """The prompt for what follows ``turns``. Raises TemplateError where no form takes them all."""
        ways, problem = self._ways
        folded = _fold_system(turns)
        for way in ways:
            for messages in (list(turns), *([folded] if folded is not None else [])):
                try:
                    text = way(messages)
                except Exception as error:  # whatever a foreign program does wrong
                    problem = _reason(error)
                    continue
                if text is not None and _has_all(text, turns):
                    return text
        if problem:
            raise TemplateError(
                "The chat template of {name} fails ({problem}). Choose another file of this model, or another "
                "model.",
                name=self._name,
                problem=problem,
            )
        raise TemplateError(
            "The chat template of {name} leaves out what you write. Choose another file of this model, or "
            "another model.",
            name=self._name,
        )

    @cached_property
    def _ways(self) -> tuple[list[Callable[[list[Turn]], str | None]], str]:
        """The forms to try, best first, and what is wrong with the template, if it cannot be run at all."""
        problem = ""
        ways: list[Callable[[list[Turn]], str | None]] = []
        if self._template and self._trusted:
            if isinstance(self._program, Exception):
                problem = _reason(self._program)
            else:
                ways += [self._run, self._run_with_parts]
        known = self._template or self._of_vocabulary or _USUAL
        if known_form(known, [("user", "Hi")]) is not None:
            ways.append(partial(known_form, known))
        elif not self._trusted:
            raise UntrustedTemplateError(
                "{name} brings a chat template that llama.cpp does not know. It is a small program; "
                "if you trust where the model comes from, allow it for this model.",
                name=self._name,
            )
        if (form := self._of_vocabulary) is not None:
            ways.append(partial(known_form, form))
        return ways, problem

    @cached_property
    def _of_vocabulary(self) -> str | None:
        """The form that goes with the vocabulary's own control tokens."""
        return next((form for token, form in _FORMS if self._has_token(token)), None)

    @cached_property
    def _program(self) -> Any:
        """The template, compiled once; or why it cannot be."""
        from llama_cpp.llama_chat_format import Jinja2ChatFormatter

        libllama.load().be_quiet()  # the package has set a log of its own
        try:
            return Jinja2ChatFormatter(self._template, eos_token=self._eos, bos_token=self._bos)
        except Exception as error:  # whatever is wrong with a foreign program
            return error

    def _run(self, turns: list[Turn]) -> str:
        return str(
            self._program(messages=[{"role": role, "content": content} for role, content in turns]).prompt
        )

    def _run_with_parts(self, turns: list[Turn]) -> str:
        """For templates that look for parts (text, pictures) in each message."""
        parts = [{"role": role, "content": [{"type": "text", "text": content}]} for role, content in turns]
        return str(self._program(messages=parts).prompt)


def known_form(template: str, turns: Sequence[Turn]) -> str | None:
    """``turns`` in one of the forms that llama.cpp knows by heart; None when ``template`` (a program, or a form's
    name) is none of them."""
    chat = (libllama.ChatMessage * len(turns))()
    for slot, (role, content) in zip(chat, turns, strict=True):
        slot.role, slot.content = role.encode(), content.encode()
    room = 256 + 64 * len(turns) + sum(len(content) * 4 for _, content in turns)
    buffer = ctypes.create_string_buffer(room)
    length: int = libllama.load().chat_apply_template(
        template.encode(errors="replace"), chat, len(turns), True, buffer, room
    )
    return None if length < 0 or length > room else buffer.raw[:length].decode(errors="replace")


def _fold_system(turns: Sequence[Turn]) -> list[Turn] | None:
    """``turns`` with what is said to the system at the head of the question that follows; None where nothing is."""
    folded: list[Turn] = []
    waiting: list[str] = []
    for role, content in turns:
        if role == "system":
            waiting.append(content)
        elif role == "user" and waiting:
            folded.append((role, "\n\n".join([*waiting, content])))
            waiting = []
        else:
            folded.append((role, content))
    return folded if len(folded) < len(turns) and not waiting else None


def _has_all(text: str, turns: Sequence[Turn]) -> bool:
    """Whether every turn's content is in ``text``, once and in order."""
    at = 0
    for _, content in turns:
        at = text.find(content, at)
        if at < 0 or text.count(content) != 1:
            return False
        at += len(content)
    return True


def _reason(error: Exception) -> str:
    return shown(f"{type(error).__name__}: {error}").rstrip(".")

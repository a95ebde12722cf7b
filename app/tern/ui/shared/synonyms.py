"""Other words by which the palette finds things: the names that other programs and people have for them. Data only."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication


def synonyms(key: str) -> str:
    """Of an action by its name, of a setting by its key, of an appearance by ``look.`` and its name; empty for none."""
    return _table().get(key, "")


def _table() -> dict[str, str]:
    """The first of a line is the one most often typed; commas between them are kept in every language."""
    return {
        # Actions
        "new": _tr("start over, clear chat, conversation"),
        "find": _tr("search, look for, words in this conversation"),
        "search": _tr("find, look for, history, conversations"),
        "sidebar": _tr("chat list, history, panel"),
        "focus": _tr("composer, type, prompt, ask"),
        "attach": _tr("upload, add file, document, PDF, Word"),
        "stop": _tr("cancel, abort, interrupt"),
        "regenerate": _tr("retry, try again, another answer, redo"),
        "copy": _tr("clipboard, copy answer"),
        "edit": _tr("change question, correct, resend"),
        "rename": _tr("title, change title"),
        "pin": _tr("keep on top, favorite, star"),
        "delete": _tr("remove, trash, erase"),
        "export": _tr("save, share, write to a file, Markdown, JSON"),
        "export_all": _tr("save, backup, back up, JSON"),
        "import": _tr("load, restore backup, ChatGPT, Claude"),
        "reply_options": _tr("system prompt, temperature, sampling, parameters, chat settings"),
        "models": _tr("download a model, get BitNet, install, hub, Hugging Face, GGUF"),
        "network": _tr("network log, token, internet, privacy, proxy"),
        "settings": _tr("preferences, options, configure"),
        "stage": _tr("demo, full screen, present, presentation, projector, reading speed, race, booth"),
        "help": _tr("hotkeys, keys, shortcuts"),
        "newer": _tr("update, upgrade, new release, check for updates"),
        "about": _tr("version, licences, licenses"),
        "menus": _tr("menu bar"),
        "quit": _tr("exit, close Tern"),
        "larger": _tr("bigger, bigger font, zoom in, increase"),
        "smaller": _tr("smaller font, zoom out, decrease"),
        "default_size": _tr("reset zoom, reset font, actual size"),
        # Appearances
        "look.dark": _tr("dark mode, night mode, black, theme"),
        "look.light": _tr("light mode, day mode, bright, white, theme"),
        "look.system": _tr("automatic mode, system theme"),
        # Settings
        "theme": _tr("dark mode, light mode, night, colours, colors"),
        "accent": _tr("colour, color, highlight"),
        "font_size": _tr("font size, bigger, smaller, letters, zoom, scale, readable"),
        "reduced_motion": _tr("animations, animation, accessibility"),
        "density": _tr("spacing, compact, tight, padding"),
        "language": _tr("German, English, Deutsch, translation, locale"),
        "tray": _tr("background, minimize, close to tray, icon"),
        "enter_sends": _tr("return key, send key, new line"),
        "system_prompt": _tr("instructions, persona, custom instructions, role"),
        "sampling.temperature": _tr("creativity, randomness, random, imagination"),
        "sampling.top_k": _tr("sampling, randomness"),
        "sampling.top_p": _tr("nucleus, sampling, randomness"),
        "sampling.min_p": _tr("sampling, randomness"),
        "sampling.repeat_penalty": _tr("repetition, repeats itself, loop"),
        "sampling.seed": _tr("reproducible, same answer, random"),
        "max_tokens": _tr("length, limit, maximum tokens, short answers"),
        "keep_deleted_days": _tr("recently deleted, trash, retention, erase"),
        "threads": _tr("speed, faster, slow, CPU, cores, processor, performance"),
        "quiet": _tr("fan, noise, heat, battery, speed, cool"),
        "kv_type": _tr("KV cache, memory, RAM, precision, quantization"),
        "context_size": _tr("memory, RAM, context window, tokens, longer chats"),
        "kernels": _tr("llama.cpp, TQ2_0, comparison, compare, benchmark"),
        "reading_pace": _tr("words a minute, reading speed, stage, calibrate"),
        "offline": _tr("airplane mode, internet, network, block connections"),
        "hub_endpoint": _tr("mirror, Hugging Face, endpoint, server"),
        "proxy": _tr("network, firewall, SOCKS"),
        "download_limit": _tr("bandwidth, download speed, throttle, slow internet"),
    }


def _tr(text: str) -> str:
    return QCoreApplication.translate("synonyms", text)

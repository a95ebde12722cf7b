"""``tern models`` against a local hub, as its user types it; and that a chat after it needs no network at all."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.foreign import write_foreign
from patience import HANG_S
from tern.__main__ import main
from tern.cli.columns import columns as cells
from tern.cli.models_progress import line
from tern.engine.convert.synthetic import SHAPES, write_synthetic
from tern.errors import format_memory
from tern.library import catalog, hub_client, hub_find, importing, network, shelf
from tern.library.hub_progress import DownloadProgress, time_left
from tern.library.network import NetworkOptions
from tern.library.part_file import BLOCK
from tools.local_hub import LocalHub, sha256_of

pytestmark = pytest.mark.slow

REPO = "owner/random-gguf"


@pytest.fixture
def hub(tmp_path: Path, tiny: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalHub]:
    folder = tmp_path / "hub" / REPO
    folder.mkdir(parents=True)
    shutil.copy(tiny, folder / "tiny.gguf")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    with LocalHub(tmp_path / "hub") as running:
        monkeypatch.setenv("HF_ENDPOINT", running.url)
        yield running


@pytest.mark.skipif(sys.platform == "win32", reason="pseudoterminals are Unix's")
@pytest.mark.parametrize("columns", [30, 120])
def test_a_download_leaves_only_its_end_on_the_screen(hub: LocalHub, columns: int) -> None:
    """The bar, wider than a narrow terminal, is cut there and goes."""
    from .pty_screen import TERN, PtyScreen, as_shown

    with PtyScreen([*TERN, "models", "fetch", REPO], columns=columns) as screen:
        assert screen.finish() == 0
        assert b"tiny.gguf " in screen.raw  # it was there
        model = shelf.need("tiny")
        said = f'{model.title} is ready (hash verified): {model.path}\nAsk it something: tern ask --model tiny "…"'
        assert screen.lines == as_shown(said, columns)


def as_json(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_fetch_list_ask_verify_remove(
    hub: LocalHub, tiny: Path, data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", "fetch", REPO]) == 0
    assert "is ready (hash verified)" in capsys.readouterr().out
    assert main(["models", "list", "--json"]) == 0
    (model,) = as_json(capsys)
    assert model["verified"] is True
    assert Path(model["path"]).read_bytes() == tiny.read_bytes()
    assert Path(model["path"]).is_relative_to(data_dir)
    assert (model["name"], model["size"], model["sha256"]) == ("tiny", tiny.stat().st_size, sha256_of(tiny))

    sent = hub.sent
    assert main(["models", "fetch", REPO, "tiny.gguf", "--json"]) == 0
    assert as_json(capsys)["received"] == 0
    assert hub.sent == sent

    assert main(["ask", "--model", "tiny", "--threads", "1", "--greedy", "--max-tokens", "6", "Hi"]) == 0
    by_name = capsys.readouterr().out
    assert main(["ask", "--model", str(tiny), "--threads", "1", "--greedy", "--max-tokens", "6", "Hi"]) == 0
    assert capsys.readouterr().out == by_name

    assert main(["models", "list"]) == 0
    printed = capsys.readouterr().out
    assert "verified" in printed
    assert "bitnet-2b4t" in printed

    data = bytearray(tiny.read_bytes())
    data[-100] ^= 1
    Path(model["path"]).write_bytes(data)
    assert main(["models", "verify"]) == 1
    assert "DAMAGED" in capsys.readouterr().out
    assert main(["models", "verify", "tiny", "--repair"]) == 0
    assert "has been repaired" in capsys.readouterr().out
    assert main(["models", "verify"]) == 0

    assert main(["models", "remove", "tiny", "--delete"]) == 0
    assert not Path(model["path"]).exists()
    capsys.readouterr()
    assert main(["models", "list", "--json"]) == 0
    assert as_json(capsys) == []

    assert main(["models", "connections"]) == 0
    assert f"fetch {REPO}/tiny.gguf" in capsys.readouterr().out


@pytest.mark.skipif(sys.platform == "win32", reason="pseudoterminals are Unix's")
@pytest.mark.parametrize("columns", [30, 56, 80, 100, 160])
def test_the_list_is_a_table_that_fits(tiny: Path, columns: int) -> None:
    """A line a model, in a hundred columns or the terminal's if they are fewer; what matters least goes first."""
    from .pty_screen import TERN, PtyScreen

    model = importing.take(tiny, True, "mine", "海を渡る白い鳥 " * 4)
    shelf.note_speed(model.path, 42.123)
    with PtyScreen([*TERN, "models", "list"], columns=columns) as screen:
        assert screen.finish() == 0
        lines = screen.lines
    rows = [line for line in lines if line.startswith(("mine ", "bitnet-2b4t "))]
    assert len(rows) == 2
    assert all(cells(line) <= min(columns, 100) for line in lines[:18])
    mine, bitnet = rows
    assert "verified" in mine
    if columns >= 56:
        assert "1.19 GB" in bitnet
        assert "42.1" in mine
    if columns >= 80:
        assert "BitNet b1.58 2B4T" in bitnet
        assert "海を渡る" in mine
        assert str(format_memory(catalog.entries()[0].memory)).replace("\u2009", " ") in bitnet
    assert "microsoft/" not in "\n".join(lines)


def test_the_long_list_says_everything(tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = importing.take(tiny, True, "mine", "Mine")
    assert main(["models", "list", "--long"]) == 0
    printed = capsys.readouterr().out
    for told in (
        "microsoft/bitnet-b1.58-2B-4T-gguf/ggml-model-i2_s.gguf", "TII Falcon LLM License 2.0", "4,096 tokens",
        str(model.path), model.sha256,
    ):  # fmt: skip
        assert told in printed
    assert max(len(line) for line in printed.splitlines() if " /" not in line) <= 100


def test_what_this_computer_cannot_run_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tern.cli.models_list.usable_memory", lambda: 900_000_000)
    assert main(["models", "list"]) == 0
    printed = capsys.readouterr().out
    (falcon,) = (line for line in printed.splitlines() if line.startswith("falcon-e-1b "))
    assert falcon.endswith("too large")
    assert "too large: it needs more memory than this computer has." in printed
    assert "no room" not in printed


def test_search(hub: LocalHub, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "search", "random"]) == 0
    assert REPO in capsys.readouterr().out
    assert main(["models", "search", "random", "--json"]) == 0
    assert as_json(capsys)[0]["repo"] == REPO
    assert main(["models", "search", "nothingofthekind"]) == 0
    printed = capsys.readouterr()
    assert printed.out == "No matches. Try fewer words.\n"
    assert printed.err == ""


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["fetch", "gpt-5"], "catalogue has no gpt-5"),
        (["fetch", "owner/none"], "(404)"),
        (["fetch", REPO, "--revision", "v9"], "(404)"),
        (["remove", "nothing"], "no model called nothing"),
        (["verify", "2b4t"], "tern models fetch bitnet-2b4t"),
        (["import", "nowhere.gguf"], "no such file"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    arguments: list[str], sentence: str, hub: LocalHub, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", *arguments]) == 1
    error = capsys.readouterr().err
    assert error.startswith("tern: ")
    assert sentence in error
    assert error.count("\n") == 1


def test_a_model_that_is_not_here_yet(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ask", "--model", "bitnet-2b4t", "Hi"]) == 1
    assert "Fetch it with: tern models fetch bitnet-2b4t" in capsys.readouterr().err


def test_the_catalogues_file_must_be_the_one_it_knows(
    hub: LocalHub, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = hub.folder / "microsoft" / "bitnet-b1.58-2B-4T-gguf"
    folder.mkdir(parents=True)
    (folder / "ggml-model-i2_s.gguf").write_bytes(b"something else" * 100)
    assert main(["models", "fetch", "2b4t"]) == 1
    assert "now offers another ggml-model-i2_s.gguf" in capsys.readouterr().err
    assert hub.asked == []


def test_import_links_or_copies(tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "import", str(tiny), "--link", "--name", "mine"]) == 0
    assert main(["models", "import", str(tiny)]) == 0
    capsys.readouterr()
    assert main(["models", "list", "--json"]) == 0
    mine, copy = as_json(capsys)
    assert (mine["name"], mine["path"], mine["linked"]) == ("mine", str(tiny), True)
    assert Path(copy["path"]).read_bytes() == tiny.read_bytes()
    assert copy["verified"]
    assert main(["models", "remove", "mine"]) == 0
    assert tiny.exists()


def test_import_takes_what_is_meant(tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "only one.gguf").write_bytes(tiny.read_bytes())
    own = shelf.models_dir() / "imported"
    own.mkdir()
    old, new = own / ".x.gguf.1-2.part", own / ".y.gguf.1-2.part"  # what killed imports leave
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (1e9, 1e9))
    assert main(["models", "import", str(folder), "--name", "../My Model"]) == 0
    (model,) = shelf.installed()
    assert model.name == "my-model"
    assert model.path.name == "only one.gguf"
    assert (old.exists(), new.exists()) == (False, True)
    (folder / "weights.safetensors").write_bytes(b"x")
    assert main(["models", "import", str(folder / "weights.safetensors")]) == 1
    assert "is damaged or not complete" in capsys.readouterr().err


def test_killed_in_the_middle(hub: LocalHub, data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    size = 160_000_000
    served = hub.folder / "owner" / "large" / "large.bin"
    served.parent.mkdir()
    served.write_bytes(np.random.default_rng(1).bytes(size))
    command = [sys.executable, "-m", "tern", "models", "fetch", "owner/large", "large.bin"]
    hub.faults.rate = 100e6
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    while hub.sent < size // 2 and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    folder = data_dir / "data" / "models" / "owner--large"
    assert not (folder / "large.bin").exists()
    # Whole blocks, each a line that is no JSON.
    lines = (folder / "large.bin.part.journal").read_text().split("\n")[:-1]
    told = sum(not line.startswith("{") for line in lines)
    assert told > 0
    hub.faults.rate = None
    assert main(["models", "fetch", "owner/large", "large.bin", "--json"]) == 0
    found = as_json(capsys)
    assert found["received"] <= size - told * BLOCK  # nothing that was there for sure came again
    assert found["sha256"] == sha256_of(served)
    assert [path.name for path in folder.iterdir()] == ["large.bin"]


def test_what_is_left_of_an_update_or_a_repair_is_listed_and_goes_on(
    hub: LocalHub, tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = NetworkOptions(endpoint=hub.url)
    model = hub_find.prepare(hub_client.find_file(options, REPO), options, name="mine", title="Mine").run()
    assert model is not None

    def listed() -> list[str]:
        capsys.readouterr()
        assert main(["models", "list"]) == 0
        return [line for line in capsys.readouterr().out.splitlines() if line.startswith("Unfinished")]

    assert listed() == []
    data = bytearray(tiny.read_bytes())
    data[-100] ^= 1
    model.path.write_bytes(data)
    download = hub_find.repair(model, options)
    download.pause()
    assert download.run() is None
    assert listed() == ["Unfinished repair of mine. Resume: tern models verify mine --repair"]
    assert main(["models", "verify", "mine", "--repair"]) == 0
    assert "mine: was damaged and has been repaired" in capsys.readouterr().out
    assert model.path.read_bytes() == tiny.read_bytes()
    assert listed() == []

    served = hub.folder / REPO / "tiny.gguf"
    newer = tiny.read_bytes()[::-1]
    served.write_bytes(newer)
    download = hub_find.prepare(hub_client.find_file(options, REPO), options)
    download.pause()
    assert download.run() is None
    (line,) = listed()
    assert line.startswith("Unfinished update of mine, ")
    assert line.endswith(f". Resume: tern models fetch {REPO} tiny.gguf")
    assert main(["models", "fetch", REPO, "tiny.gguf"]) == 0
    assert model.path.read_bytes() == newer
    assert [(model.name, model.title) for model in shelf.installed()] == [("mine", "Mine")]
    assert listed() == []


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent as Unix does")
def test_ctrl_c_pauses(hub: LocalHub) -> None:
    hub.faults.rate = 100e3
    command = [sys.executable, "-m", "tern", "models", "fetch", REPO]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not hub.sent and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=HANG_S)
    assert process.returncode == 130
    assert "the same command resumes from there" in error
    assert "Traceback" not in error


def test_the_progress_line() -> None:
    shown = line("m.gguf", DownloadProgress("downloading", 540_000_000, 1_188_000_000, 12.34e6, 52.5))
    assert shown.endswith("45%  540 MB of 1.19 GB · 12 MB/s · 52 s left")
    assert line("m", DownloadProgress("verifying", 1, 1)).endswith("100%  Verifying…")
    assert [time_left(seconds).replace("\u2009", " ") for seconds in (3, 180, 7800)] == [
        "3 s",
        "3 min",
        "2 h 10 min",
    ]


GUARD = """
import sys
attempts = []
def hook(event, args):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "socket.bind"):
        attempts.append((event, args[1:] if event == "socket.connect" else args))
sys.addaudithook(hook)
from tern.__main__ import main
assert main(sys.argv[1:]) == 0
assert not attempts, attempts
print("no attempt")
"""
PROBE = """
import contextlib, socket
with contextlib.suppress(OSError):
    socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 9))
"""
TALK = "Hi\nTell me more\n/system Be brief.\nAnd now?\n/quit\n"


def _chat(model: Path) -> list[str]:
    return ["chat", "--threads", "1", "--model", str(model), "--greedy", "--max-tokens", "8"]


def test_a_chat_asks_the_network_for_nothing(tiny: Path) -> None:
    """Every name looked up and every address connected to raises an audit event, whoever does it in Python."""
    run = subprocess.run(
        [sys.executable, "-c", GUARD, *_chat(tiny)], input=TALK, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.endswith("no attempt\n")
    assert network.connections() == []


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0 or shutil.which("unshare") is None,
    reason="a network namespace needs root",
)
def test_a_chat_in_a_world_without_network(tiny: Path) -> None:
    """In a network namespace of its own the kernel counts what any library, C too, tries to send: nothing."""
    if subprocess.run(["unshare", "-n", "true"], check=False, capture_output=True).returncode:
        pytest.skip("may not make a network namespace here")

    def counted(*command: str, stdin: str = "") -> tuple[str, int]:
        script = 'LAST="$0"; "$LAST" "$@"; cat /proc/net/snmp'
        run = subprocess.run(
            ["unshare", "-n", "sh", "-c", script, *command],
            input=stdin, capture_output=True, text=True, check=False,
        )  # fmt: skip
        said, _, counters = run.stdout.rpartition("Ip: Forwarding")
        names, values = (("Ip: Forwarding" + counters).splitlines())[:2]
        ip = dict(zip(names.split()[1:], map(int, values.split()[1:]), strict=True))
        return said, ip["OutRequests"] + ip["OutNoRoutes"]

    assert counted(sys.executable, "-c", PROBE)[1] > 0  # such an attempt is seen
    said, sent = counted(sys.executable, "-m", "tern", *_chat(tiny), stdin=TALK)
    assert len(said.strip()) > 10
    assert sent == 0


def test_a_small_model_from_hub_to_answer(hub: LocalHub, capsys: pytest.CaptureFixture[str]) -> None:
    path = hub.folder / "owner" / "small" / "small.gguf"
    path.parent.mkdir()
    write_synthetic(path, SHAPES["small"])
    assert main(["models", "fetch", "owner/small"]) == 0
    assert main(["ask", "--model", "small", "--threads", "1", "--max-tokens", "4", "--json", "Hi"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["tokens"] >= 1


def test_convert_and_export(tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    there, back, out = (tmp_path / name for name in ("tq1.gguf", "back.gguf", "export.gguf"))
    assert main(["models", "convert", str(tiny), "--to", "tq1_0", "--out", str(there)]) == 0
    assert "read back and matches" in capsys.readouterr().out
    assert main(["models", "convert", str(there), "--to", "i2_s", "--out", str(back)]) == 0
    assert main(["models", "export", str(tiny), "--out", str(out)]) == 0
    capsys.readouterr()
    answers = []
    for model in (tiny, back):
        assert (
            main(["ask", "--model", str(model), "--threads", "1", "--greedy", "--max-tokens", "9", "Hi"]) == 0
        )
        answers.append(capsys.readouterr().out)
    assert answers[0] == answers[1]
    assert main(["ask", "--model", str(out), "--threads", "1", "--max-tokens", "3", "Hi"]) == 0
    assert main(["models", "convert", str(tiny), "--out", str(there)]) == 1
    assert "does not overwrite" in capsys.readouterr().err


def test_another_kind_of_model_runs_through_llama_cpp(
    tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same weights without the word for ReLU² are llama.cpp's own `bitnet`; under another name not even that."""
    out = tmp_path / "other.gguf"
    assert main(["models", "export", str(tiny), "--out", str(out)]) == 0
    data = out.read_bytes()
    other = data.replace(b"bitnet", b"bitnot")  # no architecture of anybody's
    assert len(other) == len(data)
    out.write_bytes(other)
    capsys.readouterr()
    assert main(["ask", "--model", str(out), "--threads", "1", "Hi"]) == 1
    refused = "other.gguf is a model of the kind bitnot, which the llama.cpp in this Tern does not know"
    assert refused in capsys.readouterr().err
    assert main(["models", "import", str(out)]) == 1
    assert refused in capsys.readouterr().err


def test_a_template_that_nobody_has_allowed_names_the_option(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = "{% for m in messages %}{{ '[' + m.role + ']' + m.content }}{% endfor %}>"
    path = write_foreign(tmp_path / "own.gguf", template=own)
    ask = ["ask", "--model", str(path), "--threads", "1", "--max-tokens", "2", "Hi"]
    capsys.readouterr()
    assert main(ask) == 1
    said = capsys.readouterr().err
    assert "It is a small program" in said
    assert said.endswith(" To allow it, add --trust-template to the command.\n")
    assert main([*ask, "--trust-template"]) == 0
    capsys.readouterr()
    assert main(["chat", "--model", str(path), "--threads", "1"]) == 1
    assert capsys.readouterr().err.endswith(" To allow it, add --trust-template to the command.\n")


def test_safetensors_come_with_what_their_conversion_needs(
    hub: LocalHub, data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = hub.folder / "owner" / "packed"
    folder.mkdir()
    for name, size in (
        ("model.safetensors", 5000),
        ("config.json", 300),
        ("tokenizer.json", 2000),
        ("x.bin", 9),
    ):
        (folder / name).write_bytes(b"x" * size)
    assert main(["models", "fetch", "owner/packed", "model.safetensors"]) == 0
    here = data_dir / "data" / "models" / "owner--packed"
    assert sorted(path.name for path in here.iterdir()) == [
        "config.json",
        "model.safetensors",
        "tokenizer.json",
    ]
    assert f"tern models import {here}" in capsys.readouterr().out
    assert main(["models", "list", "--json"]) == 0
    assert [model["name"] for model in as_json(capsys)] == ["model"]
    assert main(["models", "import", str(here)]) == 1  # not a model at all, and that is said
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.skipif(os.name != "posix", reason="other systems have no paths that are not text")
@pytest.mark.parametrize("link", [True, False])
def test_a_file_whose_name_is_no_text(
    tiny: Path, tmp_path: Path, link: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/m\xe9del.gguf"))
    shutil.copy(tiny, path)
    assert main(["models", "import", *(["--link"] if link else []), "--name", "odd", str(path)]) == 0
    assert main(["ask", "--model", "odd", "--threads", "1", "--greedy", "--max-tokens", "2", "Hi"]) == 0
    assert main(["models", "verify", "odd"]) == 0
    assert "inside Tern" not in capsys.readouterr().err


def test_what_is_meant_by_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert importing.meant(Path()) == Path()
    (tmp_path / "one.gguf").write_bytes(b"GGUF")
    assert importing.meant(Path()) == Path("one.gguf")
    Path("m-00003-of-00003.gguf").write_bytes(b"GGUF")
    assert importing.meant(Path("m-00003-of-00003.gguf")) == Path("m-00001-of-00003.gguf")

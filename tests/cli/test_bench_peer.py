"""``tern bench --peer``: another program's figures beside Tern's, pair by pair; and what goes wrong, in a sentence.

The program here speaks as llama-bench does; what it was asked for lies in a file beside it.
"""

from __future__ import annotations

import json
import stat
import sys
from pathlib import Path

import pytest

from tern.__main__ import main
from tern.cli import bench_run
from tern.errors import UserError
from tern.metrics import peer
from tern.metrics.peer import Peer

PROGRAM = f"""#!{sys.executable}
import json, pathlib, sys
asked = dict(zip(sys.argv[1::2], sys.argv[2::2]))
log = pathlib.Path(__file__).with_suffix(".log")
log.write_text((log.read_text() if log.exists() else "") + json.dumps(asked) + chr(10))
turn = len(log.read_text().splitlines())
about = dict(build_commit="abc123", model_type="bitnet 2B TQ2_0", n_threads=int(asked["-t"]))
print("warming up, as some builds say on standard output")
print(json.dumps([
    dict(about, n_prompt=int(asked["-p"]), n_gen=0, avg_ts=100.0 * turn, samples_ts=[100.0 * turn]),
    dict(about, n_prompt=0, n_gen=int(asked["-n"]), avg_ts=10.0 * turn, samples_ts=[10.0 * turn]),
]))
"""


def program(folder: Path, text: str = PROGRAM) -> Path:
    path = folder / "llama-bench"
    path.write_text(text, "utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a script is no program there")


@pytest.mark.slow
def test_in_turns_with_tern(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bench = program(tmp_path)
    arguments = ["bench", "--data-dir", str(tmp_path / "data"), "--synthetic", "tiny", "--threads", "1"]
    arguments += ["--quick", "--tokens", "8", "--prefill", "32", "--after", "0", "--repeats", "2"]
    assert main([*arguments, "--peer", str(bench), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    found = report["peer"]
    # One pair that does not count, then two; each asked for the same as Tern measured.
    assert found["prefill_32"]["peer"]["repeats"] == [200.0, 300.0]
    assert found["decode"]["peer"]["repeats"] == [20.0, 30.0]
    for part, theirs in (("prefill_32", (200.0, 300.0)), ("decode", (20.0, 30.0))):
        ours = found[part]["tern"]["repeats"]
        assert found[part]["ratios"] == [a / b for a, b in zip(ours, theirs, strict=True)]
    asked = [json.loads(line) for line in bench.with_suffix(".log").read_text().splitlines()]
    assert len(asked) == 3
    assert {"-p": "32", "-n": "8", "-t": "1", "-r": "1", "-o": "json"}.items() <= asked[0].items()
    assert Path(asked[0]["-m"]) == Path(found["file"])
    assert found["file"] == report["file"]  # the same one, unless another is named
    from tern.metrics import bench_report

    text = bench_report.markdown(report)
    assert "build abc123" in text
    assert "bitnet 2B TQ2_0" in text
    assert "| llama-bench " in text


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "#!/bin/sh\necho 'error: unknown model architecture' >&2\nexit 3\n",
            "exit code 3: error: unknown model",
        ),
        ("#!/bin/sh\nexit 1\n", "it says nothing of why"),
        ("#!/bin/sh\necho '| model | size |'\n", "is not the JSON"),
        ("#!/bin/sh\necho '[{}]'\n", "is not the JSON"),
        ('#!/bin/sh\necho \'[{"n_prompt": 32, "n_gen": 0, "avg_ts": 0}]\'\n', "is not the JSON"),
        ("#!/bin/sh\necho '[1, 2]'\n", "is not the JSON"),
        ("#!/no/such/interpreter\n", "cannot be started (No such file or directory)"),
    ],
)
def test_a_program_that_cannot_be_compared(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(UserError) as error:
        Peer(program(tmp_path, text), tmp_path / "model.gguf", 1).run(32, 8)
    assert sentence in str(error.value)


def test_what_is_missing_is_said_before_anything_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def opened(*_: object) -> None:
        pytest.fail("a model was opened")

    monkeypatch.setattr(bench_run, "open_engine", opened)
    start = ["bench", "--data-dir", str(tmp_path / "data"), "--peer"]
    assert main([*start, str(tmp_path / "nothing")]) == 1
    assert "cannot be started (there is no such program" in capsys.readouterr().err
    plain = tmp_path / "plain"
    plain.write_text("not to be run")
    assert main([*start, str(plain)]) == 1
    assert "cannot be started (there is no such program, or it may not be run)" in capsys.readouterr().err
    missing = tmp_path / "no.gguf"
    assert main([*start, str(program(tmp_path)), "--peer-model", str(missing)]) == 1
    assert f"There is no file {missing}" in capsys.readouterr().err


def test_a_program_is_found_by_its_name_as_in_a_shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = program(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert peer.find(Path("llama-bench"), None) == there
    monkeypatch.setenv("PATH", "")
    monkeypatch.chdir(tmp_path)
    assert peer.find(Path("./llama-bench").absolute(), None) == there


def test_options_that_need_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    for wrong in (["--peer-model", "x.gguf"], ["--peer", "x", "--threads", "sweep"]):
        with pytest.raises(SystemExit) as status:
            main(["bench", *wrong])
        assert status.value.code == 2
        assert "--peer" in capsys.readouterr().err

"""The commands on a real (random) model: what they print, what they write, and their exit codes."""

from __future__ import annotations

import json
import math
import platform
from pathlib import Path

import numpy as np
import pytest

from tern import settings
from tern.__main__ import main
from tern.cli import doctor, window
from tern.cli.parser import build_parser, parse
from tern.engine.gguf.reader import GGUFFile
from tern.engine.gguf.writer import GGUFWriter
from tern.engine.types import EngineOptions
from tern.errors import UserError
from tern.library import importing
from tern.metrics import thread_choice
from tern.open_engine import open_any_engine, open_engine

pytestmark = pytest.mark.slow


def _last_json(capsys: pytest.CaptureFixture[str]) -> dict:
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def test_ask_streams_a_reply(tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        main(
            [
                "ask",
                "--threads",
                "1",
                "--model",
                str(tiny),
                "--greedy",
                "--max-tokens",
                "12",
                "Hello",
                "there",
            ]
        )
        == 0
    )
    first = capsys.readouterr().out
    assert len(first.strip()) > 0
    assert (
        main(
            [
                "ask",
                "--threads",
                "1",
                "--model",
                str(tiny),
                "--temperature",
                "0",
                "--max-tokens",
                "12",
                "Hello there",
            ]
        )
        == 0
    )
    assert capsys.readouterr().out == first


def test_ask_json_says_what_was_counted(tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [
        "ask",
        "--threads",
        "1",
        "--model",
        str(tiny),
        "--seed",
        "5",
        "--max-tokens",
        "9",
        "--kv",
        "f32",
        "--json",
        "Hi",
    ]
    assert main(arguments) == 0
    answer = _last_json(capsys)
    stats = answer["stats"]
    assert set(answer) == {"text", "tokens", "finish_reason", "stats"}
    assert answer["tokens"] == stats["tokens"] == 9
    assert answer["finish_reason"] == "max_tokens"
    assert stats["prompt_tokens"] > 3
    assert stats["context_used"] >= stats["prompt_tokens"] + 8
    assert stats["context_size"] == 512
    for rate in ("prefill_tokens_per_s", "decode_tokens_per_s", "time_to_first_token_s"):
        assert stats[rate] > 0
    assert main(arguments) == 0
    assert _last_json(capsys)["text"] == answer["text"]  # same seed


def test_a_system_prompt_and_a_penalty_change_the_reply(
    tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = ["ask", "--threads", "1", "--model", str(tiny), "--max-tokens", "16", "--greedy", "Hi"]
    texts = []
    for arguments in (base, [*base, "--system", "Be kind."], [*base, "--threads", "2"]):
        assert main(arguments) == 0
        texts.append(capsys.readouterr().out)
    assert texts[0] != texts[1]
    assert texts[0] == texts[2]  # the number of threads does not change the words


def test_data_dir_before_or_after_the_command(tiny: Path, tmp_path: Path) -> None:
    ask = ["ask", "--threads", "1", "--model", str(tiny), "--max-tokens", "1", "Hi"]
    for number, arguments in enumerate((["--data-dir", "{}", *ask], [*ask, "--data-dir", "{}"])):
        folder = tmp_path / f"own{number}"
        assert main([argument.format(folder) for argument in arguments]) == 0
        assert list((folder / "cache").glob("vocabulary-*.gguf"))
        assert (folder / "log" / "tern.log").is_file()


def test_the_model_before_or_after_the_command(
    tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in ("ask", "chat", "eval", "bench"):
        needed = ["--text", "x"] if command == "eval" else []
        parse = build_parser().parse_args
        assert parse(["--model", "a.gguf", command, *needed]).model == Path("a.gguf")
        assert parse(["--model", "a.gguf", command, *needed, "--model", "b.gguf"]).model == Path("b.gguf")
        assert parse([command, *needed]).model is None
    assert main(["--model", str(tmp_path / "none.gguf"), "ask", "Hi"]) == 1
    assert "none.gguf" in capsys.readouterr().err


def test_eval_writes_every_logit(tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tokens = np.random.default_rng(0).integers(0, 512, 100)
    np.save(tmp_path / "tokens.npy", tokens)
    for kv in ("f32", "q8_0"):
        out = tmp_path / f"{kv}.npy"
        arguments = ["--tokens", str(tmp_path / "tokens.npy"), "--out", str(out), "--kv", kv, "--json"]
        assert main(["eval", "--threads", "1", "--model", str(tiny), *arguments]) == 0
        assert _last_json(capsys) == {"tokens": 100, "n_vocab": 512, "out": str(out)}
    exact, rounded = np.load(tmp_path / "f32.npy"), np.load(tmp_path / "q8_0.npy")
    assert exact.shape == (100, 512)
    assert exact.dtype == np.float32
    assert np.isfinite(exact).all()
    assert 0 < np.abs(exact - rounded).max() / np.abs(exact).max() < 0.2
    np.save(tmp_path / "tokens.npy", tokens[:3].astype(np.uint16))
    out = tmp_path / "short.npy"
    assert (
        main(
            [
                "eval",
                "--threads",
                "1",
                "--model",
                str(tiny),
                "--tokens",
                str(tmp_path / "tokens.npy"),
                "--out",
                str(out),
            ]
        )
        == 0
    )
    assert np.abs(np.load(out) - exact[:3]).max() / np.abs(exact).max() < 3e-2


def test_logits_need_no_vocabulary(tiny: Path, tmp_path: Path) -> None:
    """The same network without a single tokenizer key gives the same logits, and cannot chat."""
    bare = tmp_path / "bare.gguf"
    writer = GGUFWriter(bare)
    with GGUFFile.open(tiny) as file:
        for key in file.metadata:
            if not key.startswith("tokenizer."):
                kind, payload = file.metadata.raw(key)
                writer.add_raw(key, kind, bytes(payload))
        for name, tensor in file.tensors.items():
            writer.add_tensor(name, tensor.shape, tensor.type, file.data(name).tobytes())
        writer.write()
    tokens = tmp_path / "tokens.npy"
    np.save(tokens, [0, 511, 7])
    found = []
    for model in (tiny, bare):
        out = tmp_path / f"{model.stem}.npy"
        options = ["--threads", "1", "--tokens", str(tokens), "--out", str(out)]
        assert main(["eval", "--model", str(model), *options]) == 0
        found.append(np.load(out))
    assert found[0].shape == (3, 512)
    assert np.array_equal(*found)
    assert main(["ask", "--threads", "1", "--model", str(bare), "Hi"]) == 1


def test_perplexity_is_the_mean_surprise(
    tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = tmp_path / "text.txt"
    text.write_text("the cat sat on the mat; " * 20, encoding="utf-8")
    arguments = ["--text", str(text), "--kv", "f32", "--window", "512", "--json"]
    assert main(["eval", "--threads", "1", "--model", str(tiny), *arguments]) == 0
    found = _last_json(capsys)
    assert found["tokens"] > 60
    engine = open_engine(tiny, EngineOptions(kv_type="f32"))
    bos = engine.model.config.bos_id
    tokens = engine.tokenizer.encode(text.read_text())
    engine.close()
    np.save(tmp_path / "tokens.npy", [bos, *tokens])
    out = tmp_path / "logits.npy"
    arguments = ["--tokens", str(tmp_path / "tokens.npy"), "--out", str(out), "--kv", "f32"]
    assert main(["eval", "--threads", "1", "--model", str(tiny), *arguments]) == 0
    logits = np.load(out).astype(np.float64)[:-1]
    surprise = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(tokens)), tokens]
    assert math.log(found["perplexity"]) == pytest.approx(surprise.mean(), rel=1e-5)
    assert found["tokens"] == len(tokens)
    assert found["error"] == pytest.approx(
        found["perplexity"] * surprise.std() / math.sqrt(len(tokens)), rel=1e-4
    )
    assert main(["eval", "--threads", "1", "--model", str(tiny), "--text", str(text), "--window", "16"]) == 0
    printed = capsys.readouterr().out
    assert "window 16" in printed
    assert f"This text is too short to judge a model by: {len(tokens):,} tokens." in printed
    assert "1,000 tokens or more" in printed
    text.write_text("the cat sat on the mat; " * 400, encoding="utf-8")
    assert main(["eval", "--threads", "1", "--model", str(tiny), "--text", str(text)]) == 0
    assert "too short" not in capsys.readouterr().out


def test_a_text_is_measured_whatever_its_encoding(
    tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "Später regnete es ein bisschen, und alle kehrten nach Hause zurück.\n" * 4
    found = []
    for codec, line_end in (("utf-8", "\n"), ("cp1252", "\r\n"), ("utf-16", "\r")):
        path = tmp_path / f"{codec}.txt"
        path.write_bytes(text.replace("\n", line_end).encode(codec))
        assert main(["eval", "--threads", "1", "--model", str(tiny), "--text", str(path), "--json"]) == 0
        read = capsys.readouterr()
        found.append(json.loads(read.out))
        assert ("Windows-1252" in read.err) == (codec == "cp1252")
    assert found[0] == found[1] == found[2]


def test_doctor_reports(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["doctor", "--json"])
    found = _last_json(capsys)
    assert code == (1 if found["problems"] else 0)
    assert found["versions"]["llama-cpp-python"] == "0.3.36"
    assert found["kernels"]["chosen"] in found["kernels"]["available"]
    assert found["processor"]["threads Tern uses"] >= 1
    assert found["ggml"]["version"]
    if platform.machine() in ("x86_64", "AMD64"):
        assert {"AVX2", "FMA", "F16C", "BMI2"} <= set(found["ggml"]["built with"])
    assert found["memory"]["available MB"] <= (found["memory"]["limit MB"] or found["memory"]["total MB"])
    main(["doctor"])
    printed = capsys.readouterr().out
    assert "instruction sets" in printed
    if not found["problems"]:
        assert printed.endswith("\nEverything Tern needs is here.\n")
    assert "For real conversations, get BitNet b1.58 2B4T (1.19 GB): tern models fetch bitnet-2b4t" in printed


def test_doctors_verdict_says_what_is_wrong_and_what_to_do(
    tiny: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def gone() -> dict[str, str]:
        raise UserError("The kernels are not there. Install Tern anew.")

    monkeypatch.setitem(doctor._SECTIONS, "kernels", gone)
    monkeypatch.setitem(doctor._SECTIONS, "memory", lambda: {"available MB": 500})
    monkeypatch.setitem(
        doctor._SECTIONS, "screen", lambda: {"usable": False, "problem": "there is no display"}
    )
    model = importing.take(tiny, False, "mine", "Mine")
    model.path.write_bytes(model.path.read_bytes()[:-1])
    assert main(["doctor"]) == 1
    said = capsys.readouterr().out.splitlines()
    assert said[-6:-1] == [
        "No window can open here: there is no display. Tern works in the terminal: tern chat",
        "Only 500 MB of memory is free, and BitNet b1.58 2B4T needs about 0.9 GB. Close other programs before you "
        "open it.",
        "The file of mine is missing or incomplete. Import it again, or: tern models remove mine",
        "For real conversations, get BitNet b1.58 2B4T (1.19 GB): tern models fetch bitnet-2b4t",
        "The kernels are not there. Install Tern anew.",
    ]
    assert said[-1].startswith("This keeps Tern from working.")
    assert main(["doctor", "--json"]) == 1
    found = _last_json(capsys)
    assert found["problems"] == ["The kernels are not there. Install Tern anew."]
    assert len(found["hints"]) == 4


WRONG_FILES = {
    "--tokens text.txt --out o.npy": "cannot read",
    "--tokens real.npy --out o.npy": "one-dimensional array of whole numbers",
    "--tokens square.npy --out o.npy": "one-dimensional",
    "--tokens large.npy --out o.npy": "outside the vocabulary",
    "--tokens long.npy --out o.npy": "the context takes 1 to 512",
    "--tokens none.npy --out o.npy": "the context takes 1 to 512",
    "--tokens missing.npy --out o.npy": "cannot read",
    "--tokens good.npy --out nowhere/o.npy": "could not write",
    "--text missing.txt": "cannot read",
    "--text empty.txt": "holds no text",
    "--text binary.txt": "is not a text",
    "--text .": "cannot read",
    "--text text.txt --window 1": "at least 2",
}


@pytest.mark.parametrize("arguments", WRONG_FILES)
def test_eval_says_what_is_wrong_with_a_file(
    arguments: str,
    tiny: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.txt").write_text("some text")
    (tmp_path / "empty.txt").write_text("")
    (tmp_path / "binary.txt").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0")
    arrays = {"real": [0.5], "square": [[1]], "large": [512], "long": [1] * 513, "good": [1]}
    for name, values in arrays.items():
        np.save(tmp_path / f"{name}.npy", values)
    np.save(tmp_path / "none.npy", np.empty(0, np.int32))
    assert main(["eval", "--threads", "1", "--model", str(tiny), *arguments.split()]) == 1
    said = capsys.readouterr().err
    assert WRONG_FILES[arguments] in said
    assert said.startswith("tern: ")
    assert said.count("\n") == 1
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize(
    "arguments",
    [
        ["ask"],
        ["ask", "--encoding", "nonsense", "Hi"],
        ["ask", "--top-p", "3", "Hi"],
        ["ask", "--temperature", "warm", "Hi"],
        ["ask", "--threads", "0", "Hi"],
        ["ask", "--kv", "f64", "Hi"],
        ["ask", "--max-tok", "3", "Hi"],
        ["eval"],
        ["eval", "--tokens", "a.npy"],
        ["eval", "--text", "a", "--tokens", "b"],
        ["eval", "--text", "a", "--out", "b"],
        ["eval", "--tokens", "a", "--out", "b", "--window", "9"],
        ["bench", "--synthetic", "huge"],
        ["bench", "--synthetic", "tiny", "--model", "x"],
        ["bench", "--sparsity", "0.8"],
        ["bench", "--synthetic", "tiny", "--sparsity", "0.99"],
        ["bench", "--threads", "sweep", "--compare"],
        ["bench", "--threads", "all"],
        ["ask", "--threads", "sweep", "Hi"],
        ["ask", "--threads", "100000", "Hi"],
        ["bench", "--threads", "32000"],
        ["ask", "--max-tokens", "99999999999", "Hi"],
        ["ask", "--temperature", "nan", "Hi"],
        ["ask", "--temperature", "2.5", "Hi"],
        ["ask", "--top-k", "1e3", "Hi"],
        ["ask", "--seed", "-1", "Hi"],
        ["ask", "--model", "", "Hi"],
        ["chat", "--model", ""],
        ["bench", "--model", ""],
        ["--model", ""],
        ["eval", "--text", ""],
        ["models", "import", ""],
        ["ask", "--attach", "", "Hi"],
        ["chats", "import", ""],
        ["chats", "export", "--all", "--out", ""],
        ["models", "convert", "", "--out", "x"],
        ["dance"],
    ],
)
def test_wrong_usage_is_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: tern" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("dance", "tern: error: there is no command 'dance'. tern --help lists them."),
        ("modles list", "there is no command 'modles'. Did you mean models? tern --help lists them."),
        ("BENCH", "there is no command 'BENCH'. Did you mean bench?"),
        ("e", "there is no command 'e'. Did you mean eval?"),
        ("try", "there is no command 'try'. tern --help"),
        ("models lst", "there is no command 'lst'. Did you mean list? tern models --help lists them."),
        ("chats exprt 1", "there is no command 'exprt'. Did you mean export?"),
    ],
)
def test_a_command_that_does_not_exist(arguments: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The nearest is named, and a hidden one never."""
    with pytest.raises(SystemExit):
        main(arguments.split())
    printed = capsys.readouterr().err
    assert said in printed
    assert "try-model" not in printed
    assert "choose from" not in printed


def test_the_terminals_ranges_are_the_windows() -> None:
    """What the settings refuse, no option takes; what they take, every option takes."""
    parser = build_parser()
    for option, setting in {
        "--threads": settings.THREADS,
        "--max-tokens": settings.MAX_TOKENS,
        "--temperature": settings.TEMPERATURE,
        "--top-k": settings.TOP_K,
        "--top-p": settings.TOP_P,
        "--min-p": settings.MIN_P,
        "--repeat-penalty": settings.REPEAT_PENALTY,
        "--seed": settings.SEED,
    }.items():
        assert setting.high is not None
        name = option.removeprefix("--").replace("-", "_")
        assert getattr(parser.parse_args(["ask", option, str(setting.high), "Hi"]), name) == setting.high
        with pytest.raises(SystemExit):
            parser.parse_args(["ask", option, str(setting.high + 1), "Hi"])


def test_threads_are_held_to_the_computer(tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """At every door: the option, the settings, a measured count from another computer, the engine itself."""
    most = settings.most_threads()
    with pytest.raises(SystemExit):
        main(["ask", "--threads", str(most + 1), "Hi"])
    assert f"must be at most {most} on this computer" in capsys.readouterr().err
    assert settings.THREADS.problem(most + 1) == f"must be at most {most}"
    kept = settings.Settings({"threads_measured": 512, "threads_measured_on": thread_choice.this_computer()})
    assert thread_choice.thread_count(kept) == most
    for open_it in (open_engine, open_any_engine):
        engine = open_it(tiny, EngineOptions(threads=most + 1))
        assert engine.info.threads == most
        engine.close()


def test_the_contexts_limit_is_the_models(tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ask", "--model", str(tiny), "--context", "999999999", "Hi"]) == 1
    assert "context can be 16 to 512 tokens, not 999,999,999" in capsys.readouterr().err


def test_a_bug_is_one_sentence_and_a_trace_in_the_log(
    tiny: Path, data_dir: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("a bug of ours")

    monkeypatch.setattr("tern.open_engine.open_engine", broken)
    assert main(["ask", "--threads", "1", "--model", str(tiny), "Hi"]) == 1
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert "the details are in" in said
    assert "a bug of ours" in (data_dir / "log" / "tern.log").read_text()


def test_greedy_keeps_the_penalty_and_refuses_another_temperature() -> None:
    from tern.cli import options
    from tern.cli.parser import build_parser
    from tern.engine.types import SamplingParams

    def asked(*arguments: str) -> SamplingParams:
        return options.sampling(build_parser().parse_args(["ask", *arguments, "Hi"]))

    assert asked("--greedy") == SamplingParams(temperature=0.0)
    assert asked("--greedy", "--repeat-penalty", "1.5") == SamplingParams(temperature=0.0, repeat_penalty=1.5)
    assert asked("--greedy", "--temperature", "0", "--seed", "3").greedy
    assert asked("--repeat-penalty", "1.5") == SamplingParams(repeat_penalty=1.5)
    with pytest.raises(UserError, match="Leave out --greedy or --temperature"):
        asked("--greedy", "--temperature", "0.7")


def test_greedy_with_a_penalty_says_something_else(tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = []
    for more in ([], ["--repeat-penalty", "2"], ["--repeat-penalty", "2"]):
        command = [
            "ask",
            "--threads",
            "1",
            "--model",
            str(tiny),
            "--max-tokens",
            "40",
            "--greedy",
            *more,
            "Hi",
        ]
        assert main(command) == 0
        said.append(capsys.readouterr().out)
    assert said[0] != said[1] == said[2]


@pytest.mark.parametrize("word", ["a.gguf", "/tmp/A.GGUF", "./x"])
def test_a_file_alone_is_opened_in_the_window(word: str) -> None:
    """As a desktop gives it that opens a file with Tern."""
    args = parse([word])
    assert args.model == Path(word)
    assert args.run is window.run
    assert parse(["doctor"]).run is doctor.run, "a command is no file"

"""``tern bench`` on a tiny model: what it counts adds up, what it prints is what it counted. Nothing about speed."""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Any

import pytest

from tern.__main__ import main
from tern.cli import bench_models, options
from tern.cli.parser import build_parser
from tern.engine.gguf.reader import GGUFFile
from tern.errors import UserError
from tern.metrics import bench_report, roofline, thread_choice
from tern.settings import QUIET, THREADS, Settings

pytestmark = pytest.mark.slow

BENCH = ["bench", "--synthetic", "tiny", "--threads", "1", "--quick", "--tokens", "8"]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """One run of everything."""
    folder = tmp_path_factory.mktemp("bench")
    arguments = ["--prefill", "32", "64", "--after", "0", "100", "9999", "--compare", "--json"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TERN_DATA_DIR", str(folder))
        with (folder / "out").open("w+") as out:
            patch.setattr("sys.stdout", out)
            assert main([*BENCH, *arguments]) == 0
            out.seek(0)
            found: dict[str, Any] = json.loads(out.read())
    return found


def test_rates(report: dict[str, Any]) -> None:
    for part in ("prefill_32", "prefill_64", "decode", "decode_100"):
        rate = report[part]
        assert len(rate["repeats"]) == 3
        assert 0 < rate["low"] <= rate["tokens_per_s"] <= rate["high"]
    assert report["contexts"] == [0, 100]  # 9,999 tokens do not fit this model
    kept = report["decode_100"]["tokens_per_s"] / report["decode"]["tokens_per_s"]
    assert report["decode_100"]["part_of_empty"] == pytest.approx(kept)
    assert report["threads"] == 1
    assert report["wanted_logits"] == 40
    assert 0 <= report["other_programs"] <= 1
    assert report["synthetic"] == "tiny"


def test_python_takes_little_of_a_token(report: dict[str, Any]) -> None:
    python = report["python_ms_per_token"]
    assert python["tokens"] >= 2
    assert 0 < python["median"] <= python["high"]
    assert f"| {python['median']:.2f}" in bench_report.markdown(report)


def test_a_fresh_process_says_how_it_started_and_what_it_holds(report: dict[str, Any]) -> None:
    cold, memory = report["cold_start"], report["memory"]
    assert cold["prompt_tokens"] == 20
    assert 0 < cold["low"] <= cold["first_token_s"] <= cold["high"]
    assert memory["context_used"] == 512  # all that the tiny model has
    assert report["resident_mb"] == memory["resident_mb"] > 10
    assert memory["resident_mb"] <= memory["peak_mb"]
    assert sum(memory["parts_mb"].values()) == pytest.approx(memory["resident_mb"])
    assert 0 < memory["parts_mb"]["KV cache"] <= 1
    weights = sum(size for name, size in memory["parts_mb"].items() if name.startswith("weights"))
    assert 0 < weights <= report["file_bytes"] / 1e6


def test_the_limits_follow_from_the_file(report: dict[str, Any]) -> None:
    read = report["bytes_per_token"]
    with GGUFFile.open(report["file"]) as file:
        sizes = roofline.TensorSizes.of(file.tensors.values())
    passes = report["memory_bandwidth"]["passes"]
    assert len(passes) == len(report["decode"]["repeats"]) + 1
    assert report["memory_bandwidth_gb_s"] == statistics.median(passes) <= report["memory_bandwidth"]["best"]
    limit = report["memory_bandwidth_gb_s"] * 1e9 / (sizes.ternary_values / 4 + 512 * 256 * 210 / 256)
    assert report["dense_limit_tokens_per_s"] == pytest.approx(limit)
    per_gb = report["dense_limit_tokens_per_s"] / report["memory_bandwidth_gb_s"]
    by_limit = [
        rate / (per_gb * (before + after) / 2)
        for rate, before, after in zip(report["decode"]["repeats"], passes[:-1], passes[1:], strict=True)
    ]
    assert report["decode_by_dense_limit"]["ratios"] == pytest.approx(by_limit)
    assert report["decode_by_dense_limit"]["ratio"] == pytest.approx(statistics.median(by_limit))
    assert read["total"] == pytest.approx(sum(size for part, size in read.items() if part != "total"))
    live = report["live"]
    assert len(live["layers"]) == 2
    assert 0.4 < live["rows"] < 0.6  # half of random gates are positive
    assert 0 < live["columns"] < live["rows"]
    assert read["gate"] == sizes.gate
    assert read["up"] == pytest.approx(live["rows"] * sizes.up)
    assert read["down"] == pytest.approx(live["columns"] * sizes.down)
    assert report["decode_reads_gb_s"] == pytest.approx(
        report["decode"]["tokens_per_s"] * read["total"] / 1e9
    )


def test_the_comparison_is_pair_by_pair(report: dict[str, Any]) -> None:
    found = report["compare"]
    assert found["prompts"] == [64]
    for part in ("decode", "prefill_64"):
        pairs = zip(found[part]["tern"]["repeats"], found[part]["llama_cpp"]["repeats"], strict=True)
        ratios = [tern / other for tern, other in pairs]
        assert len(ratios) == found["pairs"] == 3
        assert found[part]["ratios"] == pytest.approx(ratios)
        assert found[part]["ratio"] == sorted(ratios)[1]


def test_the_text_says_what_the_json_says(report: dict[str, Any]) -> None:
    text = bench_report.markdown(report)
    assert f"kernel {report['kernel']} · 1 thread · KV cache f16" in text
    for part in ("decode", "prefill_64"):
        assert f"**{report['compare'][part]['ratio']:.2f}**" in text
    for name, size in report["memory"]["parts_mb"].items():
        assert size < 0.05 or name in text
    disturbed = bench_report.markdown({**report, "disturbed": True, "other_programs": 0.5})
    assert "Other programs took 50% of the processors: these figures are too low" in disturbed
    tables = [line for line in text.splitlines() if line.startswith("|")]
    assert len(tables) > 20
    assert len({line.count("|") for line in tables}) < 5
    assert max(map(len, tables)) <= 100  # a terminal's width, about


def test_bench_prints_a_report(tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--quick", "--tokens", "2", "--repeats", "1", "--prefill", "8", "--after", "0"]
    assert main(["bench", "--model", str(tiny), "--threads", "1", *arguments]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("# Tern bench\n\nRandom BitNet · ")
    assert "llama.cpp's kernels" not in printed
    assert main(["bench", "--model", str(tiny), "--prefill", "9999"]) == 1
    assert "too small" in capsys.readouterr().err


def test_random_models_are_made_once_and_again_when_damaged(data_dir: Path) -> None:
    path = bench_models.synthetic_model("tiny")
    made = path.stat().st_mtime_ns
    assert bench_models.synthetic_model("tiny") == path
    assert path.stat().st_mtime_ns == made
    assert bench_models.synthetic_model("tiny", 0.8) != path
    other = bench_models.llama_cpp_model(path)
    assert bench_models.llama_cpp_model(path) == other
    whole = path.read_bytes()
    path.write_bytes(whole[:-1000])
    assert bench_models.synthetic_model("tiny").read_bytes() == whole
    assert bench_models.llama_cpp_model(path) != other  # another file, perhaps other weights
    assert path.parent == data_dir / "cache"


def test_no_room_is_said(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_models, "_ROOM", 1e12)
    with pytest.raises(UserError, match="Make room"):
        bench_models.synthetic_model("tiny")
    assert not list((data_dir / "cache").iterdir())


def test_a_sweep_finds_the_best_and_keeps_no_tiny_models_word(capsys: pytest.CaptureFixture[str]) -> None:
    sweep = ["bench", "--synthetic", "tiny", "--threads", "sweep", "--tokens", "4", "--repeats", "1"]
    assert main([*sweep, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    rates = {entry["threads"]: entry["decode"]["tokens_per_s"] for entry in found["sweep"]}
    assert next(iter(rates)) == 1
    assert found["threads_best"] == thread_choice.best(rates)
    assert not found["kept"]
    assert Settings.load()[THREADS] == 0
    assert main(sweep) == 0
    assert "Not kept" in capsys.readouterr().out


def test_every_command_uses_the_threads_of_the_settings() -> None:
    def used(*arguments: str) -> int | None:
        return options.engine_options(build_parser().parse_args(["ask", "Hi", *arguments])).threads

    assert used() is None  # the model's size decides
    settings = Settings()
    thread_choice.remember(settings, 7)
    settings.save()
    assert used() == 7
    settings[QUIET] = True
    settings.save()
    assert used() == 3
    assert used("--threads", "2") == 2

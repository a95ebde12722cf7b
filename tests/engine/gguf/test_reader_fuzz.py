"""Whatever the bytes, the GGUF reader opens a file or says what is wrong, with little work and in little memory."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from patience import HANG_S
from tern.engine.config import BitnetConfig
from tern.engine.gguf.reader import MAX_STRINGS, GGUFError, GGUFFile

pytestmark = pytest.mark.slow

MUTATED_FILES = 12_000


@pytest.mark.skipif(sys.platform == "win32", reason="peak memory is read from getrusage")
def test_mutated_headers(tmp_path: Path) -> None:
    script = Path(__file__).with_name("gguf_fuzz.py")
    command = [sys.executable, str(script), str(tmp_path), str(MUTATED_FILES), "20261122"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=HANG_S, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    answer = json.loads(run.stdout)
    assert answer["tried"] == MUTATED_FILES
    assert answer["refused"] > MUTATED_FILES / 2  # the mutations bite
    assert answer["opened"] > 100  # and not only at the door
    assert answer["reasons"] > 30
    assert answer["most_calls"] < 100_000
    assert answer["most_calls_hostile"] < 20 * MAX_STRINGS  # each is passed, found, decoded and listed once
    unit = 1 if sys.platform == "linux" else 1024  # macOS counts in bytes
    assert answer["grown_kb"] / unit < 200_000


counts = st.one_of(st.integers(0, 4), st.integers(0, (1 << 64) - 1))
texts = st.one_of(st.binary(max_size=8), st.sampled_from([b"general.alignment", b"general.architecture"]))


@st.composite
def strings(draw: st.DrawFn) -> bytes:
    text = draw(texts)
    length = draw(st.one_of(st.just(len(text)), counts))
    return struct.pack("<Q", length) + text


@st.composite
def pairs(draw: st.DrawFn) -> bytes:
    kind = draw(st.integers(0, 13))
    array = struct.pack("<I", draw(st.integers(0, 13))) + struct.pack("<Q", draw(counts))
    value = draw(st.one_of(strings(), st.binary(max_size=24), st.just(array + bytes(16))))
    return draw(strings()) + struct.pack("<I", kind) + value


@st.composite
def infos(draw: st.DrawFn) -> bytes:
    dims = draw(st.lists(counts, max_size=5))
    n_dims = draw(st.one_of(st.just(len(dims)), st.integers(0, (1 << 32) - 1)))
    type_, offset = draw(st.integers(0, 45)), draw(counts)
    return draw(strings()) + struct.pack(f"<I{len(dims)}QIQ", n_dims, *dims, type_, offset)


@st.composite
def files(draw: st.DrawFn) -> bytes:
    found_pairs = draw(st.lists(pairs(), max_size=4))
    found_infos = draw(st.lists(infos(), max_size=4))
    n_pairs = draw(st.one_of(st.just(len(found_pairs)), counts))
    n_infos = draw(st.one_of(st.just(len(found_infos)), counts))
    version = draw(st.one_of(st.just(3), st.integers(0, (1 << 32) - 1)))
    head = b"GGUF" + struct.pack("<IQQ", version, n_infos, n_pairs)
    return head + b"".join(found_pairs) + b"".join(found_infos) + draw(st.binary(max_size=64))


def _describe(path: Path) -> BitnetConfig:
    with GGUFFile.open(path) as file:
        for key in file.metadata:
            with suppress(GGUFError):
                file.metadata[key]
        return BitnetConfig.from_gguf(file)


@given(content=st.one_of(files(), st.binary(max_size=256)))
@example(content=b"GGUF" + struct.pack("<IQQ", 3, 0, 0))
@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_invented_headers(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "invented.gguf"
    path.write_bytes(content)
    with pytest.raises(GGUFError) as caught:  # nothing invented here has a BitNet's tensors
        _describe(path)
    assert str(caught.value).startswith("Tern cannot use invented.gguf: ")
    assert "\n" not in str(caught.value)

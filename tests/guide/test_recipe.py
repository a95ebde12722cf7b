"""The recipe from end to end, tiny and on the CPU: data, training, export, and Tern's engine on the result."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.slow

torch = pytest.importorskip("torch", reason="training the guide needs PyTorch")
pytest.importorskip("tokenizers", reason="the recipe's vocabulary needs the tokenizers package")

from guide_recipe import checkpoint, export  # noqa: E402
from guide_recipe.english import SMALL_LEXICON  # noqa: E402
from guide_recipe.model import BitLinear, Config, Guide, int8, ternary  # noqa: E402
from guide_recipe.prepare import prepare, write_dialogues  # noqa: E402
from guide_recipe.train import train  # noqa: E402
from guide_recipe.vocabulary import SPECIALS, ChatFormat, load  # noqa: E402

from tern.engine.bitnet_engine import BitnetEngine  # noqa: E402
from tern.engine.gguf import ternary_bytes  # noqa: E402
from tern.engine.gguf.reader import GGUFFile  # noqa: E402
from tern.engine.types import EngineOptions, Message, Request, SamplingParams  # noqa: E402
from tern.open_engine import open_engine  # noqa: E402

CONFIG = Config(vocab=512, context=256, width=128, ffn=256, layers=2, heads=4, kv_heads=2)
STEPS = 70


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[float], Guide]:
    """A folder with tokenizer.json, guide.npz and guide.gguf; the losses; the model."""
    folder = tmp_path_factory.mktemp("guide")
    data = prepare(folder, dialogues=1500, context=CONFIG.context, vocab=CONFIG.vocab, seed=1, wordnet=False)
    torch.manual_seed(1)
    model = Guide(CONFIG)
    losses = train(model, data, STEPS, batch=4)
    checkpoint.save(model, folder)
    export.export(folder, folder / "tokenizer.json", folder / "guide.gguf")
    return folder, losses, model


@pytest.fixture
def engine(trained: tuple[Path, list[float], Guide]) -> Iterator[BitnetEngine]:
    opened = open_engine(trained[0] / "guide.gguf", EngineOptions(threads=2, kv_type="f32"))
    assert isinstance(opened, BitnetEngine)
    yield opened
    opened.close()


def test_the_loss_falls_clearly(trained: tuple[Path, list[float], Guide]) -> None:
    losses = trained[1]
    assert losses[0] > 6.0  # about log(512): nothing is known yet
    assert np.mean(losses[20:30]) < losses[0] - 0.7
    assert all(np.isfinite(losses))


def test_the_file_holds_what_was_trained(trained: tuple[Path, list[float], Guide]) -> None:
    folder, _, model = trained
    with GGUFFile.open(folder / "guide.gguf") as file:
        assert file.get("general.architecture", str) == "bitnet-b1.58"
        assert file.get("tokenizer.ggml.pre", str) == "llama-bpe"
        for name, layer in model.named_modules():
            if isinstance(layer, BitLinear):
                rows, cols = layer.weight.shape
                weights, scale = ternary_bytes.unpack(file.data(f"{name}.weight"), rows, cols)
                codes, mean = ternary(layer.weight.detach())
                assert np.array_equal(weights, codes.numpy())
                assert scale == np.float32(mean.item())
                assert set(np.unique(weights)) == {-1, 0, 1}


def test_the_engine_computes_the_same_logits(
    trained: tuple[Path, list[float], Guide], engine: BitnetEngine
) -> None:
    ids = [509, 40, 7]
    with torch.no_grad():
        expected = trained[2](torch.tensor([ids]))[0].numpy()
    got = engine.model.eval(np.array(ids, np.int32), 0, all_logits=True)
    assert got is not None
    assert np.linalg.norm(got - expected) / np.linalg.norm(expected) < 3e-2


def test_the_engine_writes_text_from_it(engine: BitnetEngine) -> None:
    request = Request((Message("user", "What are you?"),), SamplingParams(temperature=0.0), max_tokens=24)
    chunks = list(engine.generate(request))
    assert "".join(chunk.text for chunk in chunks)  # half a minute of training may have taught it only spaces
    assert chunks[-1].stats.finish_reason is not None


def test_llama_cpp_tokenizes_as_the_recipe_does(
    trained: tuple[Path, list[float], Guide], engine: BitnetEngine
) -> None:
    tokenizer = load(trained[0] / "tokenizer.json")
    chat = ChatFormat(tokenizer)
    texts = [
        "Assistant: ",
        "User:  a  b\n\n\n c",
        "12345 + 6,789 = x²",
        "¿Qué tal? 你好 \U0001f426",
        "I'm we'LL\tDON'T",
        "```py\n  x=[1]\n```",
    ]
    texts += [
        f"{role.capitalize()}: {content}"
        for d in write_dialogues(150, 5, SMALL_LEXICON)
        for role, content in d
    ]
    for text in texts:
        assert engine.tokenizer.encode(text) == tokenizer.encode(text, add_special_tokens=False).ids, text
    messages = [
        ("system", "Be brief."),
        ("user", " hi \n"),
        ("assistant", "Hello!"),
        ("user", "What is 17 + 25?"),
    ]
    built = engine.prompt([Message(role, content) for role, content in messages])  # type: ignore[arg-type]
    assert built.tokens == chat.prompt(messages)
    assert tokenizer.decode(built.tokens[-3:]) == "Assistant: "


def test_special_tokens_stand_last_and_are_never_made_of_text(
    trained: tuple[Path, list[float], Guide], engine: BitnetEngine
) -> None:
    tokenizer = load(trained[0] / "tokenizer.json")
    assert [tokenizer.token_to_id(text) for text in SPECIALS] == [509, 510, 511]
    assert max(engine.tokenizer.encode("<|eot_id|>")) < 509
    ids, learned = ChatFormat(tokenizer).supervised([("user", "hi"), ("assistant", "Hello!")])
    assert ids[-1] == 511
    assert learned[-1]
    assert tokenizer.decode([i for i, on in zip(ids, learned, strict=True) if on]) == "Hello!"


def test_digits_stay_apart(trained: tuple[Path, list[float], Guide]) -> None:
    tokenizer = load(trained[0] / "tokenizer.json")
    assert tokenizer.encode("2048").tokens == ["2", "0", "4", "8"]


def test_int8_rounds_as_transformers_does() -> None:
    integrations = pytest.importorskip(
        "transformers.integrations.bitnet", reason="the comparison needs transformers"
    )
    x = torch.randn(64, 256, generator=torch.Generator().manual_seed(3))
    q, step = int8(x)
    reference = (
        integrations.ActQuant.forward.__wrapped__
        if hasattr(integrations.ActQuant.forward, "__wrapped__")
        else None
    )
    expected = reference(None, x) if reference else integrations.ActQuant.apply(x)
    assert torch.allclose(q * step, expected, rtol=1e-6, atol=0)


def test_training_goes_on_from_saved_latent_weights(trained: tuple[Path, list[float], Guide]) -> None:
    folder, _, model = trained
    again = Guide(CONFIG)
    checkpoint.load_latent(again, folder)
    for (name, layer), other in zip(model.named_modules(), again.modules(), strict=True):
        if isinstance(layer, BitLinear):
            same = (ternary(layer.weight)[0] == ternary(other.weight)[0]).float().mean().item()  # type: ignore[union-attr,arg-type]
            assert same > 0.97, name

import shutil
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from errors import ModelError
from retrieval.encoder import Encoder

TEXTS = [
    "我喜欢时尚的衣服，特别是品牌T恤和牛仔裤",
    "I like fashionable clothes, brand T-shirts and jeans",
    "好看～ ①  ﬁne\tＡＢＣ",
    "一部讲述火星救援的科幻电影",
]
ENGINE_COSINES = [
    [1.0000, 0.8975, 0.8477, 0.8211],
    [0.8975, 1.0000, 0.7844, 0.7357],
    [0.8477, 0.7844, 1.0000, 0.8465],
    [0.8211, 0.7357, 0.8465, 1.0000],
]
"""Between TEXTS as queries, by the C engine of the package that the weights come from."""


@pytest.fixture(scope="module")
def encoder(models_dir):
    return Encoder(models_dir / "encoder", threads=2)


@pytest.fixture
def copied(models_dir, tmp_path):
    """The embedded encoder's folder, to be damaged."""
    folder = tmp_path / "encoder"
    shutil.copytree(models_dir / "encoder", folder)
    return folder


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A BERT of another kind: few words, random weights, no marks for queries."""
    folder = tmp_path_factory.mktemp("tiny-bert")
    words = {word: i for i, word in enumerate(["[PAD]", "[UNK]", "red", "shirt", "blue", "film"])}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]").save_pretrained(folder)
    shape = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    torch.manual_seed(1)
    BertModel(BertConfig(vocab_size=6, max_position_embeddings=16, **shape)).save_pretrained(folder)
    return folder


def test_full_precision_gives_what_the_weights_were_made_for(models_dir):
    vectors = Encoder(models_dir / "encoder", int8=False).encode(TEXTS, "query")
    assert np.allclose(vectors @ vectors.T, ENGINE_COSINES, atol=2e-3)


def test_eight_bits_stay_close(encoder):
    vectors = encoder.encode(TEXTS, "query")
    assert vectors.dtype == np.float32
    assert vectors.shape == (4, encoder.dimension) == (4, 384)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.allclose(vectors @ vectors.T, ENGINE_COSINES, atol=0.03)


@pytest.mark.parametrize(
    ("wishes", "passages"),
    [
        (
            ["想买一条牛仔裤", "火星上的宇航员的电影", "番茄炒鸡蛋怎么做"],
            [
                "Slim jeans in washed denim",
                "A film about astronauts stranded on Mars",
                "Eggs fried with tomatoes",
            ],
        ),
        (
            ["I want a pair of jeans", "a movie about astronauts on Mars", "how to cook eggs with tomatoes"],
            ["水洗丹宁修身牛仔裤", "讲述宇航员被困火星的影片", "家常番茄炒蛋的做法"],
        ),
    ],
)
def test_meaning_crosses_languages(encoder, wishes, passages):
    likeness = encoder.encode(wishes, "query") @ encoder.encode(passages, "passage").T
    assert likeness.argmax(axis=1).tolist() == [0, 1, 2]


def test_queries_and_passages_are_marked_differently(encoder):
    query, passage = (encoder.encode(TEXTS[:1], kind)[0] for kind in ("query", "passage"))
    assert 0.8 < query @ passage < 0.9999


def test_order_is_kept_whatever_the_lengths(encoder):
    texts = [
        "jeans",
        TEXTS[0] * 5,
        "film",
        TEXTS[1],
        "a",
        *(f"item {n} {'word ' * (n % 7)}" for n in range(40)),
    ]
    together = encoder.encode(texts, "passage")
    alone = np.concatenate([encoder.encode([text], "passage") for text in texts])
    assert ((together * alone).sum(axis=1) > 0.98).all()


def test_nothing_empty_and_very_long(encoder):
    assert encoder.encode([], "query").shape == (0, 384)
    empty, long, longer = encoder.encode(["", "word " * 600, "word " * 3000], "query")
    assert np.isfinite(empty).all()
    assert long @ longer > 0.999


def test_many_threads_share_one_encoder(encoder):
    alone = {text: encoder.encode([text], "query")[0] for text in TEXTS}
    with ThreadPoolExecutor(8) as pool:
        asked = TEXTS * 4
        for text, vector in zip(asked, pool.map(lambda t: encoder.encode([t], "query")[0], asked), strict=True):
            assert np.allclose(vector, alone[text], atol=1e-5)


def test_any_bert_goes_through_the_same_class(tiny):
    full, small = Encoder(tiny, int8=False), Encoder(str(tiny))
    texts = ["red shirt", "blue film", "red film " * 30]
    vectors = full.encode(texts, "query")
    assert np.array_equal(vectors, full.encode(texts, "passage"))
    assert ((vectors * small.encode(texts, "query")).sum(axis=1) > 0.97).all()
    assert full.name != small.name


def test_other_weights_have_another_name(tiny, tmp_path):
    tuned = tmp_path / tiny.name
    shutil.copytree(tiny, tuned)
    model = BertModel.from_pretrained(tiny)
    model.encoder.layer[0].output.dense.bias.data += 0.1
    model.save_pretrained(tuned)
    assert Encoder(tuned).name != Encoder(tiny).name == Encoder(tiny).name


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(ModelError, match="does not exist"):
        Encoder(tmp_path / "none")


@pytest.mark.parametrize(
    "name", ["config.json", "tokenizer.json", "tokenizer_config.json", "encoder.json", "model.safetensors"]
)
def test_a_file_cut_short(copied, name):
    path = copied / name
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ModelError, match="missing or damaged"):
        Encoder(copied)


def test_weights_that_lack_a_layer(tiny, tmp_path):
    broken = tmp_path / "broken"
    shutil.copytree(tiny, broken)
    config = BertConfig.from_pretrained(tiny)
    config.num_hidden_layers = 3
    config.save_pretrained(broken)
    with pytest.raises(ModelError, match="weights are missing"):
        Encoder(broken)


def test_a_model_that_is_no_bert(copied):
    (copied / "config.json").write_text('{"model_type": "gpt2"}')
    with pytest.raises(ModelError, match="no BERT"):
        Encoder(copied)

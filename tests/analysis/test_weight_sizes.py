"""What a model's name tells of the GPU memory that its weights take."""

import pytest

from cellcost.analysis.weight_sizes import weights_bytes
from cellcost.figures import memory_text


@pytest.mark.parametrize(
    ("name", "gigabytes"),
    [
        ("meta-llama/Llama-3.1-8B-Instruct", 16),
        ("Qwen/Qwen3-30B-A3B", 60),
        ("Qwen/Qwen2.5-0.5B", 1),
        ("TheBloke/Mistral-7B-Instruct-v0.2-AWQ", 3.9375),
        ("RedHatAI/Meta-Llama-3.1-70B-Instruct-FP8", 70),
        ("HuggingFaceTB/SmolLM2-135M", 0.27),
        ("sentence-transformers/all-mpnet-base-v2", 0.218),
        ("openai/whisper-large-v3", 3.1),
    ],
)
def test_a_name_tells_the_weights(name: str, gigabytes: float) -> None:
    assert weights_bytes(name) == int(gigabytes * 1e9)


@pytest.mark.parametrize(
    ("name", "published"),
    [("mistralai/Mixtral-8x7B-v0.1", 46.7e9), ("mistralai/Mixtral-8x22B", 141e9)],
)
def test_experts_share_what_is_not_theirs(name: str, published: float) -> None:
    """Against the parameter counts on the model cards."""
    size = weights_bytes(name)
    assert size is not None
    assert abs(size / 2 - published) / published < 0.03


@pytest.mark.parametrize(
    "name", ["gpt-4o", "org/model", "v2.1b1", "my-4bit-thing", "./weights", "512"]
)
def test_a_name_that_does_not_tell_gives_nothing(name: str) -> None:
    assert weights_bytes(name) is None


@pytest.mark.parametrize(
    ("size", "text"),
    [(16_000_000_000, "16 GB"), (1_240_000_000, "1.2 GB"), (46_000_000, "46 MB")],
)
def test_memory_reads_like_on_a_data_sheet(size: int, text: str) -> None:
    assert memory_text(size) == text

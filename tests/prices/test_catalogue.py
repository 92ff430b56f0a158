"""A price list is read lazily and fast, and a broken one says where it is broken."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cellcost.errors import CatalogueError
from cellcost.prices import HOST_KINDS, Catalogue, load_catalogue

MODEL: dict[str, Any] = {
    "id": "m1",
    "match": ["=m1"],
    "prices": [{"rates": {"input_mtok": "1"}}],
}


def document(**changes: Any) -> dict[str, Any]:
    provider = {"id": "acme", "name": "Acme", "url": "https://acme", "models": [MODEL]}
    return {"format": 1, "version": "v1", "providers": [provider], **changes}


def written(folder: Path, content: Any) -> Path:
    path = folder / "catalogue.json"
    text = content if isinstance(content, str) else json.dumps(content)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_price_list_of_ones_own_is_read(tmp_path: Path) -> None:
    catalogue = load_catalogue(written(tmp_path, document()))
    provider = catalogue.provider("acme")
    assert provider is not None
    found = catalogue.model(provider, "M1")
    assert found is not None
    assert found[1].id == "m1"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", r"catalogue\.json: not JSON: .*line 1 column 2.*reinstall cellcost"),
        ([], r"catalogue\.json: a catalogue is an object"),
        (document(format=99), r"catalogue\.json: format 99, this cellcost reads 1"),
        (document(version=3), r"catalogue\.json: lacks `version` or `providers`"),
        (document(providers=[{"id": "a"}]), r"catalogue\.json, provider 0: lacks"),
        (document(providers=[7]), r"catalogue\.json, provider 0: "),
        (
            document(
                providers=[{"id": "a", "name": "A", "url": "(", "models": []}],
            ),
            r"catalogue\.json, provider 0: ",
        ),
    ],
)
def test_a_broken_list_says_where(tmp_path: Path, content: Any, said: str) -> None:
    with pytest.raises(CatalogueError, match=said):
        load_catalogue(written(tmp_path, content))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"prices": []}, "`prices` is empty"),
        ({"prices": [{"rates": {"input_mtok": "-1"}}]}, "'-1' is no price"),
        ({"prices": [{"rates": {"input_mtok": "cheap"}}]}, ""),
        ({"prices": [{"rates": {"input_mtok": 1.5}}]}, ""),
        ({"prices": [{"rates": {"surprise": "1"}}]}, "lacks 'surprise'"),
        ({"prices": [{"from": "soon", "rates": {}}]}, "soon"),
        ({"match": ["?x"]}, "'\\?x' is no match clause"),
        ({"match": [""]}, "'' is no match clause"),
        ({"match": ["~("]}, ""),
    ],
)
def test_a_broken_model_says_which(
    tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    content = document()
    content["providers"][0]["models"] = [{**MODEL, **change}]
    catalogue = load_catalogue(written(tmp_path, content))  # models are read later
    provider = catalogue.provider("acme")
    assert provider is not None
    place = rf"catalogue\.json, provider 'acme', model 'm1': .*{said}"
    with pytest.raises(CatalogueError, match=place):
        catalogue.model(provider, "m1")


def test_a_missing_list_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"cannot read .*reinstall cellcost"):
        load_catalogue(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("name", "provider"),
    [
        ("azure.ai.openai", "azure"),
        ("azure.ai.inference", "azure"),
        ("azure_openai", "azure"),
        ("aws.bedrock", "aws"),
        ("gcp.vertex_ai", "google"),
        ("gcp.gemini", "google"),
        ("gcp.gen_ai", "google"),
        ("x_ai", "x-ai"),
        ("xai", "x-ai"),
        ("mistral_ai", "mistral"),
        (" OpenAI ", "openai"),
        ("llama_cpp", "llama.cpp"),
        ("vLLM", "vllm"),
        ("acme", "acme"),
        ("", ""),
    ],
)
def test_names_of_providers_mean_our_ids(
    catalogue: Catalogue, name: str, provider: str
) -> None:
    assert catalogue.provider_id(name) == provider


def test_host_kinds_have_no_list(catalogue: Catalogue) -> None:
    for kind in HOST_KINDS:
        assert catalogue.provider(kind) is None
        assert catalogue.provider_id(kind) == kind


def test_pricing_imports_the_standard_library_only() -> None:
    code = (
        "import sys; before = set(sys.modules); import cellcost.prices;"
        "from cellcost.prices import load_catalogue; load_catalogue();"
        "new = {m.partition('.')[0] for m in set(sys.modules) - before};"
        "print(sorted(new - sys.stdlib_module_names - {'cellcost'}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"

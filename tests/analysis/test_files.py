"""Which files of a folder are looked at, and which can hold a call at all."""

import sys
from pathlib import Path

import pytest

from cellcost.analysis import Document, Notebook, Workspace, analyse, python_files
from cellcost.analysis.heat import may_spend
from cellcost.analysis.workspace import is_left_out

sys.path.insert(0, str(Path(__file__).parent))

from corpus_reader import read_corpus

CORPUS = Path(__file__).parent / "corpus"


def tree(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")


def found(root: Path, *below: str) -> list[str]:
    paths = python_files([root / name for name in below] or [root])
    return [path.relative_to(root).as_posix() for path in paths]


def test_ignore_files_hold_for_what_is_below_them(tmp_path: Path) -> None:
    tree(
        tmp_path,
        {
            ".git/HEAD": "",
            ".gitignore": "# generated\nout/\n*_pb2.py\n/only_here.py\n[broken\n",
            "a.py": "",
            "a_pb2.py": "",
            "only_here.py": "",
            "out/b.py": "",
            "app/only_here.py": "",
            "app/c_pb2.py": "",
            "app/.gitignore": "!c_pb2.py\nlocal.ipynb\n",
            "app/local.ipynb": "",
            "app/deep/local.ipynb": "",
            "app/deep/x.ipynb": "",
            "local.ipynb": "",
        },
    )
    looked_at = [
        "a.py",
        "app/c_pb2.py",
        "app/deep/x.ipynb",
        "app/only_here.py",
        "local.ipynb",
    ]
    assert sorted(found(tmp_path)) == looked_at
    everything = [p for p in tmp_path.rglob("*") if p.suffix in (".py", ".ipynb")]
    kept = [p for p in everything if not is_left_out(p, tmp_path)]
    assert sorted(p.relative_to(tmp_path).as_posix() for p in kept) == looked_at


def test_the_repositorys_files_hold_where_only_a_folder_of_it_is_named(
    tmp_path: Path,
) -> None:
    tree(
        tmp_path,
        {
            ".git/info/exclude": "mine.py\n",
            ".gitignore": "gen/\n",
            "app/gen/a.py": "",
            "app/b.py": "",
            "app/mine.py": "",
        },
    )
    assert found(tmp_path, "app") == ["app/b.py"]
    # What is named itself is looked at.
    assert found(tmp_path, "app/gen", "app/mine.py") == ["app/gen/a.py", "app/mine.py"]


@pytest.mark.parametrize(
    "folder", [".git", ".hg", "node_modules", "site-packages", "__pycache__", "venv"]
)
def test_folders_of_tools_are_skipped(tmp_path: Path, folder: str) -> None:
    tree(tmp_path, {f"{folder}/a.py": "", "b.py": ""})
    assert found(tmp_path) == ["b.py"]


def test_virtual_environments_are_skipped_whatever_their_name(tmp_path: Path) -> None:
    tree(tmp_path, {"tools/pyvenv.cfg": "", "tools/lib/a.py": "", "b.py": ""})
    assert found(tmp_path) == ["b.py"]


def test_a_huge_or_odd_ignore_file_harms_nothing(tmp_path: Path) -> None:
    tree(tmp_path, {"a.py": "", "x/b.py": ""})
    (tmp_path / ".gitignore").write_bytes(b"\xff\xfe\0x/\n" * 3)
    (tmp_path / "x" / ".gitignore").mkdir()
    assert found(tmp_path) == ["a.py", "x/b.py"]


def test_no_file_with_a_call_of_its_own_is_passed_over(tmp_path: Path) -> None:
    """Over the corpus: only calls of functions in other files may be missed."""
    missed: list[str] = []
    passed = 0
    for number, snippet in enumerate(read_corpus(CORPUS)):
        root = tmp_path / str(number)
        tree(root, snippet.files)
        workspace = Workspace(root)
        for name, text in snippet.files.items():
            if may_spend(text.encode()):
                continue
            passed += 1
            unit = Document(str(root / name), text)
            sites = analyse(unit, find=workspace.find)
            missed += [f"{snippet.name}: {name}" for site in sites if not site.wraps]
        if snippet.cells and not may_spend("\n".join(snippet.cells).encode()):
            notebook = Notebook("n.ipynb")
            notebook.update(list(enumerate(snippet.cells)))
            missed += [snippet.name for site in analyse(notebook) if not site.wraps]
    assert missed == []
    assert passed > 10


def test_ordinary_code_is_passed_over() -> None:
    assert not may_spend(b"class Model(Base):\n    objects = Manager()\n    x = 1\n")
    assert may_spend("from openai import OpenAI".encode("utf-16"))
    assert may_spend(b'{"source": ["%%ai gpt\\n"]}')

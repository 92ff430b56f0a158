"""`cellcost trust`: what a project's file may set, said and recorded."""

import pytest

SETTINGS = """
[[endpoints]]
url = "http://127.0.0.1:8080/v1"
provider = "vllm"
rates = { input = 0.5, output = 1.5 }

[[prices]]
provider = "openai"
model = "gpt-5*"
discount = 0.15
valid_from = 2026-01-01
"""


@pytest.fixture
def project_file(cli):
    path = cli.folder / "cellcost.toml"
    path.write_text(SETTINGS)
    return path


def test_trusting_says_what_is_trusted(cli, project_file):
    done = cli("trust")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[:3] == [
        f"Trusted {project_file} as it is now:",
        "  http://127.0.0.1:8080/v1 is vllm at input $0.5, output $1.5 per 1M",
        "  openai gpt-5* less 15 % from 2026-01-01",
    ]
    assert f"{project_file}  20" in cli("trust", "--list").stdout
    assert "in force" in cli("trust", "--list").stdout


def test_the_doctor_and_the_prices_follow_the_trust(cli, project_file):
    url = "http://127.0.0.1:8080/v1/chat/completions"
    before = cli("prices", "qwen3", "--url", url)
    assert before.returncode == 1
    assert f"{project_file} sets endpoints or prices and waits" in before.stderr
    assert f"cellcost trust {project_file}" in cli("doctor").stdout
    cli("trust")
    after = cli("prices", "qwen3", "--url", url)
    assert after.returncode == 0, after.stderr
    assert f"input          0.5  {project_file}" in after.stdout
    assert f"cellcost trust {project_file}" not in cli("doctor").stdout


def test_an_edited_file_is_shown_as_edited(cli, project_file):
    cli("trust", str(project_file))
    project_file.write_text(SETTINGS + "\n# edited\n")
    assert "edited since: trust it again" in cli("trust", "--list").stdout
    project_file.unlink()
    assert "gone" in cli("trust", "--list").stdout


def test_a_folder_and_a_pyproject_can_be_named(cli, tmp_path):
    folder = tmp_path / "other"
    folder.mkdir()
    (folder / "pyproject.toml").write_text(
        '[tool.cellcost]\nprices = [{ provider = "openai", model = "a", discount = 1 }]'
    )
    done = cli("trust", str(folder))
    assert done.stdout.startswith(f"Trusted {folder / 'pyproject.toml'}")
    done = cli("trust", "--revoke", str(folder))
    assert done.stdout == f"No longer trusted: {folder / 'pyproject.toml'}\n"
    assert cli("trust", "--list").stdout == "No project file is trusted.\n"


def test_revoking_what_was_never_trusted_fails(cli, project_file):
    done = cli("trust", "--revoke")
    assert done.returncode == 1
    assert done.stderr.startswith(f"cellcost: {project_file} was not trusted;")


def test_a_file_without_endpoints_and_prices_needs_no_trust(cli):
    (cli.folder / "cellcost.toml").write_text('[tags]\nteam = "a"')
    assert "it needs no trust" in cli("trust").stdout
    assert not (cli.home / "trust.json").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "no cellcost.toml and no [tool.cellcost] for"),
        (["missing"], "does not exist"),
        (["."], "holds no cellcost settings"),
        (["--list", "--revoke"], "not allowed with argument"),
    ],
)
def test_there_must_be_something_to_trust(cli, arguments, said):
    done = cli("trust", *arguments)
    assert done.returncode in (1, 2)
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_broken_file_cannot_be_trusted(cli, project_file):
    project_file.write_text("[[endpoints]]\nurl = 5")
    done = cli("trust")
    assert done.returncode == 1
    assert done.stderr.startswith(f"cellcost: {project_file}:2: endpoints.url must be")

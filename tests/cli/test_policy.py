"""`cellcost policy`: what holds, who says so, and what is wrong or odd in files."""

import json

RULES = """[policy]
require_tags = ["team"]

[policy.caps]
user_day = { soft = "8", hard = "10" }

[[policy.rules]]
name = "no large models"
match = { environment = "dev", size = "large" }
action = "block"
suggest = "gpt-6-luna"

[[policy.rules]]
match = { provider = "openai" }
action = "warn"
"""


def settings(cli, text):
    cli.home.mkdir(exist_ok=True)
    path = cli.home / "cellcost.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_explain_names_rule_file_and_line_and_what_to_use(cli):
    path = settings(cli, RULES)
    done = cli("policy", "explain", "gpt-5.5")
    assert done.stdout == (
        "block: gpt-5.5 in dev\n"
        f'says    "no large models", user policy, {path}:7\n'
        "why     The policy does not allow gpt-5.5 in dev.\n"
        "size    large: $30 per 1M output tokens, large from $20\n"
        "use     gpt-6-luna: $0.5 instead of $30 per 1M output tokens\n"
        f"also    warn: user policy, {path}:13\n"
        "no tag  team\n"
        f"cap     user_day $10.00 hard, not counted yet: user policy, {path}:5\n"
        f"cap     user_day $8.00 soft, not counted yet: user policy, {path}:5\n"
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_explain_as_json_has_money_as_text(cli):
    path = settings(cli, RULES)
    tokens = ("--input-tokens", "1000", "--output-tokens", "1000")
    done = cli("policy", "explain", "gpt-5.5", "--team", "search", "--json", *tokens)
    found = json.loads(done.stdout)
    assert found == {
        "model": "gpt-5.5",
        "provider": "openai",
        "environment": "dev",
        "action": "block",
        "basis": "rule",
        "message": "The policy does not allow gpt-5.5 in dev.",
        "rule": {
            "action": "block",
            "name": "no large models",
            "layer": "user",
            "file": str(path),
            "line": 7,
        },
        "cap": None,
        "layer": "user",
        "file": str(path),
        "line": 7,
        "large": True,
        "large_output_rate": "20",
        "output_rate": "30",
        "unpriced": "",
        "cost_nusd": "35000000",
        "suggest": {
            "model": "gpt-6-luna",
            "output_rate": "0.5",
            "own_nusd": "35000000",
            "cost_nusd": "600000",
        },
        "missing_tags": [],
        "also": [
            {
                "action": "warn",
                "name": "",
                "layer": "user",
                "file": str(path),
                "line": 13,
            }
        ],
        "caps": [
            {
                "scope": "user_day",
                "hard_nusd": hard,
                "soft_nusd": soft,
                "layer": "user",
                "file": str(path),
                "line": 5,
            }
            for hard, soft in (("10000000000", None), (None, "8000000000"))
        ],
    }


def test_without_a_policy_cellcost_itself_says_what_it_says(cli):
    done = cli("policy", "explain", "o1-pro")
    assert done.stdout.startswith(
        "warn: o1-pro in dev\nsays    cellcost itself: no policy says anything of it\n"
    )
    done = cli("policy", "explain", "o1-pro", CELLCOST_ENV="prod")
    assert done.stdout.startswith(
        "allow: o1-pro in prod\nsays    nobody: nothing in 0 policies\n"
    )


def test_an_unknown_price_is_told_with_its_reason(cli):
    path = settings(cli, '[policy]\nunpriced = "block"\n')
    done = cli("policy", "explain", "mine-7b", "--provider", "openai")
    assert done.stdout.startswith("block: mine-7b in dev\n")
    assert f"policy.unpriced of user, {path}:2" in done.stdout


def test_the_environment_says_where_it_is_from(cli):
    path = settings(cli, '[[environments]]\nname = "prod"\nhub_server = "prod*"\n')
    done = cli("policy", "explain", "gpt-5.5", JUPYTERHUB_SERVER_NAME="prod-1")
    assert f"here    prod by hub server prod-1 ({path})" in done.stdout
    done = cli(
        "policy", "explain", "gpt-5.5", "--env", "dev", JUPYTERHUB_SERVER_NAME="prod-1"
    )
    assert "here" not in done.stdout


def test_a_rule_about_a_user_asks_hub_and_machine(cli):
    settings(cli, RULES.replace('provider = "openai"', 'user = "ann"'))
    asked = ("policy", "explain", "gpt-4o", "--json")
    actions = [
        json.loads(cli(*asked, **given).stdout)["action"]
        for given in ({"JUPYTERHUB_USER": "ann"}, {"LOGNAME": "ann"}, {"LOGNAME": "x"})
    ]
    assert actions == ["warn", "warn", "allow"]
    done = cli(*asked, "--user", "ann", LOGNAME="x")
    assert json.loads(done.stdout)["action"] == "warn"


def test_one_of_the_token_counts_alone_is_refused(cli):
    done = cli("policy", "explain", "o1", "--input-tokens", "5")
    assert (done.returncode, done.stdout) == (1, "")
    assert "give --input-tokens and --output-tokens, or neither" in done.stderr
    done = cli("policy", "explain", "o1", "--input-tokens", "-5")
    assert done.returncode == 2


def test_check_counts_what_is_there_and_names_what_is_odd(cli):
    path = settings(
        cli,
        '[policy.caps]\ncall = "0.00000001"\n[[policy.rules]]\naction = "ask"\n'
        'match = { model = ["gpt5*", "gpt-5*", "!mine-*", "gpt-4o"] }\n'
        'suggest = "gtp-6-luna"\n[[prices]]\nprovider = "openai"\nmodel = "mine-*"\n'
        "rates = { input = 1, output = 2 }\n",
    )
    project = cli.folder / "cellcost.toml"
    project.write_text("[policy]\nlarge_output_rate = 50\n", "utf-8")
    done = cli("policy", "check")
    counts, own, cap, model, suggest, rate = done.stdout.splitlines()
    assert counts == f"{path}: 1 rule, 1 cap"
    assert own == f"{project}: 0 rules, 0 caps"
    assert cap.startswith(f"{path}:2: policy.caps.call is below the smallest call (")
    assert model.startswith(f'{path}:3: policy.rules.match.model "gpt5*" means no')
    assert suggest.startswith(f'{path}:3: policy.rules.suggest "gtp-6-luna" is')
    assert "large_output_rate 50 is above 20: a project can only lower" in rate
    assert (done.returncode, done.stderr) == (0, "")


def test_check_names_the_mistake_of_every_file(cli):
    path = settings(cli, '[policy]\nunprized = "warn"\n')
    project = cli.folder / "cellcost.toml"
    project.write_text('[[policy.rules]]\nmatch = {}\naction = "blok"\n', "utf-8")
    done = cli("policy", "check")
    assert done.returncode == 1
    one, other = done.stderr.splitlines()
    assert one.startswith(f"cellcost: {path}:2: unknown key policy.unprized; did")
    assert other.startswith(f"cellcost: {project}:3: policy.rules.action must be")
    found = json.loads(cli("policy", "check", "--json").stdout)
    assert (found["policies"], len(found["errors"])) == ([], 2)


def test_check_reads_files_that_are_not_in_force(cli):
    settings(cli, RULES)
    draft = cli.folder / "draft.toml"
    draft.write_text(RULES, "utf-8")
    done = cli("policy", "check", str(draft), str(cli.folder / "none.toml"))
    assert done.stdout == (
        f"{draft}: 2 rules, 1 cap\n"
        "1 policy could be read; a file with a mistake counts for nothing.\n"
        f"{draft}:5: policy.caps.user_day is read but not counted yet: nothing is"
        " warned about or stopped by it\n"
    )
    assert done.returncode == 1
    assert "none.toml does not exist" in done.stderr


def test_check_says_of_a_folder_or_a_file_without_settings_what_it_is(cli):
    other = cli.folder / "pyproject.toml"
    other.write_text("[tool.celcost.policy]\n", "utf-8")
    done = cli("policy", "check", str(cli.folder), str(other))
    assert f"{cli.folder} is a folder: name its cellcost.toml" in done.stderr
    assert "pyproject.toml has no [tool.cellcost]" in done.stderr
    assert "There is no policy" not in done.stdout


def test_check_without_a_policy_says_so(cli):
    done = cli("policy", "check")
    assert done.stdout == (
        "There is no policy: a large model in dev is a warning, no more.\n"
    )


CALL = """from openai import OpenAI
OpenAI().responses.create(model="{}", input="x", max_output_tokens=100)
"""


def test_check_can_fail_on_what_is_blocked_and_on_nothing_else(cli):
    settings(cli, RULES)
    (cli.folder / "large.py").write_text(CALL.format("gpt-5.5"), "utf-8")
    (cli.folder / "small.py").write_text(CALL.format("gpt-5-mini"), "utf-8")
    blocked = cli("check", "large.py", "--fail-on", "error")
    assert blocked.returncode == 1
    assert "large.py:2: error COST001 " in blocked.stdout
    warned = cli("check", "small.py", "--fail-on", "error")
    assert warned.returncode == 0
    assert "small.py:2: COST007 " in warned.stdout
    assert cli("check", "small.py", "--fail-on", "ERROR,COST007").returncode == 1
    assert cli("check", "small.py", "--fail-on", "eror").returncode == 2

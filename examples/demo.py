"""The demo: a real JupyterLab, notebook, model and team's ledger on this machine.

    python examples/demo.py               prints two addresses; Ctrl-C stops everything
    python examples/demo.py --headless    runs the notebooks, prints what cells cost

Everything it writes lies in `.demo/`: the journal, the settings, the ledger, copies of
the notebooks. Your own Jupyter and IPython settings are neither read nor changed.
"""

import argparse
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from cellcost.money import format_usd
from cellcost.testing.local_model import LocalModel, LocalModelMissing, local_model
from demo_gpu import GPU_NOTEBOOK, GPU_RATE, simulated_gpu
from demo_ledger import DemoLedger, LedgerFailed, demo_ledger

EXAMPLES = Path(__file__).resolve().parent
NOTEBOOK = "quickstart.ipynb"
NOTEBOOKS = (NOTEBOOK, GPU_NOTEBOOK)
LAB_SECONDS = 90

SETTINGS = """\
# Written by `make demo`. The model runs here and costs nothing; these own rates
# (USD per million tokens, as for a large hosted model) let there be something to see.
[[endpoints]]
url = "{url}"
provider = "llama.cpp"
rates = {{ input = 2.50, cache_read = 1.25, output = 10.00 }}

[tags]
team = "demo"
"""


def main() -> int:
    """Run the demo and return its exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--headless", action="store_true", help="no browser, one table")
    parser.add_argument("--folder", type=Path, default=EXAMPLES.parent / ".demo")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder: Path = options.folder.absolute()
    if options.headless:
        folder /= "headless"
        shutil.rmtree(folder, ignore_errors=True)
    say("loading the model (about a second) ...")
    try:
        with local_model() as model:
            say(f"{model.address} answers OpenAI and Anthropic requests")
            environment = prepare(folder, model)
            say("starting the team's ledger (about two seconds) ...")
            with demo_ledger(folder, environment) as ledger:
                if options.headless:
                    return run_headless(folder, environment, ledger)
                return run_lab(folder, environment, ledger)
    except (LocalModelMissing, LedgerFailed) as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        say("stopped")
        return 0


def prepare(folder: Path, model: LocalModel) -> dict[str, str]:
    """Lay out the demo's folder and return the environment its processes get."""
    home, work = folder / "home", folder / "work"
    config = folder / "jupyter" / "config"
    for path in (home, work, config / "labconfig"):
        path.mkdir(parents=True, exist_ok=True)
    (home / "cellcost.toml").write_text(
        SETTINGS.format(url=model.openai_url) + GPU_RATE
    )
    # JupyterLab otherwise asks whether it may fetch news: the demo stays on loopback.
    news = {
        "disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}
    }
    (config / "labconfig" / "page_config.json").write_text(json.dumps(news))
    for name in NOTEBOOKS:
        source, copy = EXAMPLES / name, work / name
        if not copy.exists() or copy.stat().st_mtime < source.stat().st_mtime:
            shutil.copy(source, copy)
    environment = {
        **{name: text for name, text in os.environ.items() if inherited(name)},
        "ANTHROPIC_API_KEY": "no-key-needed",
        "ANTHROPIC_BASE_URL": model.address,
        "CELLCOST_HOME": str(home),
        "IPYTHONDIR": str(folder / "ipython"),
        "JUPYTER_CONFIG_DIR": str(config),
        "JUPYTER_DATA_DIR": str(folder / "jupyter" / "data"),
        "JUPYTER_PREFER_ENV_PATH": "1",
        "JUPYTER_RUNTIME_DIR": str(folder / "jupyter" / "runtime"),
        "NO_PROXY": "127.0.0.1,localhost",
        "OPENAI_API_KEY": "no-key-needed",
        "OPENAI_BASE_URL": model.openai_url,
        "no_proxy": "127.0.0.1,localhost",
    }
    return simulated_gpu(folder / "gpu", environment)


def inherited(name: str) -> bool:
    """Return whether the demo's processes keep this variable of the caller."""
    ours = ("ANTHROPIC_", "CELLCOST_", "IPYTHON", "JPY_", "JUPYTER", "OPENAI_")
    return not name.upper().startswith(ours)


def run_headless(
    folder: Path, environment: Mapping[str, str], ledger: DemoLedger
) -> int:
    """Run the notebooks in kernels, print a table, and prove what the ledger got."""
    command = [sys.executable, str(EXAMPLES / "headless.py")]
    has_gpu = "CELLCOST_GPU_SAMPLE" in environment
    names = NOTEBOOKS if has_gpu else (NOTEBOOK,)
    command += [str(folder / "work" / name) for name in names]
    code = subprocess.run(command, env=environment, check=False).returncode
    if code == 0:
        ledger.send(environment)
        proof = ledger.proof(environment)
        cost = format_usd(int(proof["sum_nusd"]))
        say(f"the ledger has {proof['events']} events, {cost} known, and adds up")
    return code


def run_lab(folder: Path, environment: Mapping[str, str], ledger: DemoLedger) -> int:
    """Run JupyterLab until Ctrl-C, its address on the screen and its log in a file."""
    port, token = free_port(), secrets.token_hex(16)
    log_path = folder / "jupyterlab.log"
    say(f"starting JupyterLab (5-15 seconds; log: {log_path}) ...")
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        "--no-browser",
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={folder / 'work'}",
        f"--IdentityProvider.token={token}",
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    with log_path.open("w") as log:
        lab = subprocess.Popen(
            command,
            env={**environment, **ledger.environment},
            stdin=subprocess.DEVNULL,  # on a terminal Ctrl-C would ask first
            stdout=log,
            stderr=log,
        )
        try:
            base = f"http://127.0.0.1:{port}"
            if not answers(f"{base}/api/status?token={token}", lab):
                say(f"JupyterLab did not start; the end of {log_path}:")
                print(*log_path.read_text().splitlines()[-15:], sep="\n")
                return 1
            say("open this and run the cells; Ctrl-C here stops everything")
            print(f"\n    {base}/lab/tree/{NOTEBOOK}?token={token}\n", flush=True)
            say(f"beside it {GPU_NOTEBOOK}: what GPU time costs, on a simulated GPU")
            say("what the team's ledger shows of it, seconds later")
            print(f"\n    {ledger.page}\n", flush=True)
            return lab.wait()
        finally:
            lab.terminate()
            lab.wait()


def free_port() -> int:
    """Return Jupyter's usual port if it is free, else any free one."""
    for port in (8888, 0):
        with socket.socket() as probe:
            if sys.platform != "win32":  # there it would share a port that is in use
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no free port on 127.0.0.1")


def answers(url: str, process: subprocess.Popen[bytes]) -> bool:
    """Return whether `url` answered before its process ended or time ran out."""
    until = time.monotonic() + LAB_SECONDS
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while time.monotonic() < until and process.poll() is None:
        try:
            with direct.open(url, timeout=5):
                return True
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    return False


def say(text: str) -> None:
    """Tell how far the demo is."""
    print(f"==> {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())

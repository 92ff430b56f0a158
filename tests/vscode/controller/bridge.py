"""Runs cells, given as JSON lines on standard input, in a real kernel; for tests.

`{"id": URI, "code": ...}` comes in. `{"id": URI, "text": ...}` goes out for what the
cell prints, `{"id": URI, "done": true or false}` at its end.
"""

import json
import sys
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager


def run(client: BlockingKernelClient, cell: str, code: str) -> None:
    """Run one cell with its document's URI as `cellId`, as VS Code sends it."""
    content = {"code": code, "silent": False, "store_history": True}
    content |= {"user_expressions": {}, "allow_stdin": False, "stop_on_error": True}
    request = client.session.msg("execute_request", content)
    request["metadata"] = {"cellId": cell}
    client.shell_channel.send(request)
    ok = True
    while True:
        message: dict[str, Any] = client.get_iopub_msg(timeout=120)
        if message["parent_header"].get("msg_id") != request["header"]["msg_id"]:
            continue
        content = message["content"]
        match message["msg_type"]:
            case "stream":
                say(cell, text=content["text"])
            case "error":
                ok = False
                say(cell, text="\n".join(content["traceback"]))
            case "status" if content["execution_state"] == "idle":
                break
    say(cell, done=ok)


def say(cell: str, **event: object) -> None:
    """Tell the extension."""
    sys.stdout.write(json.dumps({"id": cell, **event}) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Serve until standard input ends."""
    manager = KernelManager()
    manager.kernel_spec.argv[0] = sys.executable
    manager.start_kernel()
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        for line in sys.stdin:
            asked = json.loads(line)
            run(client, asked["id"], asked["code"])
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


if __name__ == "__main__":
    main()

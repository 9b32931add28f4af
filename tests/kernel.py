"""A kernel of this Python, to which tests speak as a front end does."""

from __future__ import annotations

import os
import subprocess
from queue import Empty

from jupyter_client.client import KernelClient
from jupyter_client.manager import KernelManager
from nbval.kernel import CURRENT_ENV_KERNEL_NAME, NbvalKernelspecManager

from build import KERNEL_ENVIRONMENT, NOTEBOOKS

PATH = f"import sys; sys.path[:0] = [{str(NOTEBOOKS.parent)!r}, {str(NOTEBOOKS)!r}]\n"


def run_in(client: KernelClient, code: str, timeout: float = 600, **metadata) -> str:
    """What a cell prints; fails if it raises or writes to stderr."""
    printed = []

    def hook(message: dict) -> None:
        content = message["content"]
        if message["msg_type"] == "stream":
            assert content["name"] == "stdout", content["text"]
            printed.append(content["text"])
        assert message["msg_type"] != "error", "\n".join(content.get("traceback", []))

    send = client.session.send
    if metadata:  # such as cellId, by which a front end names the cell that runs
        client.session.send = lambda *args, **kwargs: send(
            *args, **{**kwargs, "metadata": metadata}
        )
    try:
        client.execute_interactive(code, output_hook=hook, timeout=timeout)
    finally:
        client.session.send = send
    return "".join(printed).strip()


class Kernel:
    """A kernel whose code is run and whose widgets are moved as a front end does."""

    def __init__(self, folder=NOTEBOOKS, **environment: str) -> None:
        self.manager = KernelManager(
            kernel_name=CURRENT_ENV_KERNEL_NAME, kernel_spec_manager=NbvalKernelspecManager()
        )
        env = {**os.environ, **KERNEL_ENVIRONMENT, **environment}
        self.manager.start_kernel(stderr=subprocess.DEVNULL, cwd=str(folder), env=env)
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=120)

    def run(self, code: str, **metadata) -> str:
        return run_in(self.client, code, **metadata)

    def subshell(self) -> str | None:
        """A new subshell's id; None where the kernel knows none (ipykernel 6)."""
        if "kernel subshells" not in self._info().get("supported_features", []):
            return None
        message = self.client.session.msg("create_subshell_request", {})
        self.client.control_channel.send(message)
        return self.client.get_control_msg(timeout=10)["content"]["subshell_id"]

    def _info(self) -> dict:
        self.client.kernel_info()
        return self.client.get_shell_msg(timeout=10)["content"]

    def send(self, model: str, data: dict, subshell: str | None) -> None:
        message = self.client.session.msg("comm_msg", {"comm_id": model, "data": data})
        if subshell:
            message["header"]["subshell_id"] = subshell
        self.client.shell_channel.send(message)

    def move(self, model: str, state: dict, subshell: str | None = None) -> None:
        self.send(model, {"method": "update", "state": state, "buffer_paths": []}, subshell)

    def click(self, model: str, subshell: str | None = None) -> None:
        self.send(model, {"method": "custom", "content": {"event": "click"}}, subshell)

    def quiet(self) -> None:
        """Forget the messages that have come in, of which a test may make thousands."""
        for channel in (self.client.iopub_channel, self.client.shell_channel):
            while True:
                try:
                    channel.get_msg(timeout=0)
                except Empty:
                    break

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)

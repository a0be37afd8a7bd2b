"""A page in Chromium, spoken to through a pipe (DevTools protocol): no driver package, no port."""

from __future__ import annotations

import fcntl
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--hide-scrollbars", "--remote-debugging-pipe"),
)


def find_axe() -> Path | None:
    """axe-core's script, where `npm install --prefix .cache/axe axe-core` or the variable AXE has put it."""
    root = Path(__file__).resolve().parents[2]
    places = [Path(os.environ["AXE"])] if "AXE" in os.environ else []
    places.append(root / ".cache" / "axe" / "node_modules" / "axe-core" / "axe.min.js")
    return next((path for path in places if path.is_file()), None)


def find() -> str | None:
    """The browser, if there is one."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Chromium:
    """One tab. `events` holds everything it reported."""

    def __init__(self, executable: str, *, patience: float = 300.0) -> None:
        self.patience, self.events, self.number, self.rest = patience, [], 0, b""
        self.home = tempfile.mkdtemp()
        theirs_in, self.write = os.pipe()
        self.read, theirs_out = os.pipe()
        # The browser reads from 3 and writes to 4: first out of the way of these numbers, then onto them.
        theirs_in, theirs_out = (fcntl.fcntl(fd, fcntl.F_DUPFD, 20) for fd in (theirs_in, theirs_out))

        def place() -> None:
            os.dup2(theirs_in, 3)
            os.dup2(theirs_out, 4)

        self.process = subprocess.Popen(
            [executable, *FLAGS, f"--user-data-dir={self.home}", "about:blank"],
            preexec_fn=place,
            pass_fds=(3, 4),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        target = self.call("Target.createTarget", {"url": "about:blank"}, session=None)["targetId"]
        attached = self.call("Target.attachToTarget", {"targetId": target, "flatten": True}, session=None)
        self.session = attached["sessionId"]
        for domain in ("Page", "Network", "Log", "Runtime"):
            self.call(f"{domain}.enable")

    def call(self, method: str, params: dict[str, Any] | None = None, *, session: str | None = "own") -> dict[str, Any]:
        """Ask, and wait for the answer."""
        self.number += 1
        message: dict[str, Any] = {"id": self.number, "method": method, "params": params or {}}
        if session is not None:
            message["sessionId"] = self.session
        os.write(self.write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]

    def _next(self) -> dict[str, Any]:
        end = time.monotonic() + self.patience
        while b"\0" not in self.rest:
            if not select.select([self.read], [], [], max(0.0, end - time.monotonic()))[0]:
                raise TimeoutError("Chromium does not answer.")
            self.rest += os.read(self.read, 1 << 20)
        line, _, self.rest = self.rest.partition(b"\0")
        message = json.loads(line)
        if "method" in message:
            self.events.append(message)
        return message

    def open(self, address: str, *, width: int, height: int = 844, dark: bool = False) -> None:
        """Load a page at a width, by day or by night."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.call("Emulation.setDeviceMetricsOverride", metrics)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", {"features": [scheme]})
        self.events.clear()
        self.call("Page.navigate", {"url": address})
        while not any(e["method"] == "Page.loadEventFired" for e in self.events):
            self._next()

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression in the page; of a promise, what it comes to."""
        asked = {"expression": expression, "returnByValue": True, "awaitPromise": True}
        result = self.call("Runtime.evaluate", asked)
        if "exceptionDetails" in result:
            raise RuntimeError(str(result["exceptionDetails"]))
        return result["result"].get("value")

    def requests(self) -> list[str]:
        """Addresses the page asked for since it was opened."""
        return [e["params"]["request"]["url"] for e in self.events if e["method"] == "Network.requestWillBeSent"]

    def complaints(self) -> list[str]:
        """What stands in its console, and exceptions."""
        said = [e["params"]["entry"]["text"] for e in self.events if e["method"] == "Log.entryAdded"]
        said += [str(e["params"]) for e in self.events if e["method"].startswith("Runtime.exception")]
        return said + [str(e["params"]) for e in self.events if e["method"] == "Runtime.consoleAPICalled"]

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(20)
        os.close(self.write)
        os.close(self.read)
        shutil.rmtree(self.home, ignore_errors=True)

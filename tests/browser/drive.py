#!/usr/bin/env python3
"""Opens a page in headless Chromium, takes steps in it, and says what came of them.

    drive.py CHROMIUM PAGE < steps.json > outcome.json

steps.json is a list; the outcome has one result for each step, and everything that the browser complained of:

    {"evaluate": EXPRESSION}                        its value; promises are waited for
    {"emulate": {"dark": BOOL, "width": PIXELS}}    null
    {"script": BOOL}                                whether the page may run scripts; loads it again
    {"type": TEXT}                                  typed where the focus is
    {"press": KEY}                                  Tab, Enter, Space
    {"pdf": FILE}                                   its length in bytes
    {"screenshot": FILE}                            its length in bytes
    {"tree": ROLE}                                  the names of what has this role for a screen reader

The browser is spoken to through two pipes (--remote-debugging-pipe), in JSON with a null byte behind each message, as the
Chrome DevTools Protocol says: nothing listens on the network, and no package is needed.
"""

import base64
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile

# A browser that is silent for this long will not answer.
PATIENCE = 120


class Browser:
    def __init__(self, program, profile):
        to_browser, self.write_end = os.pipe()
        self.read_end, from_browser = os.pipe()

        def pipes():
            # The browser reads from 3 and writes to 4. High numbers first: 3 and 4 may be taken by the pipes themselves.
            os.dup2(to_browser, 60)
            os.dup2(from_browser, 61)
            os.dup2(60, 3)
            os.dup2(61, 4)

        flags = ["--headless=new", "--remote-debugging-pipe", "--no-first-run", "--disable-gpu", "--hide-scrollbars"]
        # The sandbox needs a user of its own, or rights that a container lacks; the page is trusted.
        flags += ["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking", "--disable-sync"]
        flags += ["--disable-component-update", "--disable-default-apps", f"--user-data-dir={profile}"]
        self.process = subprocess.Popen(
            [program, *flags, "about:blank"], preexec_fn=pipes, close_fds=False, stderr=subprocess.PIPE,
            env={"HOME": profile, "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
        )
        os.close(to_browser)
        os.close(from_browser)
        self.pending = b""
        self.number = 0
        self.complaints = []
        self.loads = 0
        self.session = None

    def receive(self):
        while b"\0" not in self.pending:
            part = os.read(self.read_end, 1 << 20)
            if not part:
                sys.exit("drive.py: the browser went away:\n" + self.process.stderr.read().decode(errors="replace"))
            self.pending += part
        message, self.pending = self.pending.split(b"\0", 1)
        message = json.loads(message)
        self.note(message)
        return message

    def note(self, message):
        method, values = message.get("method"), message.get("params", {})
        if method == "Runtime.exceptionThrown":
            self.complaints.append("exception: " + json.dumps(values["exceptionDetails"])[:2000])
        elif method == "Runtime.consoleAPICalled":
            self.complaints.append("console: " + json.dumps(values["args"])[:2000])
        elif method == "Log.entryAdded":
            self.complaints.append("log: " + values["entry"]["text"][:2000])
        elif method == "Page.javascriptDialogOpening":
            self.complaints.append("dialog: " + values["message"][:2000])
            self.send("Page.handleJavaScriptDialog", accept=False)
        elif method == "Network.requestWillBeSent" and not values["request"]["url"].startswith(("file:", "about:")):
            self.complaints.append("request: " + values["request"]["url"][:2000])
        elif method == "Page.loadEventFired":
            self.loads += 1

    def send(self, method, **values):
        self.number += 1
        message = {"id": self.number, "method": method, "params": values}
        if self.session:
            message["sessionId"] = self.session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.write_end, data):]
        return self.number

    def call(self, method, **values):
        number = self.send(method, **values)
        while True:
            message = self.receive()
            if message.get("id") == number:
                if "error" in message:
                    sys.exit(f"drive.py: {method}: {message['error']}")
                return message["result"]

    def open(self, url):
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ["Page", "Runtime", "Log", "Network"]:
            self.call(domain + ".enable")
        self.load(url)

    def load(self, url):
        loads = self.loads
        self.call("Page.navigate", url=url)
        while self.loads == loads:
            self.receive()

    def evaluate(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in result:
            sys.exit(f"drive.py: {expression}: {json.dumps(result['exceptionDetails'])}")
        return result["result"].get("value")


KEYS = {"Tab": ("Tab", 9, ""), "Enter": ("Enter", 13, "\r"), "Space": (" ", 32, " ")}


def step(browser, url, name, value):
    if name == "evaluate":
        return browser.evaluate(value)
    if name == "emulate":
        scheme = "dark" if value["dark"] else "light"
        browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        browser.call(
            "Emulation.setDeviceMetricsOverride", width=value["width"], height=900, deviceScaleFactor=1, mobile=False
        )
        return None
    if name == "script":
        browser.call("Emulation.setScriptExecutionDisabled", value=not value)
        return browser.load(url)
    if name == "type":
        browser.call("Input.insertText", text=value)
        return None
    if name == "press":
        key, code, text = KEYS[value]
        common = {"key": key, "code": value, "windowsVirtualKeyCode": code}
        browser.call("Input.dispatchKeyEvent", type="keyDown", text=text, **common)
        browser.call("Input.dispatchKeyEvent", type="keyUp", **common)
        return None
    if name == "tree":
        # Enabled only now: keeping this tree up to date is slow with large pages.
        browser.call("Accessibility.enable")
        nodes = browser.call("Accessibility.getFullAXTree")["nodes"]
        alike = [node for node in nodes if not node["ignored"] and node.get("role", {}).get("value") == value]
        return [node.get("name", {}).get("value", "") for node in alike]
    if name == "pdf":
        data = browser.call("Page.printToPDF", printBackground=True)["data"]
    elif name == "screenshot":
        data = browser.call("Page.captureScreenshot", format="png")["data"]
    else:
        sys.exit(f"drive.py: no such step: {name}")
    return pathlib.Path(value).write_bytes(base64.b64decode(data))


def main():
    program, page = sys.argv[1:]
    steps = json.load(sys.stdin)
    url = pathlib.Path(page).resolve().as_uri()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Browser(program, profile)
        try:
            browser.open(url)
            results = [step(browser, url, *next(iter(one.items()))) for one in steps]
            json.dump({"results": results, "complaints": browser.complaints}, sys.stdout)
        finally:
            browser.process.kill()
            browser.process.wait()


if __name__ == "__main__":
    signal.signal(signal.SIGALRM, lambda *_: sys.exit("drive.py: the browser says nothing any more"))
    signal.alarm(PATIENCE)
    main()

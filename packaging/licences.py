#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The crates that are linked into the library and their licences, for the package's copyright file.

stdin: cargo metadata of the project, for the features that are built. Crates that run only while
building (build scripts, procedural macros, tests) are not in the library and not in the list. The
linker may have dropped all code of a crate that is listed.
"""

import json
import pathlib
import re
import sys

APACHE = "Apache-2.0"


def linked(metadata):
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    root = metadata["resolve"]["root"]
    seen, wanted = set(), [root]
    while wanted:
        crate = wanted.pop()
        if crate in seen or is_macro(packages[crate]):
            continue
        seen.add(crate)
        for dependency in nodes[crate]["deps"]:
            if any(kind["kind"] is None for kind in dependency["dep_kinds"]):
                wanted.append(dependency["pkg"])
    seen.discard(root)
    return sorted((packages[crate] for crate in seen), key=lambda package: package["name"])


def is_macro(package):
    return any("proc-macro" in target["kind"] for target in package["targets"])


def choices(package):
    """The licences of which one may be chosen."""
    expression = package["license"] or ""
    if re.search(r"\b(AND|WITH)\b|[()]", expression):
        raise SystemExit(f"{package['name']}: the licence {expression} needs a look by a person")
    return [part.strip() for part in re.split(r"\bOR\b|/", expression)]


def text_of(package):
    directory = pathlib.Path(package["manifest_path"]).parent
    files = sorted(path for path in directory.iterdir() if re.match(r"(?i)(licen[cs]e|copying)", path.name))
    if not files:
        raise SystemExit(f"{package['name']}: no licence text in the crate")
    return "\n".join(path.read_text(encoding="utf-8").strip() for path in files)


def indented(text):
    return "\n".join(f" {line.rstrip()}" if line.strip() else " ." for line in text.splitlines())


def main():
    packages = linked(json.load(sys.stdin))
    apache = [package for package in packages if APACHE in choices(package)]
    others = [package for package in packages if package not in apache]
    print("Under the Apache License, version 2.0, chosen where there is a choice:\n")
    for package in apache:
        authors = ", ".join(re.sub(r" *<.*>", "", author) for author in package["authors"]) or "its contributors"
        print(f" {package['name']} {package['version']} ({package['license']})")
        print(f"   Copyright: {authors}; {package['repository']}")
    for package in others:
        print(f"\n{package['name']} {package['version']}, {package['license']}, {package['repository']}:\n")
        print(indented(text_of(package)))


main()

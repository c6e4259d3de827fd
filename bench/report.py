#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turns the results of bench/run.sh into a table and build/VERSION/bench/report.json, and checks the latter.

    report.py make --dir DIR --mode full|smoke --repetitions N --root ROOT --config FILE
                   --groups LIST --load-before LOAD VARIANT...
    report.py check REPORT
"""

import argparse
import datetime
import json
import math
import os
import platform
import subprocess
import sys
from statistics import median

from figures import BASE, FLOORS, GROUPS, HEADINGS, NOTES, OURS


def parse_results(path):
    """{(variant, scenario): [pairs of each run]}"""
    runs = {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            variant, _, scenario, text = line.rstrip("\n").split("\t")
            pairs = dict(item.split("=", 1) for item in text.split())
            runs.setdefault((variant, scenario), []).append(pairs)
    return runs


def quantile(ordered, share):
    """Nearest rank."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def pool_bursts(runs):
    """Replaces the runs of the burst scenarios by one with the figures of all samples."""
    for (_, scenario), found in runs.items():
        if scenario.startswith("burst-"):
            samples = sorted(float(x) for run in found for x in run["samples_ms"].split(","))
            found[:] = [{"mean": sum(samples) / len(samples), "p50": quantile(samples, 0.5),
                         "p99": quantile(samples, 0.99), "worst": samples[-1], "samples": len(samples)}]


def pool_reunions(runs):
    """The same for the runs of the friends: median, mean and slowest of each time."""
    for (_, scenario), found in runs.items():
        if scenario.startswith("reunion-"):
            pooled = {"runs_pooled": len(found)}
            for name in sorted({key for run in found for key in run if key.endswith("_ms")}):
                times = [float(run[name]) for run in found]
                limited = sum(run.get(f"{name}_least") == "1" for run in found)
                pooled.update({name: median(times), f"{name}_mean": sum(times) / len(times),
                               f"{name}_worst": max(times),
                               f"{name}_least": str(int(limited * 2 > len(found))),
                               f"{name}_mean_least": str(int(limited > 0)),
                               f"{name}_worst_least": str(int(limited > 0))})
            found[:] = [pooled]


def summary(figure, runs):
    """Median and spread of one figure for one variant, stalls and damage told apart."""
    cell = {"runs": len(runs)}
    stalls = [float(r["packets"]) for r in runs if r.get("stalled") == "1"]
    if stalls:
        cell["stalls"] = len(stalls)
        cell["packets_until_stall"] = median(stalls)
    cell["damaged_packets"] = sum(int(r.get("damaged", 0)) for r in runs)
    cell["incomplete_runs"] = sum(r.get("incomplete") == "1" for r in runs)
    values = [v for v in map(figure.of, runs) if v is not None]
    if values:
        middle = median(values)
        cell.update(median=middle, min=min(values), max=max(values), values=values)
        if middle:
            cell["spread"] = (max(values) - min(values)) / 2 / abs(middle)
    if any(map(figure.at_least, runs)):
        cell["at_least"] = True
    names = {r["names"] for r in runs if "names" in r}
    if names:
        cell["calls"] = sorted(names)
    if runs and "runs_pooled" in runs[0]:
        cell["runs_pooled"] = runs[0]["runs_pooled"]
    if runs and "samples" in runs[0]:
        cell.update(samples=runs[0]["samples"], worst=runs[0]["worst"])
    return cell


def bottleneck(figure, runs):
    """Says so where the pump, not the client, set the pace."""
    saturated = figure.scenario.startswith(("recv-", "send-")) and figure.scenario.endswith(("-flood", "-window"))
    if saturated and runs and not any(r.get("stalled") == "1" for r in runs):
        if "pump_idle" in runs[0]:
            idle = median(float(r["pump_idle"]) for r in runs)
            return None if idle > 0.1 else f"the pump was the bottleneck (idle {idle:.0%})"
        waits = median(float(r["empty_steps"]) / max(1.0, float(r["steps"])) for r in runs)
        busy = median(float(r["pump_busy"]) for r in runs)
        if waits > 0.2 and busy > 0.9:
            return f"the client waited for the pump in {waits:.0%} of its steps"
    return None


def verdict(target, cell, ratio, floor):
    """met or missed; None without a target or a value."""
    if target is None:
        return None
    kind, relation, limit = target
    value = {"ratio": ratio, "value": cell.get("median"), "floor": floor}[kind]
    if value is None:
        return "no value"
    return "met" if (value <= limit if relation == "<=" else value >= limit) else "missed"


def target_text(target):
    if target is None:
        return ""
    kind, relation, limit = target
    sign = "≤" if relation == "<=" else "≥"
    if kind == "ratio":
        return f"{sign} {limit} ×"
    return f"{sign} {limit:.0%} of floor" if kind == "floor" else f"{sign} {limit:,}".replace(",", " ")


def one_direction(runs):
    """Says so where the two clients used different relays."""
    if any(r.get("directions") == "1" for r in runs):
        return "the two clients had different carriers; counted is the direction that the bad relay carried"
    return None


def figures_of(group, runs, variants):
    rows = []
    for figure in GROUPS[group]:
        found = {v: runs.get((v, figure.scenario), []) if not figure.only or v in figure.only else []
                 for v in variants}
        cells = {v: summary(figure, found[v]) for v in variants}
        ratios = {v: ratio_of(cells[v], cells[BASE]) for v in variants if v != BASE}
        row = {"name": figure.name, "group": group, "title": figure.title, "unit": figure.unit, "digits": figure.digits,
               "cells": cells, "ratios": ratios, "target": target_text(figure.target),
               "verdict": verdict(figure.target, cells[OURS], ratios[OURS], None)}
        note = bottleneck(figure, found[OURS]) or one_direction(found[OURS])
        if note:
            row["note"] = note
        rows.append(row)
    return rows


def ratio_of(cell, base):
    if not base.get("median") or cell.get("median") is None:
        return None
    return cell["median"] / base["median"]


def floors_of(runs, figures, variants):
    """The floor itself, and our saturation rate as a share of it."""
    by_name = {row["name"]: row for row in figures}
    rows = []
    for kind, size in FLOORS:
        found = runs.get((BASE, f"floor-{size}"), [])
        rates = [float(r[f"{kind}_per_second"]) for r in found]
        micros = [float(r[f"{kind}_us"]) for r in found]
        row = {"name": f"floor_{kind}_{size}", "size": size,
               "title": ("decrypt" if kind == "open" else "encrypt") + f" and copy, {size} B",
               "per_second": median(rates), "min": min(rates), "max": max(rates), "cpu_us": median(micros)}
        rate = by_name[f"{'recv' if kind == 'open' else 'send'}_rate_{size}"]
        row["shares"] = {v: rate["cells"][v]["median"] / row["per_second"]
                         for v in variants if rate["cells"][v].get("median")}
        # The same by CPU time, which other work on the machine disturbs less.
        cpu = by_name[f"{'recv' if kind == 'open' else 'send'}_cpu_{size}_flood"]
        row["cpu_shares"] = {v: row["cpu_us"] / cpu["cells"][v]["median"] for v in row["shares"]}
        target = ("floor", ">=", 0.7) if (kind, size) == ("open", 1373) else None
        row["target"] = target_text(target)
        row["verdict"] = verdict(target, {}, None, row["shares"].get(OURS))
        rows.append(row)
    return rows


# ---------------------------------------------------------------- the table

def number(value, digits):
    return f"{value:,.{digits}f}".replace(",", " ")


def cell_text(cell, digits):
    if "median" not in cell and not cell["runs"]:
        return "-"
    if "median" not in cell:
        return f"stall after {cell['packets_until_stall']:.0f}" if "stalls" in cell else "no value"
    text = ("≥ " if cell.get("at_least") else "") + number(cell["median"], digits)
    if cell.get("stalls") == cell["runs"]:
        text += f", stall after {cell['packets_until_stall']:.0f}"
    elif "stalls" in cell:
        text += f", {cell['stalls']} of {cell['runs']} stall"
    elif cell["runs"] > 1 and "spread" in cell:
        text += f" ±{cell['spread']:.0%}"
    return text


def figure_line(row, variants):
    ratios = [row["ratios"][v] for v in variants[1:]]
    return [row["title"], row["unit"], *[cell_text(row["cells"][v], row["digits"]) for v in variants],
            *["" if r is None else f"{r:.3f}" for r in ratios], row["target"], row["verdict"] or ""]


def floor_line(row, variants):
    shares = [f"{row['shares'][v]:.0%}, by CPU {row['cpu_shares'][v]:.0%}" if v in row["shares"] else ""
              for v in variants]
    return [f"floor: {row['title']}: {number(row['per_second'], 0)}", "packets/s", *shares,
            *["" for _ in variants[1:]], row["target"], row["verdict"] or ""]


def print_table(report):
    variants = report["variants"]
    heads = ["figure", "unit", *variants, *[f"ratio {v}" if len(variants) > 2 else "ratio" for v in variants[1:]],
             "target", ""]
    parts = {group: [figure_line(row, variants) for row in report["figures"] if row["group"] == group]
             for group in report["groups"]}
    if "client" in parts:
        parts["client"] += [floor_line(row, variants) for row in report["floor"]]
    widths = [max(len(line[i]) for line in [heads, *sum(parts.values(), [])]) for i in range(len(heads))]

    def show(line):
        print("  ".join(text.ljust(widths[i]) if i < 2 or i >= len(heads) - 2 else text.rjust(widths[i])
                        for i, text in enumerate(line)).rstrip())

    show(heads)
    for group, lines in parts.items():
        print(f"---- {HEADINGS[group]} ".ljust(sum(widths) + 2 * (len(widths) - 1), "-"))
        for line in lines:
            show(line)


def print_report(report):
    setting = report["setting"]
    where = "own network namespace" if setting["netns"] else "the machine's own loopback"
    print(f"\ntoxlink against toxcore {report['versions']['toxcore']}, {report['date']}, {report['mode']} run; median "
          f"and half the range of {report['repetitions']} repetitions")
    print(f"{setting['cpu']}, {setting['cpus']} CPUs, Linux {setting['kernel']}; {where}, loopback MTU "
          f"{setting['mtu']}; load before {setting['load_before']}; encryption: libsodium "
          f"{report['versions']['libsodium']}" + (", third column crypto_box" if len(report["variants"]) > 2 else ""))
    if report["mode"] == "smoke":
        print("smoke run: too short for its numbers to mean anything")
    if setting["cpus"] < 2:
        print("only one CPU: client and relay share it, so saturation and latency figures are off")
    print()
    print_table(report)
    print()
    for row in report["figures"]:
        if "note" in row:
            print(f"{row['title']}: {row['note']}")
    for note in report["notes"]:
        print(f"- {note}")


# ---------------------------------------------------------------- machine and versions

def cpu_name():
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        for line in info:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.machine()


def command(*words):
    try:
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def key_values(path):
    with open(path, encoding="utf-8") as lines:
        return dict(line.strip().split("=", 1) for line in lines if "=" in line)


def make(arguments):
    runs = parse_results(os.path.join(arguments.dir, "results"))
    pool_bursts(runs)
    pool_reunions(runs)
    setting = key_values(os.path.join(arguments.dir, "setting"))
    config = key_values(arguments.config)
    groups = [name for name in GROUPS if name in arguments.groups.split(",")]
    figures = [row for group in groups for row in figures_of(group, runs, arguments.variants)]
    floors = floors_of(runs, figures, arguments.variants) if "client" in groups else []
    if arguments.mode == "smoke":
        for row in figures + floors:
            row["verdict"] = None
    report = {
        "schema": 1,
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "mode": arguments.mode,
        "groups": groups,
        "repetitions": arguments.repetitions,
        "variants": arguments.variants,
        "backends": {v: "crypto_box" if v == "crypto_box" else "libsodium" for v in arguments.variants},
        "setting": {
            "cpu": cpu_name(), "cpus": os.cpu_count(), "kernel": platform.release(),
            "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
            "netns": setting["netns"] == "yes", "mtu": int(setting["mtu"]),
            "load_before": float(arguments.load_before),
        },
        "versions": {
            "toxcore": config.get("debian", config["toxcore"]), "libsodium": setting["libsodium"],
            "modules": config["modules"], "rustc": config.get("rustc"),
            "cc": (command("cc", "--version") or "").split("\n")[0],
            "commit": command("git", "-C", arguments.root, "describe", "--always", "--dirty"),
        },
        "figures": figures,
        "floor": floors,
        "notes": [note for group in groups for note in NOTES[group]],
    }
    with open(os.path.join(arguments.dir, "report.json"), "w", encoding="utf-8") as out:
        json.dump(report, out, indent=1, ensure_ascii=False)
        out.write("\n")
    print_report(report)


# ---------------------------------------------------------------- check

def faults_of(report):
    """What is missing or impossible; timing is not judged."""
    known = {row["name"]: row for row in report["figures"]}
    if not report["groups"]:
        yield "no group of figures was measured"
    for figure in wanted_figures(report):
        for variant in report["variants"]:
            if figure.only and variant not in figure.only:
                continue
            cell = known.get(figure.name, {}).get("cells", {}).get(variant, {})
            yield from faults_of_cell(figure, variant, cell, report["repetitions"])
    for row in report["floor"]:
        if not row["per_second"] > 0:
            yield f"{row['name']}: no value"
    if "client" in report["groups"] and len(report["floor"]) != len(FLOORS):
        yield "floor figures are missing"


def wanted_figures(report):
    return [figure for group in report["groups"] for figure in GROUPS[group]]


def faults_of_cell(figure, variant, cell, repetitions):
    value = cell.get("median")
    if value is None and not cell.get("stalls"):
        yield f"{figure.name}: no value for {variant}"
    elif value is not None and not (math.isfinite(value) and (value > 0 or figure.zero and value == 0)):
        yield f"{figure.name}: impossible value {value} for {variant}"
    elif cell["runs"] != (1 if figure.once() else repetitions):
        yield f"{figure.name}: {cell['runs']} runs of {variant} instead of {repetitions}"
    if cell.get("stalls") and variant != BASE:
        yield f"{figure.name}: {variant} stalled after {cell['packets_until_stall']:.0f} packets"
    if cell.get("damaged_packets") or cell.get("incomplete_runs"):
        yield f"{figure.name}: {variant} lost or damaged packets"


def check(arguments):
    with open(arguments.report, encoding="utf-8") as source:
        report = json.load(source)
    faults = list(faults_of(report))
    for fault in faults:
        print(f"report: {fault}", file=sys.stderr)
    if faults:
        sys.exit(1)
    print(f"report: {len(wanted_figures(report))} figures and {len(report['floor'])} floors, all there")


def main():
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(required=True)
    maker = commands.add_parser("make")
    for name in ("--dir", "--mode", "--root", "--config", "--groups", "--load-before"):
        maker.add_argument(name, required=True)
    maker.add_argument("--repetitions", type=int, required=True)
    maker.add_argument("variants", nargs="+")
    maker.set_defaults(run=make)
    checker = commands.add_parser("check")
    checker.add_argument("report")
    checker.set_defaults(run=check)
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()

"""Times whole processes side by side: see `memory`, which calls this."""

import os
import shutil
import statistics
import subprocess
import sys
import time

RUNS = 5


def once(command):
    """Wall seconds and peak MiB of one run."""
    begin = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    code = os.waitstatus_to_exitcode(status)
    if code not in (0, 1):
        raise SystemExit(f"{command}: exit status {code}")
    return time.monotonic() - begin, usage.ru_maxrss / 1024


def prepare(folder, exports):
    """A change set, the exports in one file, and that file as it is once the set is applied."""
    offboard = "target/release/offboard"
    day = ["--as-of", "2026-11-21", "-p", f"{folder}/policy.toml"]
    once([offboard, "plan", "-q", *day, "-l", f"{folder}/leavers.csv", "-o", f"{folder}/applied", *exports])
    with open(f"{folder}/before.ldif", "wb") as whole:
        for export in exports:
            with open(export, "rb") as part:
                shutil.copyfileobj(part, whole)
            whole.write(b"\n")
    once([offboard, "simulate", "-q", "--export", f"{folder}/before.ldif", f"{folder}/applied", "-o", f"{folder}/after.ldif"])


def main(place, sizes):
    print("| users | MB | command | wall s: median (min-max) | peak MiB: median (max) |")
    print("| ---: | ---: | --- | ---: | ---: |")
    for users in sizes:
        folder = f"{place}/{users}"
        exports = [f"{folder}/export.ldif", f"{folder}/address-books.ldif"]
        prepare(folder, exports)
        plan = ["target/release/offboard", "plan", "-q", "--as-of", "2026-11-21", "--threads", "2", "-p",
                f"{folder}/policy.toml", "-l", f"{folder}/leavers.csv", "-o", f"{folder}/set", *exports]
        commands = {"`offboard plan`": plan, "`wc -l`": ["wc", "-l", *exports]}
        # What reviewers and operators use around a plan; the change set and the later export are made once, below.
        bench = [] if not os.path.exists(f"{folder}/applied") else [
            ("`offboard search`", ["search", "(&(inetUserStatus=deleted)(mailUserStatus=removed))", "--dn", *exports]),
            ("`offboard lint`", ["lint", *exports]),
            ("`offboard audit`", ["audit", "--as-of", "2026-11-21", "-p", f"{folder}/policy.toml", *exports]),
            ("`offboard simulate`", ["simulate", "--export", exports[0], "--export", exports[1], f"{folder}/applied"]),
            ("`offboard revert`", ["revert", "--export", exports[0], "--export", exports[1], f"{folder}/applied"]),
            ("`offboard verify`", ["verify", f"{folder}/applied", f"{folder}/after.ldif"]),
            ("`offboard diff`", ["diff", f"{folder}/before.ldif", f"{folder}/after.ldif"]),
            ("`offboard explain`", ["explain", "--as-of", "2026-11-21", "-p", f"{folder}/policy.toml", "u0000007", *exports]),
        ]
        commands.update({name: ["target/release/offboard", "--threads", "2", *words] for name, words in bench})
        if shutil.which("ldapmodify"):
            commands["`ldapmodify -n`"] = ["ldapmodify", "-n", "-a", "-f", exports[0]]
        measured = {name: [] for name in commands}
        for run in range(RUNS + 1):
            for name, command in commands.items():
                shutil.rmtree(f"{folder}/set", ignore_errors=True)
                figures = once(command)
                if run:  # the first warms the cache
                    measured[name].append(figures)
        size = sum(map(os.path.getsize, exports)) / 1e6
        for name, figures in measured.items():
            times, peaks = zip(*figures)
            wall = f"{statistics.median(times):.2f} ({min(times):.2f}-{max(times):.2f})"
            peak = f"{statistics.median(peaks):.1f} ({max(peaks):.1f})"
            print(f"| {users} | {size:.0f} | {name} | {wall} | {peak} |")


main(sys.argv[1], sys.argv[2:])

#!/usr/bin/env python3
"""relplan and blastoff side by side: the same hundred repositories, the same stand-in, 50 ms an answer.

Run it from the top of the repository after `make prepare` and a release build of relplan:

    python3 benches/github/compare.py target/release/relplan

blastoff (PyPI `innoday-blastoff` 0.2.0) is installed under target/tools; it knows github.com alone, so that
`redirect/sitecustomize.py` sends its requests to the stand-in."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.request

TOP = pathlib.Path(__file__).resolve().parents[2]
TOOL = TOP / "target/tools/blastoff"
TOKEN = "ghp_benchmark"
RELEASE = """release "shop" {
  version = "1.2.0"
}

data "github_repositories" "shop" {
  owner  = "acme"
  topics = ["shop"]
}

resource "github_release" "shop" {
  for_each       = data.github_repositories.shop.full_names
  repository     = each.key
  tag            = "v${release.version}"
  generate_notes = true
}
"""


def repository(number):
    commits = [{"id": "c1", "message": "Open"}, {"id": "c2", "message": "Fix the cart (#1)"}]
    pull = {"number": 1, "title": "Fix the cart", "merged": True, "merged_at": "2026-02-01T00:00:00Z", "merge_commit": "c2"}
    return {
        "owner": "acme", "name": f"shop-{number:03}", "topics": ["shop"], "archived": number < 3, "commits": commits,
        "tags": {"v1.1.0": "c1"}, "releases": [{"tag": "v1.1.0"}], "pulls": [pull],
    }


class StandIn:
    def __init__(self, folder):
        seed = {"users": [{"login": "ann"}], "tokens": {TOKEN: {"login": "ann"}}, "organizations": ["acme"],
                "repositories": [repository(number) for number in range(100)]}
        path = pathlib.Path(folder) / "seed.json"
        path.write_text(json.dumps(seed))
        server = TOP / "fixtures/github/server.js"
        self.process = subprocess.Popen(["node", server, "--seed", path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.url = json.loads(self.process.stdout.readline())["url"]
        self.control("settings", {"latency_ms": 50})

    def control(self, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(f"{self.url}/_stand-in/{path}", data) as answer:
            return json.load(answer)

    def end(self):
        state, summary = self.control("state"), self.control("summary")
        self.process.kill()
        tagged = sum("v1.2.0" in one["tags"] for one in state.values())
        return {"tagged": tagged, "requests": summary["requests"], "at_once": summary["most_at_once"],
                "violations": len(summary["violations"])}


def timed(command, folder, environment):
    begun = time.monotonic()
    done = subprocess.run(command, cwd=folder, env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        sys.exit(done.stdout.decode())
    return time.monotonic() - begun


def blastoff():
    if not (TOOL / "bin/blastoff").exists():
        subprocess.run([sys.executable, "-m", "venv", TOOL], check=True)
        subprocess.run([TOOL / "bin/pip", "install", "--quiet", "innoday-blastoff==0.2.0"], check=True)
    with tempfile.TemporaryDirectory() as folder:
        stand_in = StandIn(folder)
        versions = {"alias": "shop", "organization": "acme", "label": "shop", "next_version": "v1.2.0",
                    "last_released": "2026-01-15T00:00:00Z", "last_released_version": "v1.1.0"}
        (pathlib.Path(folder) / "org-versions.json").write_text(json.dumps({"organizations": [versions]}))
        environment = {"GH_TOKEN": TOKEN, "STAND_IN": stand_in.url, "PYTHONPATH": str(TOP / "benches/github/redirect")}
        command = [TOOL / "bin/blastoff", "release", "-c", "shop", "--summary", "Release", "--release"]
        return {"seconds": timed(command, folder, environment), **stand_in.end()}


def relplan(program, parallelism):
    with tempfile.TemporaryDirectory() as folder:
        stand_in = StandIn(folder)
        (pathlib.Path(folder) / "v1.2.hcl").write_text(RELEASE)
        environment = {"GH_TOKEN": TOKEN, "GITHUB_API_URL": stand_in.url}
        command = [program, "apply", "-auto-approve", f"-parallelism={parallelism}", "v1.2.hcl"]
        return {"seconds": timed(command, folder, environment), **stand_in.end()}


def main():
    program = pathlib.Path(sys.argv[1]).resolve()
    rows = {"blastoff release": blastoff()}
    for parallelism in (10, 50):
        rows[f"relplan apply -parallelism={parallelism}"] = relplan(program, parallelism)
    print(f"{'':32}{'seconds':>9}{'requests':>10}{'at once':>9}{'tagged':>8}{'violations':>12}")
    for name, row in rows.items():
        print(f"{name:32}{row['seconds']:>9.2f}{row['requests']:>10}{row['at_once']:>9}{row['tagged']:>8}{row['violations']:>12}")
    base = rows["blastoff release"]
    for name, row in list(rows.items())[1:]:
        times, requests = row["seconds"] / base["seconds"], row["requests"] / base["requests"]
        print(f"{name}: {times:.3f} of the time, {requests:.3f} of the requests")


main()

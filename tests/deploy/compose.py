"""Holds the compose files to the rules of the deployment guide. Where Docker Compose is there, it reads them as well."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
problems = []


class Loader(yaml.SafeLoader):
    """Knows Compose's own tags, and refuses a key that stands twice."""


class Replaced(list):
    """A list that takes the place of the one below it."""


def mapping(loader, node):
    keys = [key.value for key, _ in node.value if key.value != "<<"]
    for key in {key for key in keys if keys.count(key) > 1}:
        problems.append(f"{node.start_mark}: {key} stands twice")
    loader.flatten_mapping(node)
    return loader.construct_mapping(node, deep=True)


Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, mapping)
for tag in ("!reset", "!override"):
    Loader.add_constructor(tag, lambda loader, node: Replaced(loader.construct_sequence(node, deep=True)))


def merge(below, above):
    """As Compose merges files: maps by key, lists one after the other, the rest replaced."""
    if isinstance(below, dict) and isinstance(above, dict):
        return {key: merge(below[key], above[key]) if key in below and key in above else {**below, **above}[key] for key in {**below, **above}}
    if isinstance(below, list) and isinstance(above, list) and not isinstance(above, Replaced):
        return below + above
    return above


# What a server may take to stop: the drain, the requests in flight and the last traces.
defaults = dict(re.findall(r"^# (SHUTDOWN_\w+)=(\d+)s$", (ROOT / ".env.example").read_text(), re.M))
stopping = int(defaults["SHUTDOWN_DRAIN"]) + int(defaults["SHUTDOWN_TIMEOUT"]) + 2
unit = re.search(r"^TimeoutStopSec=(\d+)$", (ROOT / "deploy/systemd/fastgpt-platform@.service").read_text(), re.M)
if int(unit[1]) <= stopping:
    problems.append(f"the unit is killed after {unit[1]} s, and may take {stopping} s to stop")


def check(name, file):
    def expect(holds, what):
        if not holds:
            problems.append(f"{name}: {what}")

    for service, it in file["services"].items():
        at = f"{service}:"
        once = it.get("restart") == "no"
        image = it.get("image", "")
        resources = it.get("deploy", {}).get("resources", {})
        options = it.get("logging", {}).get("options", {})
        expect(re.search(r":[\w.-]*\d[\w.-]*}?$", image) or "PLATFORM_VERSION" in image, f"{at} the image {image} has no version")
        expect(it.get("restart") in ("unless-stopped", "no"), f"{at} no restart policy")
        expect("healthcheck" in it, f"{at} no healthcheck")
        expect({"cpus", "memory"} <= resources.get("limits", {}).keys(), f"{at} no limits")
        expect("memory" in resources.get("reservations", {}), f"{at} no reservations")
        expect(it.get("logging", {}).get("driver") == "json-file", f"{at} the log is no json-file")
        expect(options.get("max-size") == "10m" and int(options.get("max-file", 0)) >= 3 and options.get("compress") == "true", f"{at} the log does not rotate")
        expect(it.get("cap_drop") == ["ALL"], f"{at} has capabilities that it does not need")
        expect(it.get("security_opt") == ["no-new-privileges:true"], f"{at} may gain privileges")
        expect(it.get("read_only") is True, f"{at} may write to its image")
        expect(not it.get("privileged") and it.get("network_mode") != "host", f"{at} reaches the machine")
        expect(once or it.get("user") not in ("0:0", "root"), f"{at} is root")
        if image.startswith("fastgpt-platform:") and not once:
            expect(int(it.get("stop_grace_period", "10s").rstrip("s")) > stopping, f"{at} is killed before it may have stopped")
        for needed, how in it.get("depends_on", {}).items():
            expect(how["condition"] in ("service_healthy", "service_completed_successfully"), f"{at} does not wait until {needed} is healthy")
        for volume in it.get("volumes", []):
            source = volume.split(":")[0]
            expect(source.startswith(("./", "${")) or source in file["volumes"], f"{at} {source} is not a named volume")
            expect(not source.startswith(("./", "${")) or volume.endswith(":ro") or source == "./backup", f"{at} {source} is writable")
        for key, value in it.get("environment", {}).items():
            if re.search("SECRET|PASSWORD|KEY", key):
                expect(re.fullmatch(r"\$\{\w+(:\?.*|:-)?}", str(value)), f"{at} {key} is a secret in the file")
            expect(not re.search(r"://[^/@${}]*:[^$@]+@", str(value)), f"{at} {key} has a password in the file")
        for port in it.get("ports", []):
            allowed = {"frontend": ("80", "443")} if name == "production" else {"frontend": ("80",), "backend": ("5000",)}
            expect(port.startswith("127.0.0.1:") or port.split(":")[-1] in allowed.get(service, ()), f"{at} publishes {port}")
    fixed = [it["networks"]["front"].get("ipv4_address") if isinstance(it["networks"], dict) else None for it in file["services"].values() if "front" in it.get("networks", ())]
    expect(None not in fixed and len(set(fixed)) == len(fixed), f"in the network of the front some share an address, or have none of their own: {fixed}")
    expect(file["networks"]["data"]["internal"] is True, "the network of the stores is open")


def by_compose(files, env):
    """What Docker Compose itself says to the files; None where it is not installed."""
    if subprocess.run(["docker", "compose", "version"], capture_output=True).returncode != 0:
        return None
    with tempfile.TemporaryDirectory() as folder:
        for file in files:
            (Path(folder) / file).write_text((ROOT / file).read_text())
        if env is not None:
            (Path(folder) / ".env").write_text(env)
        arguments = [argument for file in files for argument in ("-f", file)]
        return subprocess.run(["docker", "compose", *arguments, "config", "--quiet"], cwd=folder, capture_output=True, text=True)


development = yaml.load((ROOT / "docker-compose.yml").read_text(), Loader)
override = yaml.load((ROOT / "docker-compose.production.yml").read_text(), Loader)
production = merge(development, override)
check("development", development)
check("production", production)

backends = [service for service in production["services"] if re.fullmatch(r"backend(-\d)?", service)]
if len(backends) != 2:
    problems.append(f"production has {backends} and not two backends")
upstream = (ROOT / "deploy/nginx/upstream.production.conf").read_text()
for service in backends:
    address = production["services"][service]["networks"]["front"]["ipv4_address"]
    if f"{service}:{address}" not in production["services"]["frontend"]["extra_hosts"] or upstream.count(f"server {service}:5000") != 2:
        problems.append(f"Nginx does not know {service}")
for key in ("JWT_SECRET", "SESSION_SECRET", "REDIS_PASSWORD", "SITE_URL"):
    if ":?" not in production["services"]["backend"]["environment"][key]:
        problems.append(f"production starts without {key}")

server = re.search(r"postgres:(\d+)", development["services"]["postgres"]["image"])[1]
client = re.search(r"postgresql-client-(\d+)", (ROOT / "Dockerfile").read_text())[1]
if int(client) < int(server):
    problems.append(f"the image has pg_dump {client}, the server is PostgreSQL {server}")

example = (ROOT / ".env.example").read_text()
settings = "JWT_SECRET=a\nSESSION_SECRET=b\nREDIS_PASSWORD=c\nSITE_URL=https://platform.example.com\n"
files = ["docker-compose.yml", "docker-compose.production.yml"]
for chosen, env, said in ((files[:1], example, None), (files, example + settings, None), (files[:1], None, "cp .env.example .env"), (files, example, "openssl rand")):
    outcome = by_compose(chosen, env)
    if outcome is None:
        print("Docker Compose is not installed: the files were read by their rules alone")
        break
    if (outcome.returncode == 0) != (said is None) or (said or "") not in outcome.stderr:
        problems.append(f"docker compose config with {chosen}: {outcome.returncode} {outcome.stderr}")

print(*problems, sep="\n")
print(f"{len(development['services'])} services in development, {len(production['services'])} in production, {len(problems)} problem(s)")
sys.exit(bool(problems))

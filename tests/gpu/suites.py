"""What kinds of devices there are, and their tests: of operations and of whole toy models, and the same once more under a checker."""
import json
import pathlib
import shutil
import subprocess
import sys

from report import say

# Shapes are small in these; a checker takes ten to a hundred times as long.
CHECKED_OPERATIONS = "*StepTest*/{0}:*Attention.*/{0}:*AttentionStyles*/{0}:*Elementwise*/{0}:*TopLogits*/{0}:*Q4_K_{0}:*Q6_K_{0}"
# Each kind of device: tests of its operations and of whole models; those that run once more under Vulkan's validation, or under tools of
# CUDA's compute-sanitizer; ways to run models that are measured beside the usual one, by the variables that switch them on; and for how
# many minutes a card is used at most (0: as long as it takes).
KINDS = {
    "vulkan": {
        "kernels": "*vulkan*:*Vulkan*",
        "engine": "*Vulkan*",
        "validation": ("*StepTest*/vulkan:*Attention*/vulkan:*Q4_K_vulkan:*VulkanMatrices*/Q4_K",
                       {"SUMIDERO_VULKAN_VALIDATION": "1", "VK_LAYER_SYNCVAL_SHADER_ACCESSES_HEURISTIC": "true"}),
        "tools": [],
        "ways": [("without cooperative matrices", "prefill", {"SUMIDERO_VULKAN_MATRICES": "0"})],
        "minutes": 0,
    },
    "cuda": {
        "kernels": "*/cuda:*_cuda:Cuda*",
        "engine": "*CudaCardModel*",
        "validation": None,
        "tools": ["memcheck", "racecheck", "initcheck", "synccheck"],
        "ways": [("without graphs", "decode", {"SUMIDERO_CUDA_GRAPHS": "0"}),
                 ("without cuBLAS", "prefill", {"SUMIDERO_CUDA_CUBLAS": "0"})],
        "minutes": 8,
    },
}
# Without a card: CUDA's kernels on the processor.
DRY = {**KINDS["cuda"], "kernels": "*cuda_shim*:Cuda*", "engine": "*Cuda*", "ways": [], "minutes": 0}
SECONDS_OF_TOOL = 40


def run_tests(report, device, kind):
    on_it = {"SUMIDERO_TEST_DEVICE": device["name"]}
    report.section("Tests")
    test(report, "operations", "kernels_tests", kind["kernels"], on_it)
    test(report, "whole toy models", "engine_tests", kind["engine"], on_it)
    if device["name"].startswith("cuda"):
        hidden = report.cli_json("devices", environment={"CUDA_VISIBLE_DEVICES": ""})
        problem = hidden["cuda_problem"] if hidden else ""
        report.verdict("a machine that shows no card", problem == "There is no NVIDIA card on this machine.", problem or "nothing was said")
    if kind["validation"]:
        names, switch = kind["validation"]
        test(report, "operations, under validation", "kernels_tests", names, {**on_it, **switch})


def run_tools(report, device, kind):
    """Reads and writes out of bounds, races in shared memory, memory that is read before it is written, barriers that some threads miss."""
    if not kind["tools"]:
        return
    report.section("compute-sanitizer, small shapes")
    sanitizer = None if report.is_dry else find_sanitizer(report.build)
    for tool in kind["tools"]:
        if report.is_dry:
            report.skip(tool, "there is no card")
        elif not sanitizer:
            report.skip(tool, "compute-sanitizer is not installed, and PyPI could not be reached")
        elif report.has_time(tool, SECONDS_OF_TOOL):
            check = [sanitizer, "--tool", tool, "--error-exitcode", "99", "--print-limit", "20"]
            test(report, tool, "kernels_tests", CHECKED_OPERATIONS.format("cuda"), {"SUMIDERO_TEST_DEVICE": device["name"]}, check,
                 timeout=2 * SECONDS_OF_TOOL if report.minutes else None)


def find_sanitizer(build):
    """The toolkit's, or PyPI's in a folder of its own (40 MB)."""
    own = build / "compute-sanitizer"
    places = [shutil.which("compute-sanitizer"), "/usr/local/cuda/bin/compute-sanitizer", *own.rglob("bin/compute-sanitizer")]
    for place in places:
        if place and pathlib.Path(place).is_file():
            return place
    say("Fetching compute-sanitizer ...")
    pip = own / "pip/bin/pip"
    fetch = [pip, "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:", "--target", own / "packages",
             "nvidia-cuda-sanitizer-api==13.0.*"]
    if subprocess.run([sys.executable, "-m", "venv", own / "pip"]).returncode == 0:
        subprocess.run(fetch)
    return next((place for place in own.rglob("bin/compute-sanitizer") if place.is_file()), None)


def test(report, what, program, names, environment, wrapper=(), timeout=None):
    """Counts from GoogleTest's own report, so that a filter that matches nothing is no success."""
    result = report.build / f"{program}.json"
    result.unlink(missing_ok=True)
    arguments = [f"--gtest_filter={names}", "--gtest_brief=1", f"--gtest_output=json:{result}"]
    done = report.finish([*wrapper, report.build / "tests" / program, *arguments], environment, timeout)
    if done is None:
        return
    counts = {"passed": 0, "skipped": 0, "failed": 0}
    if result.exists():
        for suite in json.loads(result.read_text())["testsuites"]:
            for case in suite["testsuite"]:
                counts["failed" if case.get("failures") else "skipped" if case["result"] == "SKIPPED" else "passed"] += 1
    good = done.returncode == 0 and counts["passed"] > 0 and counts["failed"] == 0
    said = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    report.verdict(what, good, (said or "nothing ran") + ("" if done.returncode == 0 else f", ended with {done.returncode}"))

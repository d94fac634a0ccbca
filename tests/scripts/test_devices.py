#!/usr/bin/env python3
"""Devices as a person meets them: the list, and a model that is to run where it cannot. No loader of Vulkan, no driver, a driver that is none, no such
device: each is one sentence, and the model runs on the CPU. Argument: the folder of the built programs."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile


def run(folder, program, *arguments, **environment):
    return subprocess.run([folder / program, *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          env={**os.environ, **environment}, timeout=300)


def devices(folder, **environment):
    done = run(folder, "sumidero-cli", "devices", "--json", **environment)
    assert done.returncode == 0, done
    return json.loads(done.stdout)


def is_sentence(text):
    return text[:1].isupper() and text.endswith(".") and "\n" not in text


def check_list(folder):
    found = devices(folder)
    assert found["devices"][0]["name"] == "cpu", found
    assert len(found["devices"]) > 1 or is_sentence(found["vulkan_problem"]), found
    if (folder / "sumidero").exists(): # what the settings ask
        own = run(folder, "sumidero", "--devices", DISPLAY="", WAYLAND_DISPLAY="", QT_QPA_PLATFORM="")
        assert own.returncode == 0 and json.loads(own.stdout) == found, own


def check_fallback(folder, model, name, device, **environment):
    """The answer is the CPU's, and the reason one sentence."""
    question = ["chat", "-m", model, "-p", "Hello", "--temperature", 0, "--max-tokens", 5, "--threads", 1, "--json"]
    expected = json.loads(run(folder, "sumidero-cli", *question).stdout)
    done = run(folder, "sumidero-cli", *question, "--device", device, **environment)
    assert done.returncode == 0, (name, done)
    answer = json.loads(done.stdout)
    assert answer["device"] == "CPU, 1 thread" and answer["text"] == expected["text"], (name, answer)
    reason, end, rest = done.stderr.strip().partition(" The model runs on the CPU.")
    assert is_sentence(reason) and end and not rest, (name, done.stderr)
    return reason


def check_cuda(folder, place):
    """Why CUDA is not used: from the program alone, and from its part for NVIDIA cards with drivers that are none."""
    without = "This program was built without CUDA."
    alone = place / "alone"
    alone.mkdir()
    shutil.copy2(folder / "sumidero-cli", alone)
    assert devices(alone)["cuda_problem"] == without
    if not (folder / "sumidero-cuda.so").exists():
        assert devices(folder)["cuda_problem"] == without
        return
    nothing = place / "no-driver"
    nothing.mkdir()
    (nothing / "libcuda.so.1").write_text("no library")
    fake = folder.parent / "tests/fake_driver"
    for driver, says, reason in [(nothing, {}, "There is no NVIDIA driver on this machine."),
                                 (fake, {"FAKE_CUDA_VERSION": "12020"}, "it knows CUDA 12.2, and this program needs 13.0."),
                                 (fake, {"FAKE_CUDA_VERSION": "13000", "FAKE_CUDA_INIT": "100"}, "There is no NVIDIA card on this machine.")]:
        problem = devices(folder, LD_LIBRARY_PATH=str(driver), **says)["cuda_problem"]
        assert is_sentence(problem) and reason in problem, (reason, problem)


def main():
    folder = pathlib.Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as place:
        place = pathlib.Path(place)
        model = place / "toy.gguf"
        assert run(folder, "write_toy_model", model).returncode == 0
        check_list(folder)
        assert "toaster" in check_fallback(folder, model, "no such device", "toaster")
        check_fallback(folder, model, "no such number", "vulkan:99")
        check_cuda(folder, place)
        no_driver = {"VK_DRIVER_FILES": "/does/not/exist.json", "VK_ICD_FILENAMES": "/does/not/exist.json"}
        no_loader = {"LD_LIBRARY_PATH": str(place)}
        for name in ("libvulkan.so.1", "libvulkan.so"):
            (place / name).write_text("no library")
        for name, environment in (("no driver", no_driver), ("no loader", no_loader)):
            found = devices(folder, **environment)
            assert [d["name"] for d in found["devices"]] == ["cpu"] and is_sentence(found["vulkan_problem"]), (name, found)
            assert check_fallback(folder, model, name, "vulkan", **environment)
            automatic = run(folder, "sumidero-cli", "perplexity", "-m", model, "--text-file", __file__, "--limit", 20, "--device", "auto",
                            **environment)
            assert automatic.returncode == 0 and not automatic.stderr, (name, automatic) # nothing was asked for, so nothing failed
    print("devices: ok")


if __name__ == "__main__":
    main()

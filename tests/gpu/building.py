"""Builds what tests/gpu/run needs, packs it for machines that cannot build it, and finds cuBLAS."""
import ctypes
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile

from report import REVISION, ROOT, ask_nvidia, revision, say

# Below the build folder. What depends on packages or compilers that may be missing is not always there.
PROGRAMS = ["bin/sumidero-cli", "bin/measure_device", "bin/write_toy_model", "bin/write_random_model", "tests/kernels_tests",
            "tests/engine_tests", "tests/bench_steady"]
LIBRARY = "sumidero-cuda.so"
OPTIONAL = ["cuda_library", "bench_steady"]
OLDEST = 75  # compute capability, of what CUDA 13 makes code for
# The C library belongs to a machine, as its loader does; everything else is packed.
OF_THE_SYSTEM = re.compile(r"(ld-linux.*|lib(c|m|dl|rt|pthread|resolv))\.so")


def build_all(build, options):
    if missing := [tool for tool in ("cmake", "ninja") if not shutil.which(tool)]:
        sys.exit(f"It cannot be built without {' and '.join(missing)}; tests/gpu/run --pack, elsewhere, makes something to carry here.")
    if options.pack or ask_nvidia("name"):
        subprocess.run([ROOT / "installer/fetch-cuda-compiler"], stdout=subprocess.DEVNULL)  # says itself what it cannot do
    say("Building ...")
    # Libraries are looked for in a pack first, and so are those that these need: DT_RPATH, not DT_RUNPATH.
    configure = ["cmake", "-S", ROOT, "-B", build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=RelWithDebInfo", "-DSUMIDERO_ASSERTS=ON",
                 "-DSUMIDERO_DESKTOP=OFF", "-DCMAKE_BUILD_RPATH=$ORIGIN/../lib", "-DCMAKE_EXE_LINKER_FLAGS_INIT=-Wl,--disable-new-dtags"]
    if architectures := options.architectures or architectures_here():
        configure.append(f"-DSUMIDERO_CUDA_ARCHITECTURES={architectures}")
    if subprocess.run(configure).returncode == 0:
        known = subprocess.run(["ninja", "-C", build, "-t", "targets", "all"], capture_output=True, text=True).stdout
        targets = [name for name in (pathlib.Path(program).name for program in PROGRAMS) if name not in OPTIONAL]
        targets += [target for target in OPTIONAL if f"{target}:" in known]
        if subprocess.run(["ninja", "-C", build, *targets]).returncode == 0:
            return
    sys.exit("It cannot be built; installer/packages.txt and tests/packages.txt name the packages that are needed.")


def architectures_here():
    """Of the cards on this machine, as CMake takes them: "80;90"."""
    numbers = {int(answer[0].replace(".", "")) for answer in ask_nvidia("compute_cap") if re.fullmatch(r"\d+\.\d", answer[0])}
    return ";".join(str(number) for number in sorted(numbers) if number >= OLDEST)


def pack(build, path):
    """One file to carry to a machine that has a card, its driver and Python, and nothing to build with. There tests/gpu/run knows it."""
    with tempfile.TemporaryDirectory() as place:
        tree = pathlib.Path(place) / "sumidero-gpu"
        packed = tree / "build/gpu"
        for folder in (tree / "tests/gpu", packed / "bin", packed / "tests", packed / "lib"):
            folder.mkdir(parents=True)
        for source in [ROOT / "tests/gpu/run", *(ROOT / "tests/gpu").glob("*.py")]:
            shutil.copy(source, tree / "tests/gpu")
        shutil.copy(ROOT / "README.md", tree)
        (tree / REVISION).write_text(revision())
        libraries = set()
        for program in PROGRAMS:
            if (build / program).exists():
                subprocess.run(["strip", "-o", packed / program, build / program], check=True)
                libraries |= libraries_of(build / program)
        for library in libraries:
            shutil.copy(library, packed / "lib")
        if (build / "bin" / LIBRARY).exists():
            shutil.copy(build / "bin" / LIBRARY, packed / "bin")
            (packed / "tests" / LIBRARY).symlink_to(f"../bin/{LIBRARY}")
        else:
            say("There is no part for NVIDIA cards in it: no compiler was found.")
        with tarfile.open(path, "w:xz") as archive:
            archive.add(tree, tree.name)
    say(f"{path}: {path.stat().st_size / 2**20:.1f} MiB. On the other machine: tar -xf {path.name} && sumidero-gpu/tests/gpu/run --device cuda:0")


def libraries_of(program):
    lines = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout.splitlines()
    found = (re.match(r"\s*(\S+) => (/\S+) ", line) for line in lines)
    return {match.group(2) for match in found if match and not OF_THE_SYSTEM.match(match.group(1))}


def find_cublas(build):
    """Whether the program will find cuBLAS. What Python's packages have of it is put where the program looks."""
    try:
        ctypes.CDLL("libcublas.so.13")
        return True
    except OSError:
        pass
    beside = build / "bin/nvidia"  # kernels/cuda/module/cublas.h
    name = "cu13/lib/libcublas.so.13"
    if not beside.exists():
        beside.unlink(missing_ok=True)  # a link to what is gone
        if found := next((folder for folder in (pathlib.Path(place) / "nvidia" for place in sys.path) if (folder / name).exists()), None):
            beside.symlink_to(found)
    return (beside / name).exists()

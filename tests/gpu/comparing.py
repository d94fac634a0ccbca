"""Whole models on a device against the CPU's float32 path, and how fast they are on both."""
import json
import math
import subprocess

# Differences of a token's log-likelihood from the CPU's float32 path, in nats. Both keep keys and values in half precision, so sums in
# another order now and then round one to its neighbour (2^-11 of it); the CPU's own 8-bit activations make 0.015.
MEAN_LOSS, WORST_LOSS = 2e-3, 0.1
SHARE = 1e-3  # of attention
SAME_GREEDY = 0.25  # of an answer's characters, at least
REFERENCE = ["--device", "cpu", "--float32"]


def compare_models(report, device, model, text, sizes):
    report.section(f"The same as the CPU? ({model.name}, {sizes['tokens']} tokens)")
    window = ["--mode", "streaming", "--sinks", 4, "--window", sizes["window"]]
    runs = [("everything kept", ["--mode", "dense"]),
            (f"4 + {sizes['window']}: the ring wraps, text is evicted", window),
            ("the same with 8-bit keys and values", [*window, "--kv", "q8_0"]),
            ("the same at stream position 4,000,000", [*window, "--start-position", 4_000_000])]
    for what, mode in runs:
        compare_losses(report, device, model, text, what, ["--limit", sizes["tokens"], *mode])
    compare_shares(report, device, model, text, ["--limit", sizes["tokens"], *window])
    compare_greedy(report, device, model, sizes["greedy"])


def compare_random_model(report, device, model, text, tokens):
    """One of a real one's size: its logits by the losses they give, and the sinks' shares."""
    window = ["--limit", tokens, "--mode", "streaming", "--sinks", 4, "--window", tokens // 3]
    compare_losses(report, device, model, text, "the ring wraps", window)
    compare_shares(report, device, model, text, window)


def both(report, device, *arguments):
    """Results of the same command on the CPU's float32 path and on the device; None when one did not run where it should."""
    results = []
    for place in (REFERENCE, device["arguments"]):
        result = report.cli_json(*arguments, *place)
        if result is None:
            return None
        results.append(result)
    return results if ran_there(report, arguments[0], device, results[1]) else None


def ran_there(report, what, place, result):
    """Whether that is so; a model that a device refuses runs on the CPU."""
    if place["title"] in result["device"]:
        return True
    report.verdict(what, False, f"ran on {result['device']}")
    return False


def compare_losses(report, device, model, text, what, arguments):
    losses, results = [], []
    for number, place in enumerate((REFERENCE, device["arguments"])):
        file = report.build / f"losses-{number}.csv"
        result = report.cli_json("perplexity", "-m", model, "--text-file", text, "--nll-out", file, *arguments, *place)
        if result is None:
            return
        results.append(result)
        losses.append([float(line.split(",")[1]) for line in file.read_text().splitlines()[1:]])
    here, there = losses
    differences = [abs(a - b) for a, b in zip(here, there)]
    mean, worst = sum(differences) / len(differences), max(differences)
    on_it = device["title"] in results[1]["device"]
    good = on_it and len(here) == len(there) and mean < MEAN_LOSS and worst < WORST_LOSS and math.isfinite(mean)
    report.verdict(f"perplexity, {what}", good,
                   f"{results[1]['perplexity']:.4f} against {results[0]['perplexity']:.4f}; a token differs by {mean:.1e} nats, at most "
                   f"{worst:.1e}" + ("" if on_it else f"; it ran on {results[1]['device']}"))


def compare_shares(report, device, model, text, arguments):
    results = both(report, device, "sinks", "-m", model, "--text-file", text, *arguments)
    if results is None:
        return
    worst = max(abs(a - b) for a, b in zip(results[0]["layer_share"], results[1]["layer_share"]))
    report.verdict("share of the sinks", worst < SHARE,
                   f"{results[1]['mean_share']:.4f} against {results[0]['mean_share']:.4f}; a layer differs by {worst:.1e} at most")


def compare_greedy(report, device, model, tokens):
    results = both(report, device, "chat", "-m", model, "-p", "Tell me about a harbour in winter.", "--temperature", 0,
                   "--repetition-penalty", 1, "--max-tokens", tokens)
    if results is None:
        return
    here, there = results[0]["text"], results[1]["text"]
    same = next((i for i, (a, b) in enumerate(zip(here, there)) if a != b), min(len(here), len(there)))
    # Two tokens may be equally likely but for rounding, and everything after that may differ: the table says where.
    result = f"the same {len(here)} characters" if here == there else f"the same up to character {same} of {len(here)}"
    report.verdict(f"greedy answer of {tokens} tokens", same >= len(here) * SAME_GREEDY, result)


def measure_device(report, device, sizes, ways):
    report.section("Memory and products")
    measured = [("", None), *((f", {name}", switch) for name, what, switch in ways if what == "prefill")]
    for number, (name, switch) in enumerate(measured):
        output = report.run("bin/measure_device", device["name"], *sizes["size"], environment=switch)
        if not output:
            continue
        figures = json.loads(output)
        if number == 0:
            report.row("copy to and from the device", f"{figures['to_device_gb_s']:.2f} and {figures['from_device_gb_s']:.2f} GB/s")
            report.row("its memory (x += y: two reads, a write)", f"{figures['add_gb_s']:.2f} GB/s")
        for product in figures["products"]:
            share = 100 * product["matvec_gb_s"] / figures["add_gb_s"]
            report.row(f"{product['type']}, {figures['matrix']} x {figures['matrix']}{name}",
                       f"mat-vec {product['matvec_gb_s']:.2f} GB/s ({share:.0f} % of that), {figures['tokens']} tokens "
                       f"{product['matmat_gop_s']:.0f} Gop/s")


def measure_model(report, places, model, sizes, ways, recomputes=True):
    """Prefill and decode at each depth, as usual and in other ways; then a window that rolls against one that is read again."""
    report.section(f"Speed ({model.name})")
    common = ["bench", "-m", model, "--repeat", sizes["repeat"], "--prefill", sizes["prefill"], "--decode", sizes["decode"]]
    for place in places:
        on_device = place is places[-1]
        for name, what, switch in [("", "", None), *(ways if on_device else [])]:
            depths = sizes["depths"] if what != "prefill" else sizes["depths"][:1]
            result = report.cli_json(*common, *place["arguments"], "--depth", ",".join(map(str, depths)), environment=switch)
            label = place["name"] + (f", {name}" if name else "")
            for row in result["depths"] if result and ran_there(report, label, place, result) else []:
                report.row(f"{label}, depth {row['depth']:,}",
                           f"prefill {row['prefill_tokens_per_second']:.1f}, decode {row['decode_tokens_per_second']:.1f} tokens a second "
                           f"({row['decode_gigabytes_per_second']:.2f} GB/s read)")
        if not recomputes:
            continue
        result = report.cli_json("bench", "-m", model, *place["arguments"], "--against-recompute", "--windows",
                                 ",".join(map(str, sizes["windows"])))
        for row in result["against_recompute"] if result and ran_there(report, place["name"], place, result) else []:
            report.row(f"{place['name']}, full window of {row['window']:,}",
                       f"streaming {row['streaming_milliseconds']:.2f} ms a token, recomputing {row['recompute_milliseconds']:.1f} ms "
                       f"({row['ratio']:.0f} times as long)")


def measure_steadiness(report, device, model, tokens, seconds):
    """Whether a stream stays as fast for ever: a memory that rolls against one that is as full and does not."""
    if not (report.build / "tests/bench_steady").exists():
        report.skip("a long stream", "it is measured where Google Benchmark is installed")
        return
    report.section(f"A stream of {tokens:,} tokens ({model.name})")
    words = {"SUMIDERO_BENCH_MODELS": str(model), "SUMIDERO_BENCH_TOKENS": str(tokens), "SUMIDERO_BENCH_DEVICE": device["name"]}
    done = report.finish([report.build / "tests/bench_steady"], words, timeout=seconds, stdout=subprocess.PIPE)
    if done is not None and done.returncode != 0:
        report.verdict("a long stream", False, f"ended with {done.returncode}")
    for line in done.stdout.splitlines() if done else []:
        what, _, result = line.partition(": " if ": " in line else ":")
        report.row(" ".join(what.split()), result.strip())

#!/bin/sh
# linear_cooperative.comp needs a glslc that knows GL_KHR_cooperative_matrix; Debian 12's does not. With such a one the program is built from
# the words in compiled/ instead. After a change of the shader or of what it includes:
#
#     compile_cooperative.sh [GLSLC]    writes them again, with a glslc that knows it
#     compile_cooperative.sh --check    fails unless they are of the sources as they are now
set -eu
cd "$(dirname "$0")"
shader=linear_cooperative.comp

if [ "${1:-}" = --check ]; then
    for words in compiled/linear_cooperative.inc compiled/linear_cooperative_checked.inc; do
        sed -n 's|^// \([0-9a-f]\{64\}  .*\)|\1|p' $words | sha256sum --check --status && continue
        echo "kernels/vulkan/shaders/$words is of another $shader or of other parts of it: kernels/vulkan/shaders/compile_cooperative.sh writes it again." >&2
        exit 1
    done
    exit 0
fi

compiled=$(mktemp)
trap 'rm -f "$compiled"' EXIT
mkdir -p compiled
for define in "" CHECKED; do
    "${1:-glslc}" --target-env=vulkan1.2 -O ${define:+-D$define} -mfmt=num $shader -o "$compiled"
    {
        echo "// clang-format off"
        echo "// Written by compile_cooperative.sh, of"
        sha256sum $shader $(sed -n 's/^#include "\(.*\)"/\1/p' $shader) | sed 's|^|// |'
        # 32 words a line
        echo "{"
        tr -d ' \n' <"$compiled" | tr ',' '\n' | paste -s -d ',,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,\n' | sed 's/,*$/,/'
        echo "}"
    } >compiled/linear_cooperative${define:+_checked}.inc
done

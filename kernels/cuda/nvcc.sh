#!/bin/sh
# nvcc.sh NVCC LOG ARGUMENTS...: makes a library that any process can load, with CUDA's runtime inside. What the assembler says of each
# kernel goes into LOG; warnings are errors.
set -u
nvcc=$1
log=$2
shift 2
if "$nvcc" -std=c++20 -O3 -shared -cudart static -Werror all-warnings -Xptxas -v -Xfatbin -compress-all \
    -Xcompiler -fPIC,-fvisibility=hidden -Xlinker --exclude-libs,ALL "$@" -ldl >"$log.new" 2>&1; then
    mv "$log.new" "$log"
else
    cat "$log.new" >&2
    exit 1
fi

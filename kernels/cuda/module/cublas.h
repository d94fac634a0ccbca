#pragma once
#include "kernels/cuda/device_api.h"

#include <cuda_runtime.h>
#include <dlfcn.h>

#include <string>

// cuBLAS without its header and without linking to it: the library is 600 MB that few machines have, so it is looked for when the first
// prompt asks for it.
namespace kernels::cuda {

class Cublas {
public:
    ~Cublas() {
        if (m_handle)
            m_destroy(m_handle);
    }

    /// Whether it can be used.
    bool open() {
        if (m_wasAsked)
            return m_handle != nullptr;
        m_wasAsked = true;
        void* const library = find(); // stays open
        if (!library)
            return false;
        const auto create = reinterpret_cast<int (*)(void**)>(dlsym(library, "cublasCreate_v2"));
        m_destroy = reinterpret_cast<int (*)(void*)>(dlsym(library, "cublasDestroy_v2"));
        m_setStream = reinterpret_cast<int (*)(void*, cudaStream_t)>(dlsym(library, "cublasSetStream_v2"));
        m_gemm = reinterpret_cast<Gemm>(dlsym(library, "cublasGemmEx"));
        if (!create || !m_destroy || !m_setStream || !m_gemm || create(&m_handle) != 0)
            m_handle = nullptr;
        return m_handle != nullptr;
    }

    int multiply(const MultiplyArguments& a, cudaStream_t stream) {
        if (!open() || m_setStream(m_handle, stream) != 0)
            return cudaErrorInitializationError;
        // Column-major there: out' (rows, tokens) = weights' transposed (rows, cols) x' (cols, tokens).
        constexpr int transposed = 1, asIs = 0; // cublasOperation_t
        const int type = a.isHalf ? half : single;
        const float one = 1.0f, before = a.isAdded ? 1.0f : 0.0f;
        const int status =
            m_gemm(m_handle, transposed, asIs, a.rows, a.tokens, a.cols, &one, a.weights, type, a.cols, a.x,
                   type, a.cols, &before, a.out, single, a.outCols, computeSingle, byItself);
        return status == 0 ? 0 : cudaErrorLaunchFailure;
    }

private:
    /// The system's; else what "pip install --target FOLDER nvidia-cublas==13.*" has put into the folder of this library.
    static void* find() {
        if (void* const library = dlopen("libcublas.so.13", RTLD_NOW | RTLD_LOCAL))
            return library;
        Dl_info own{};
        static const char place = 0; // somewhere in this library
        if (dladdr(&place, &own) == 0 || !own.dli_fname)
            return nullptr;
        const std::string path = own.dli_fname;
        const std::string folder = path.substr(0, path.rfind('/') + 1) + "nvidia/cu13/lib/";
        dlopen((folder + "libcublasLt.so.13").c_str(),
               RTLD_NOW | RTLD_LOCAL); // which the other one needs, and finds by its name
        return dlopen((folder + "libcublas.so.13").c_str(), RTLD_NOW | RTLD_LOCAL);
    }

    // Of cudaDataType_t, cublasComputeType_t and cublasGemmAlgo_t.
    static constexpr int single = 0, half = 2, computeSingle = 68, byItself = -1;
    using Gemm = int (*)(void* handle, int opA, int opB, int m, int n, int k, const void* alpha,
                         const void* a, int typeA, int strideA, const void* b, int typeB, int strideB,
                         const void* beta, void* c, int typeC, int strideC, int compute, int algorithm);
    bool m_wasAsked = false;
    void* m_handle = nullptr;
    int (*m_destroy)(void*) = nullptr;
    int (*m_setStream)(void*, cudaStream_t) = nullptr;
    Gemm m_gemm = nullptr;
};

} // namespace kernels::cuda

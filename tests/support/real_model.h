#pragma once
#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>

namespace test {

/// Where installer/fetch-model puts a file; empty when it is not there.
inline std::filesystem::path installedModel(const char* file) {
    const char* data = std::getenv("XDG_DATA_HOME");
    const char* home = std::getenv("HOME");
    const std::filesystem::path base = data && *data
                                           ? std::filesystem::path(data)
                                           : std::filesystem::path(home ? home : "") / ".local/share";
    const std::filesystem::path path = base / "sumidero/models" / file;
    return std::filesystem::exists(path) ? path : std::filesystem::path();
}

/// SmolLM2-135M-Instruct, where the installer puts it or where SUMIDERO_TEST_MODEL points; empty when it is
/// not there.
inline std::filesystem::path realModelPath() {
    const char* chosen = std::getenv("SUMIDERO_TEST_MODEL");
    if (!chosen)
        return installedModel("SmolLM2-135M-Instruct.Q4_1.gguf");
    return std::filesystem::exists(chosen) ? std::filesystem::path(chosen) : std::filesystem::path();
}

} // namespace test

/// Ends the test as skipped, visibly, where the model file is absent.
#define SKIP_WITHOUT_REAL_MODEL()                                                                            \
    if (test::realModelPath().empty())                                                                       \
    GTEST_SKIP() << "SmolLM2-135M-Instruct.Q4_1.gguf is not installed; set SUMIDERO_TEST_MODEL"

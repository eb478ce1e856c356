// SPDX-License-Identifier: Apache-2.0
// Runs a fuzz target: under libFuzzer, or (ALDIS_FUZZ_REPLAY) once over every file of the folders named, in
// the order of their names.
#include "fuzz/fuzz.hpp"

#if defined(__SANITIZE_ADDRESS__)
#define ALDIS_FUZZ_COUNTS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ALDIS_FUZZ_COUNTS 1
#endif
#endif

#ifdef ALDIS_FUZZ_COUNTS
// The sanitizer's own name; g++ 12 has no header that declares it.
// NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp,readability-identifier-naming)
extern "C" int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void*, std::size_t),
                                                         void (*on_free)(const volatile void*));
#endif

namespace aldis::fuzz {
namespace {

// Of the thread that runs the target: libFuzzer has another, which watches memory.
thread_local std::uint64_t count = 0;
thread_local std::uint64_t octets = 0;

#ifdef ALDIS_FUZZ_COUNTS
void on_malloc(const volatile void*, std::size_t size) {
  ++count;
  octets += size;
}
void on_free(const volatile void*) {}
const int kInstalled = __sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
#endif

}  // namespace

std::uint64_t allocations() { return count; }
std::uint64_t allocated_octets() { return octets; }

}  // namespace aldis::fuzz

#ifndef ALDIS_FUZZ_REPLAY

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  aldis::fuzz::run({reinterpret_cast<const char*>(data), size});
  return 0;
}

#else

#include <csignal>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

namespace {

namespace fs = std::filesystem;

std::string replayed;  // the file in hand, for whoever reads the crash

void on_abort(int) {
  std::fprintf(stderr, "replay: that was %s\n", replayed.c_str());
  std::_Exit(1);
}

std::vector<fs::path> files_of(const char* argument) {
  std::vector<fs::path> files;
  if (!fs::is_directory(argument)) { return {argument}; }
  for (const auto& entry : fs::directory_iterator(argument)) {
    if (entry.is_regular_file()) { files.push_back(entry.path()); }
  }
  std::sort(files.begin(), files.end());
  return files;
}

void replay(const fs::path& file) {
  replayed = file.string();
  std::ifstream stream(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  const aldis::fuzz::Exact input{text};
  aldis::fuzz::run(input.view());
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGABRT, on_abort);
  std::size_t files_count = 0;
  for (int i = 1; i < argc; ++i) {
    for (const auto& file : files_of(argv[i])) {
      replay(file);
      ++files_count;
    }
  }
  std::printf("%zu inputs\n", files_count);
  return files_count == 0 ? 2 : 0;  // nothing replayed proves nothing
}

#endif

// SPDX-License-Identifier: Apache-2.0
// spec_runner [--corpus DIR] SCRIPT...: plays each script three times, with reads cut in three ways.
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "player.hpp"

namespace {

using namespace aldis::spec;

std::string text_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) { throw ScriptError(path + ": cannot read"); }
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

void write_corpus(const std::string& directory, const std::string& path, const Player& player) {
  const auto stem = std::filesystem::path(path).stem().string();
  unsigned number = 0;
  for (const auto& octets : player.sent()) {
    std::ofstream(directory + "/" + stem + "_" + std::to_string(++number), std::ios::binary) << octets;
  }
}

bool play(const std::string& path, const char* corpus) {
  try {
    const Script script = parse_script(path, text_of(path));
    for (const Reads reads : {Reads::kPdu, Reads::kTogether, Reads::kOctet}) {
      Player player(script, reads);
      player.play();
      if (corpus != nullptr && reads == Reads::kPdu) { write_corpus(corpus, path, player); }
    }
    return true;
  } catch (const std::exception& error) {
    std::printf("FAIL %s\n", error.what());
    return false;
  }
}

}  // namespace

int main(int argc, char** argv) {
  const char* corpus = nullptr;
  int played = 0;
  int failed = 0;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--corpus") == 0 && i + 1 < argc) {
      corpus = argv[++i];
      continue;
    }
    ++played;
    failed += play(argv[i], corpus) ? 0 : 1;
  }
  if (played == 0) {
    std::fprintf(stderr, "usage: spec_runner [--corpus DIR] SCRIPT...\n");
    return 2;
  }
  std::printf("%d scripts played three times, %d failed\n", played, failed);
  return failed == 0 ? 0 : 1;
}

// SPDX-License-Identifier: Apache-2.0
#include "aldis/runtime/outlet.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <string>
#include <thread>

using aldis::runtime::Outlet;

namespace {

struct Pipe {
  Pipe() { REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0); }
  ~Pipe() {
    ::close(ends[0]);
    ::close(ends[1]);
  }
  void fill() {
    REQUIRE(::fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0);
    const std::string page(4096, 'x');
    while (::write(ends[1], page.data(), page.size()) > 0) { filled += page.size(); }
    REQUIRE(::fcntl(ends[1], F_SETFL, 0) == 0);
  }
  std::string read(std::size_t size) {
    std::string got(size, '\0');
    std::size_t have = 0;
    while (have < size) {
      const ssize_t n = ::read(ends[0], got.data() + have, size - have);
      REQUIRE(n > 0);
      have += static_cast<std::size_t>(n);
    }
    return got;
  }
  std::array<int, 2> ends{};
  std::size_t filled = 0;
};

}  // namespace

TEST_CASE("a line waits for its reader, however long it is, and comes whole", "[H30]") {
  Pipe pipe;
  pipe.fill();
  const std::string line = std::string(20'000, 'l') + "\n";
  Outlet outlet{pipe.ends[1]};
  std::thread writer([&] { outlet.write(line); });
  pipe.read(pipe.filled);
  CHECK(pipe.read(line.size()) == line);
  writer.join();
}

TEST_CASE("whoever is in a hurry does not wait for a reader that went away", "[H30][H31]") {
  Pipe pipe;
  pipe.fill();
  Outlet outlet{pipe.ends[1], std::chrono::milliseconds{1}};
  std::thread writer([&] {
    for (int i = 0; i < 1000; ++i) { outlet.write("nobody reads this\n"); }
  });
  outlet.hurry();
  writer.join();
  pipe.read(pipe.filled);
  outlet.write("there is room again\n");
  CHECK(pipe.read(20) == "there is room again\n");
}

#include "reconciler/private_file.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "tests/support/temp_repo.hpp"

using namespace homeostat;

namespace {

struct Drawer {
  TempDir dir;
  std::string path = dir.path() + "/f";

  [[nodiscard]] std::string read(std::size_t limit = 1000) const {
    const auto text = read_private_file(path, "the file", limit);
    if (!text) {
      std::string said = to_string(text.error());
      for (auto at = said.find(path); at != std::string::npos; at = said.find(path)) {
        said.replace(at, path.size(), "f");
      }
      return said;
    }
    return *text ? **text : "(none)";
  }
};

}  // namespace

TEST_CASE("private file: what is written is whole, of mode 0600, and read again") {
  const Drawer drawer;
  CHECK(drawer.read() == "(none)");
  const std::string long_text(200'000, 'x');
  REQUIRE(write_private_file(drawer.path, "the file", long_text));
  CHECK(drawer.read(200'000) == long_text);
  struct stat status = {};
  REQUIRE(::stat(drawer.path.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777U) == 0600U);
  REQUIRE(write_private_file(drawer.path, "the file", "short"));
  CHECK(drawer.read() == "short");
  CHECK(std::distance(std::filesystem::directory_iterator(drawer.dir.path()), {}) == 1);
}

TEST_CASE("private file: what others could have touched is refused") {
  const Drawer drawer;
  REQUIRE(write_private_file(drawer.path, "the file", "text"));
  REQUIRE(::chmod(drawer.path.c_str(), 0604) == 0);
  CHECK(drawer.read() == "the file f is open to others (mode 0604) (make it private: chmod 600 f)");
  REQUIRE(::chmod(drawer.path.c_str(), 0600) == 0);
  CHECK(drawer.read(3) == "the file f is too large");
  REQUIRE(::rename(drawer.path.c_str(), (drawer.dir.path() + "/g").c_str()) == 0);
  REQUIRE(::symlink("g", drawer.path.c_str()) == 0);
  CHECK(drawer.read() == "the file f is a symbolic link (name the file itself)");
  CHECK_FALSE(write_private_file(drawer.path, "the file", "new"));
  CHECK(drawer.dir.read("g") == "text");
  CHECK_FALSE(write_private_file(drawer.dir.path() + "/no/folder", "the file", "new"));
  CHECK_FALSE(write_private_file("/dev/null", "the file", "new"));
}

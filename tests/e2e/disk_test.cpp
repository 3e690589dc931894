// Real disks that are full or read-only, mounted by the test; skipped where that is not allowed.
#include <doctest/doctest.h>
#include <sys/mount.h>

#include <cstdio>
#include <cstring>
#include <fstream>

#include "tests/e2e/lab.hpp"

namespace homeostat::test {
namespace {

// A mount over a folder, gone with the object.
class Mount {
 public:
  Mount() = default;
  Mount(const Mount&) = delete;
  Mount& operator=(const Mount&) = delete;
  ~Mount() {
    for (; made_ > 0; --made_) umount2(folder_.c_str(), MNT_DETACH);
  }
  bool small_disk(const std::string& folder, const char* size) {
    folder_ = folder;
    return add(mount("none", folder.c_str(), "tmpfs", 0, size));
  }
  bool read_only(const std::string& folder) {
    folder_ = folder;
    const char* path = folder.c_str();
    return add(mount(path, path, nullptr, MS_BIND, nullptr)) &&
           mount(path, path, nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr) == 0;
  }

 private:
  bool add(int result) {
    if (result == 0) ++made_;
    return result == 0;
  }
  std::string folder_;
  int made_ = 0;
};

void skip(const char* what) { std::printf("skipped: %s: no mount is allowed (rights)\n", what); }

// Takes all the space that is left.
void fill(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  REQUIRE(file != nullptr);
  std::setbuf(file, nullptr);
  const std::string block(4096, 'x');
  while (std::fwrite(block.data(), 1, block.size(), file) == block.size()) {
  }
  std::fclose(file);
}

}  // namespace

TEST_CASE("disk: on a full disk nothing is written anywhere, and with space again all goes on") {
  Lab lab;
  Mount disk;
  if (!disk.small_disk(lab.state(), "size=4m")) return skip("a full disk");
  lab.apply();
  lab.edit("services.yaml", "cores: 2", "cores: 3");
  lab.commit("forgejo: more cores");
  fill(lab.state() + "/filler");
  const auto live = Lab::snapshot(lab.folder() + "/live");
  const ProcessResult full = lab.run({"apply", "--yes"});
  CAPTURE(full.out);
  CAPTURE(full.err);
  CHECK(full.exit_code == 1);
  CHECK(has(full.err, "no space is left"));
  CHECK(has(full.err, "free some space"));
  CHECK(Lab::snapshot(lab.folder() + "/live") == live);
  CHECK(lab.run({"plan"}).exit_code == 2);
  std::remove((lab.state() + "/filler").c_str());
  lab.apply();
  CHECK(has(lab.read("live/pve/container/forgejo.yaml"), "cores: 3"));
}

TEST_CASE("disk: on a read-only disk one may look, and applying says what to check") {
  Lab lab;
  lab.apply();
  lab.edit("services.yaml", "cores: 2", "cores: 3");
  lab.commit("forgejo: more cores");
  Mount disk;
  if (!disk.read_only(lab.state())) return skip("a read-only disk");
  const auto live = Lab::snapshot(lab.folder() + "/live");
  CHECK(lab.run({"plan"}).exit_code == 2);
  const ProcessResult refused = lab.run({"apply", "--yes"});
  CAPTURE(refused.err);
  CHECK(refused.exit_code == 1);
  CHECK(has(refused.err, "Read-only file system"));
  CHECK(has(refused.err, "check owner, mode and mount"));
  CHECK(lab.run({"drift"}).exit_code == 1);
  CHECK(Lab::snapshot(lab.folder() + "/live") == live);
}

}  // namespace homeostat::test

#include "providers/files/names.hpp"

#include <doctest/doctest.h>

using namespace homeostat;
using namespace homeostat::files;
using Path = std::vector<std::string>;

TEST_CASE("files names: the slashes of a name are folders") {
  CHECK(*disk_path("dns/lab/%40/MX") == Path{"dns", "lab", "%40", "MX.yaml"});
  CHECK(*disk_path("container/forgejo") == Path{"container", "forgejo.yaml"});
  CHECK(*disk_path("ip/lab/printer") == Path{"ip", "lab", "printer.yaml"});
}

TEST_CASE("files names: no name leads out of the directory, or to a file that is not read") {
  CHECK(*disk_path("container/..") == Path{"container", "%2E..yaml"});
  CHECK(*disk_path("dns/../.git/A") == Path{"dns", "%2E.", "%2Egit", "A.yaml"});
  CHECK_FALSE(disk_path("container/"));
  CHECK_FALSE(disk_path(std::string("container/a\0b", 13)));
  CHECK_FALSE(disk_path("container/" + std::string(251, 'x')));
  CHECK(disk_path("container/" + std::string(250, 'x')));
}

TEST_CASE("files names: what is written on disk reads back as the same name") {
  for (const char* name : {"forgejo", "%40", "%2A", "%2Ehidden", "a.b", "x~v4", "caf\xc3\xa9"}) {
    CAPTURE(name);
    const auto back = from_disk(name);
    REQUIRE(back);
    CHECK(to_disk(*back) == name);
  }
}

TEST_CASE(
    "files names: a name that we would have written otherwise is refused with the right one") {
  const auto apex = from_disk("@");
  REQUIRE_FALSE(apex);
  CHECK(apex.error().hint == "rename it to `%40`");
  const auto letter = from_disk("%61");
  REQUIRE_FALSE(letter);
  CHECK(letter.error().hint == "rename it to `a`");
}

TEST_CASE("files names: leavings of editors are told from files") {
  for (const char* name : {".forgejo.yaml.swp", "forgejo.yaml~", "x.tmp", "a.swp", ".#x.yaml"}) {
    CAPTURE(name);
    CHECK(is_leftover(name));
  }
  CHECK_FALSE(is_leftover("forgejo.yaml"));
}

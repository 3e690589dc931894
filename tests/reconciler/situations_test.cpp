// The golden files of all situations together.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/support/golden.hpp"
#include "tests/support/json_schema.hpp"

namespace homeostat::testing {
namespace {

namespace fs = std::filesystem;

std::string sources_of_situations() {
  std::ostringstream out;
  for (const char* part : {"causes", "actions", "holds", "views"}) {
    std::ifstream file(fs::path(HOMEOSTAT_SOURCE_DIR) / "tests/reconciler" /
                       (std::string("situations_") + part + "_test.cpp"));
    REQUIRE(file);
    out << file.rdbuf();
  }
  return out.str();
}

TEST_CASE("situations: at least forty, and no golden file is left over") {
  const std::string sources = sources_of_situations();
  const std::vector<std::string> folders = golden_folders();
  CHECK(folders.size() >= 40);
  for (const std::string& folder : folders) {
    CAPTURE(folder);
    CHECK(sources.find('"' + folder + '"') != std::string::npos);
  }
}

TEST_CASE("situations: every plan's JSON fits the schema") {
  std::vector<std::string> files;
  for (const std::string& folder : golden_folders()) {
    files.push_back(
        (fs::path(HOMEOSTAT_SOURCE_DIR) / "tests/golden" / folder / "plan.json").string());
  }
  CHECK(validate_files("reconciler/report/plan.schema.json", files) == "");
}

}  // namespace
}  // namespace homeostat::testing

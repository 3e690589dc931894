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
  for (const char* part : {"causes", "actions", "holds", "views", "reports"}) {
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

TEST_CASE("situations: every plan's and report's JSON fits its schema") {
  std::vector<std::string> plans;
  std::vector<std::string> reports;
  for (const std::string& folder : golden_folders()) {
    CAPTURE(folder);
    const fs::path path = fs::path(HOMEOSTAT_SOURCE_DIR) / "tests/golden" / folder;
    if (fs::exists(path / "plan.json")) plans.push_back((path / "plan.json").string());
    if (fs::exists(path / "report.json")) reports.push_back((path / "report.json").string());
    CHECK((fs::exists(path / "plan.json") || fs::exists(path / "report.json")));
  }
  CHECK(validate_files("reconciler/report/plan.schema.json", plans) == "");
  REQUIRE(reports.size() >= 8);
  CHECK(validate_files("reconciler/report/report.schema.json", reports) == "");
}

}  // namespace
}  // namespace homeostat::testing

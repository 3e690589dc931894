// What the tests of sources share: a homelab folder, and what a source says of it.
#pragma once

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "specs/load.hpp"
#include "specs/source.hpp"
#include "tests/support/temp_repo.hpp"

namespace homeostat::source_case {

namespace fs = std::filesystem;
using Files = std::vector<std::string>;

inline std::unique_ptr<Source> opened(Result<std::unique_ptr<Source>> source) {
  if (!source) FAIL(to_string(source.error()));
  return std::move(*source);
}

inline Files listed(const Source& source, const std::set<std::string>& skip = {}) {
  Errors errors;
  Files files = source.list(skip, errors);
  for (const Error& error : errors) FAIL_CHECK(to_string(error));
  return files;
}

inline std::string complaints(const Source& source, const std::set<std::string>& skip = {}) {
  Errors errors;
  (void)source.list(skip, errors);
  sort_errors(errors);
  std::string text;
  for (const Error& error : errors) text += to_string(error) + "\n";
  return text;
}

inline std::string text_of(const Source& source, std::string_view path) {
  const auto text = source.read(path);
  if (!text) FAIL(to_string(text.error()));
  REQUIRE(text->has_value());
  return **text;
}

inline std::string read_error(const Source& source, std::string_view path) {
  const auto text = source.read(path);
  REQUIRE(!text.has_value());
  return to_string(text.error());
}

// What a homelab's folder may hold besides.
inline void write_homelab(const TempDir& dir) {
  dir.write("homeostat.yaml", "homeostat: 1\n");
  dir.write("z.yaml", "a: 1\n");
  dir.write("media/jellyfin.yaml", "b: 2\n");
  dir.write("media/deep/er.yaml", "c: 3\n");
  dir.write("README.md", "no\n");
  dir.write(".hidden.yaml", "no\n");
  dir.write(".gitlab-ci.yml", "no\n");
  dir.write(".github/workflow.yaml", "no\n");
  dir.write("live/container/x.yaml", "no\n");
  dir.write("old/y.yaml", "no\n");
  dir.write(".homeostatignore", "/old/\n");
}

inline const Files homelab_files = {"homeostat.yaml", "media/deep/er.yaml", "media/jellyfin.yaml",
                                    "z.yaml"};

}  // namespace homeostat::source_case

// A directory of live state and the provider over it.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "providers/core/provider.hpp"
#include "tests/support/temp_repo.hpp"

namespace homeostat {

struct FilesLab {
  TempDir dir;
  ProviderConfig config;
  Attributes settings = {{"path", "live"}};
  Zones zones;
  std::unique_ptr<Provider> files;

  FilesLab();
  void open(bool read_only = false);
  void write(const std::string& file, const std::string& text) const {
    dir.write("live/" + file, text);
  }
  [[nodiscard]] std::string read(const std::string& file) const { return dir.read("live/" + file); }
  [[nodiscard]] bool exists(const std::string& file) const;

  // The whole scope must be readable.
  std::vector<LiveResource> observe(const std::string& zone = "");
  // The one thing there is.
  LiveResource only(const std::string& zone = "");
  // Why the scope is unknown; "" where it is known.
  std::string trouble(const std::string& zone = "");

  static Address address(const std::string& text);
  Result<StepResult> apply(StepKind kind, const std::string& text, const std::string& native_id,
                           const Attributes& before, const Attributes& after,
                           std::stop_token stop = {});
  Result<StepResult> create(const std::string& text, const Attributes& after) {
    return apply(StepKind::create, text, "", nullptr, after);
  }
};

}  // namespace homeostat

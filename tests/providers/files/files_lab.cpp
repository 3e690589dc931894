#include "tests/providers/files/files_lab.hpp"

#include <sys/stat.h>

#include <algorithm>

namespace homeostat {

FilesLab::FilesLab() {
  Zone lab;
  lab.key = "lab";
  lab.zone = "lab.example.org";
  zones["lab"] = lab;
  open();
}

void FilesLab::open(bool read_only) {
  const auto types = builtin_providers();
  const auto type = std::find_if(types.begin(), types.end(),
                                 [](const ProviderType& it) { return it.name == "files"; });
  REQUIRE(type != types.end());
  const std::string site = "home";
  config.name = "here";
  auto opened = type->make(ProviderContext{config, settings, dir.path(), site, zones, read_only});
  REQUIRE(opened);
  files = std::move(*opened);
}

bool FilesLab::exists(const std::string& file) const {
  struct stat status = {};
  return ::lstat((dir.path() + "/live/" + file).c_str(), &status) == 0;
}

std::vector<LiveResource> FilesLab::observe(const std::string& zone) {
  auto observation = files->observe(Scope{"here", zone}, {});
  REQUIRE(observation);
  REQUIRE_MESSAGE(!observation->incomplete, to_string(*observation->incomplete));
  return observation->resources;
}

LiveResource FilesLab::only(const std::string& zone) {
  auto resources = observe(zone);
  REQUIRE(resources.size() == 1);
  return resources.front();
}

std::string FilesLab::trouble(const std::string& zone) {
  const auto observation = files->observe(Scope{"here", zone}, {});
  if (!observation) return to_string(observation.error());
  return observation->incomplete ? to_string(*observation->incomplete) : "";
}

Address FilesLab::address(const std::string& text) {
  auto parsed = parse_address(text);
  REQUIRE(parsed);
  parsed->site = "home";
  parsed->provider = "here";
  return *parsed;
}

Result<StepResult> FilesLab::apply(StepKind kind, const std::string& text,
                                   const std::string& native_id, const Attributes& before,
                                   const Attributes& after, std::stop_token stop) {
  const Address to = address(text);
  const Marker marker{"home", to_string(to), native_id, false};
  const Step step{kind, to, native_id, before, after, marker};
  auto results = files->apply(std::span(&step, 1), std::move(stop));
  REQUIRE(results.size() == 1);
  return results.front();
}

}  // namespace homeostat

// A real server and the provider over it.
#pragma once

#include <doctest/doctest.h>

#include "providers/core/provider.hpp"
#include "tests/support/pdns_server.hpp"

// So that a failed comparison shows the lines.
template <>
struct doctest::StringMaker<std::vector<std::string>> {
  static String convert(const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines) text += "\n  " + line;
    return text.c_str();
  }
};

namespace homeostat::test {

struct PdnsLab {
  PdnsServer server;
  ProviderConfig config;
  Attributes settings;
  Zones zones;
  std::unique_ptr<Provider> provider;

  // With the zone lab.example.org, under the key `lab`.
  explicit PdnsLab(PdnsBackend backend = PdnsBackend::sqlite);
  void add_zone(const std::string& key, const std::string& name, bool create = true);
  // Anew, with what is in `settings` and `zones`.
  void open(bool read_only = false);

  // The whole scope must be readable. What the server makes itself (SOA, NS) is left out. Sorted.
  std::vector<LiveResource> observe(const std::string& zone = "lab");
  LiveResource only(const std::string& zone = "lab");
  // Why the scope is unknown; "" where it is known.
  std::string trouble(const std::string& zone = "lab");

  static Address address(const std::string& text);
};

// A step that owns what it speaks of.
struct PdnsStep {
  StepKind kind = StepKind::create;
  Address address;
  std::string native_id;
  Attributes before;
  Attributes after;
  Marker marker;
};
[[nodiscard]] PdnsStep create(const std::string& text, const Attributes& after);
[[nodiscard]] PdnsStep update(const LiveResource& live, const Attributes& after);
[[nodiscard]] PdnsStep remove(const LiveResource& live);
[[nodiscard]] PdnsStep mark(const LiveResource& live, const std::string& as);
[[nodiscard]] PdnsStep unmark(const LiveResource& live);
// In one call.
std::vector<Result<StepResult>> do_steps(PdnsLab& lab, const std::vector<PdnsStep>& steps,
                                         std::stop_token stop = {});
// "done", or "invalid_spec: message".
[[nodiscard]] std::vector<std::string> said(const std::vector<Result<StepResult>>& results);

}  // namespace homeostat::test

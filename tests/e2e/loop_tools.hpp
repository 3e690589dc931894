// What several tests of the service need: its answers, and a second server that it writes to.
#pragma once

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "reconciler/serve/auth.hpp"
#include "tests/e2e/loop_lab.hpp"
#include "tests/support/fault_proxy.hpp"
#include "tests/support/pdns_server.hpp"
#include "tests/support/raw_http.hpp"

namespace homeostat::test {

inline constexpr const char* api_token = "a-token-of-32-characters-or-more";

[[nodiscard]] inline std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

inline void put(const std::string& path, const std::string& text, mode_t mode = 0600) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
  ::chmod(path.c_str(), mode);
}

inline void trust(const LoopLab& lab) {
  const ProcessResult trusted = lab.run({"trust", "--yes", lab.work()});
  REQUIRE_MESSAGE(trusted.exit_code == 0, trusted.err);
}

// The server's lines of the machine file.
[[nodiscard]] inline std::string listens(const std::string& token = api_token) {
  return fmt::format("  listen: 127.0.0.1:0\n  token_hash: \"{}\"\n", token_hash(token));
}

// Where it listens now; 0: nowhere yet.
[[nodiscard]] inline int port_of(const LoopLab& lab) {
  const std::string log = lab.log();
  const std::string words = "listening on http://127.0.0.1:";
  const auto at = log.rfind(words);
  return at == std::string::npos ? 0 : std::stoi(log.substr(at + words.size()));
}

[[nodiscard]] inline RawReply ask(const LoopLab& lab, const std::string& path,
                                  const std::string& token = api_token) {
  return raw_http(port_of(lab), "GET", path, "",
                  fmt::format("Authorization: Bearer {}\r\n", token));
}
[[nodiscard]] inline nlohmann::json ask_json(const LoopLab& lab, const std::string& path) {
  return nlohmann::json::parse(ask(lab, path).body, nullptr, false);
}

// A zone more, `out`, with one record `x`; on a PowerDNS behind a wire.
class WireLab : public LoopLab {
 public:
  explicit WireLab(const std::string& policy = "{ mode: enforce }") : LoopLab(policy) {
    server.create_zone("out.example.org");
    put(scratch() + "/key", PdnsServer::key);
    write("out.yaml",
          fmt::format("providers:\n"
                      "  pdns: {{ type: powerdns, url: \"{}\", key: \"${{secret.pdns}}\", "
                      "timeout: 5m }}\n"
                      "zones:\n  out: {{ zone: out.example.org, on: [pdns], ttl: 5m }}\n"
                      "secrets:\n  pdns: {{ file: {}/key }}\n",
                      wire.url(), scratch()));
    declare("10.5.0.10", "10.5.0.9");
    push("a server");
    trust(*this);
  }
  void declare(const std::string& nas, const std::string& x) {
    write("dns.yaml", fmt::format("dns:\n  lab:\n    nas: {}\n    www: 10.5.0.11\n"
                                  "  out:\n    x: {}\n",
                                  nas, x));
  }
  // What the server has of it; "" where that is nothing.
  [[nodiscard]] std::string x() const {
    const nlohmann::json set = server.rrset("out.example.org", "x.out.example.org", "A");
    return set.is_null() ? std::string() : set["records"][0].value("content", std::string());
  }

  PdnsServer server;
  FaultProxy wire{server.port()};
};

}  // namespace homeostat::test

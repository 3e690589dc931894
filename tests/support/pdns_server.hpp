// A real PowerDNS server of Debian's package, on free loopback ports, with all its data in a
// scratch folder. It ends with the object, and with the test program whatever becomes of that.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/raw_http.hpp"
#include "tests/support/temp_repo.hpp"

namespace homeostat::test {

// A port of 127.0.0.1 that nobody listens on now, for UDP and TCP.
[[nodiscard]] int free_port();

enum class PdnsBackend { sqlite, lmdb };  // lmdb: 4.7 keeps no comments there

class PdnsServer {
 public:
  static constexpr const char* key = "outside-key";

  // It answers when this returns. Throws std::runtime_error where it does not.
  explicit PdnsServer(PdnsBackend backend = PdnsBackend::sqlite);
  PdnsServer(const PdnsServer&) = delete;
  PdnsServer& operator=(const PdnsServer&) = delete;
  ~PdnsServer();

  [[nodiscard]] int port() const { return http_port_; }
  [[nodiscard]] std::string url() const;

  // From outside, by the server's own API. A failure throws.
  void create_zone(const std::string& name, const std::string& kind = "Native") const;
  [[nodiscard]] nlohmann::json zone(const std::string& name) const;
  // The set, or null.
  [[nodiscard]] nlohmann::json rrset(const std::string& zone, const std::string& name,
                                     const std::string& type) const;
  // One PATCH with these elements of `rrsets`.
  void patch(const std::string& zone, const nlohmann::json& rrsets) const;
  void put(const std::string& zone, const std::string& name, const std::string& type, int ttl,
           const std::vector<std::string>& contents) const;
  void remove(const std::string& zone, const std::string& name, const std::string& type) const;
  [[nodiscard]] RawReply call(const std::string& method, const std::string& path,
                              const std::string& body = {}) const;
  // Straight in its database (sqlite).
  void sql(const std::string& statement) const;

  // What a resolver gets: for each question "name TYPE" the answers' lines "name ttl TYPE rdata",
  // sorted; for the NS of a delegation the referral. Empty where there is nothing.
  [[nodiscard]] std::vector<std::vector<std::string>> dig(
      const std::vector<std::string>& questions) const;

 private:
  void write_config(PdnsBackend backend) const;
  void start();
  [[nodiscard]] bool wait_until_ready() const;
  void stop();

  TempDir folder_;
  int dns_port_ = 0;
  int http_port_ = 0;
  int pid_ = -1;
};

}  // namespace homeostat::test

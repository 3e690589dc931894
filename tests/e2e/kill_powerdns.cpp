// A real PowerDNS server that a test can put back to where it was.
#include <fmt/format.h>

#include <array>

#include "tests/e2e/kill_world.hpp"
#include "tests/support/pdns_server.hpp"

namespace homeostat::test {
namespace {

constexpr std::array zones = {"lab.example.org", "0.5.10.in-addr.arpa"};
// All that a write can change; the server keeps nothing of them in memory.
constexpr std::array tables = {"domains", "records", "comments"};
constexpr const char* patiently = "PRAGMA busy_timeout=10000;";

class PowerDnsForKills final : public KillServer {
 public:
  PowerDnsForKills() {
    for (const char* zone : zones) server_.create_zone(zone);
    keep(empty_);
  }

  [[nodiscard]] std::string url() const override { return server_.url(); }

  void begin() override {
    bring_back(empty_);
    server_.put("lab.example.org", "taken.lab.example.org", "A", 300, {"10.5.0.99"});
  }

  void keep(const std::string& file) const override {
    std::string sql = fmt::format("{}ATTACH '{}' AS kept;BEGIN;", patiently, file);
    for (const char* table : tables) {
      sql += fmt::format("CREATE TABLE kept.{0} AS SELECT * FROM main.{0};", table);
    }
    server_.sql(sql + "COMMIT;");
  }

  void bring_back(const std::string& file) const override {
    std::string sql = fmt::format("{}ATTACH '{}' AS kept;BEGIN IMMEDIATE;", patiently, file);
    for (const char* table : tables) {
      sql +=
          fmt::format("DELETE FROM main.{0};INSERT INTO main.{0} SELECT * FROM kept.{0};", table);
    }
    server_.sql(sql + "COMMIT;");
  }

  // Without what says when it was written: the serial in the SOA, the times of comments.
  [[nodiscard]] std::map<std::string, std::string> live() const override {
    std::map<std::string, std::string> sets;
    for (const char* name : zones) {
      const nlohmann::json zone = server_.zone(name);
      for (nlohmann::json set : zone["rrsets"]) {
        if (set["type"] == "SOA") continue;
        for (nlohmann::json& comment : set["comments"]) comment.erase("modified_at");
        sets[fmt::format("{} {}", set["name"].get<std::string>(), set["type"].get<std::string>())] =
            set.dump() + "\n";
      }
    }
    return sets;
  }

 private:
  TempDir folder_;
  std::string empty_ = folder_.path() + "/empty";
  PdnsServer server_;
};

}  // namespace

std::unique_ptr<KillServer> start_powerdns() { return std::make_unique<PowerDnsForKills>(); }

}  // namespace homeostat::test

// What each verb makes of a ledger that is damaged: only `apply` sets it aside, and nobody says
// anything of a past that cannot be read.
#include <doctest/doctest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/e2e/lab.hpp"

namespace homeostat::test {
namespace {

void damage(const Lab& lab) { std::filesystem::resize_file(lab.state() + "/home/ledger.db", 6000); }

}  // namespace

TEST_CASE("damaged ledger: only apply sets it aside") {
  Lab lab;
  lab.edit("homeostat.yaml", "reverse: true, ttl: 1h", "ttl: 1h, authority: full");
  lab.commit("the zone is ours alone");
  (void)lab.run({"apply", "--yes"});
  damage(lab);
  const std::string ledger = lab.state() + "/home/ledger.db";
  const auto before = Lab::snapshot(lab.state()).at(ledger);
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"forget", "proxy_host/forgejo"},
        {"forget", "proxy_host/forgeo"},
        {"adopt", "--zone", "lab", "--yes"},
        {"confirm-ownership", "--yes"},
        {"undo", "1", "--yes"},
        {"history"},
        {"history", "--json"},
        {"history", "container/forgejo"}}) {
    CAPTURE(words.front());
    const ProcessResult told = lab.run(words);
    CAPTURE(told.out);
    CAPTURE(told.err);
    CHECK(told.exit_code == 1);
    CHECK(told.out.empty());
    CHECK(has(flat(told.err), "is damaged"));
    CHECK(has(told.err, "hint"));
    const auto after = Lab::snapshot(lab.state());
    CHECK(after.at(ledger) == before);
    for (const auto& [path, bytes] : after) CHECK_FALSE(has(path, ".damaged-"));
  }
  CHECK(has(flat(lab.run({"apply", "--yes"}).out), "set aside"));
}

TEST_CASE("damaged ledger: who only looks says so, and nothing of what it cannot know") {
  const Lab lab;
  lab.apply();
  damage(lab);
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"status"}, {"explain", "container/forgejo"}, {"unmanaged"}}) {
    CAPTURE(words.front());
    const ProcessResult told = lab.run(words);
    CAPTURE(told.out);
    CHECK(has(flat(told.err), "is damaged"));
    CHECK_FALSE(has(told.out, "none on this machine"));
    CHECK_FALSE(has(told.out, "no ledger"));
  }
  CHECK(has(lab.run({"status"}).out, "last run: not known"));
  CHECK(nlohmann::json::parse(lab.run({"status", "--json"}).out).at("ledger") == "damaged");
}

TEST_CASE("damaged ledger: all that a confirmation lets go is listed before it") {
  Lab lab;
  lab.edit("dns.yaml", "    www: { CNAME: nas }\n",
           "    www: { CNAME: nas }\n    new: 10.5.0.40\n");
  lab.commit("new");
  lab.apply();
  damage(lab);
  lab.edit("dns.yaml", "    www: { CNAME: nas }\n", "");
  lab.commit("no www");
  (void)lab.run({"apply", "--yes"});
  lab.edit("dns.yaml", "    new: 10.5.0.40\n", "");
  lab.commit("no new");
  const ProcessResult confirmed = lab.run({"confirm-ownership", "--yes"});
  CAPTURE(confirmed.out);
  CHECK(has(confirmed.out, "dns/lab/www/CNAME"));
  CHECK(has(confirmed.out, "dns/lab/new/A"));
  CHECK(has(confirmed.out, "dns/lab~v4/40/PTR"));
  CHECK(has(confirmed.out, "3 that are not declared"));
  CHECK(lab.run({"apply", "--yes"}).exit_code == 0);
  CHECK_FALSE(lab.exists("live/dns/dns/lab/new/A.yaml"));
}

}  // namespace homeostat::test

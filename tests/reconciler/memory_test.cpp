#include "reconciler/memory.hpp"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "reconciler/redact.hpp"
#include "tests/reconciler/ledger_case.hpp"

using namespace homeostat;
using namespace homeostat::ledger_case;

namespace fs = std::filesystem;

namespace {

const Time noon = at(1'795'262'400);  // 2026-11-21T12:00:00Z

struct Home {
  TempDir dir;
  Places places;

  Home() {
    places.state = dir.path();
    places.ledger = dir.path() + "/ledger.db";
    places.key = dir.path() + "/key";
  }
  [[nodiscard]] Result<Memory> open(MemoryUse use, bool given = false) const {
    return recall(places, use, given, noon);
  }
  [[nodiscard]] Memory keep() const { return value_of(open(MemoryUse::keep)); }
  void damage() const {
    std::fstream file(places.ledger, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4096);
    file << std::string(8192, '\xff');
  }
  [[nodiscard]] std::set<std::string> files() const {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(dir.path())) {
      names.insert(entry.path().filename());
    }
    return names;
  }
};

}  // namespace

TEST_CASE(
    "memory: a damaged ledger is set aside by who holds the lock, and nothing is trusted"
    " until somebody confirms") {
  const Home home;
  succeed(home.keep().ledger.save_owned({{www, sample()}}));
  home.damage();
  {
    const Memory memory = home.keep();
    CHECK(memory.view.owned.empty());
    CHECK_FALSE(memory.view.present);
    REQUIRE(memory.notices.size() == 1);
    CHECK(
        memory.notices[0].message.starts_with("the ledger " + home.places.ledger + " is damaged"));
    CHECK(memory.notices[0].message.ends_with("it was set aside as " + home.places.ledger +
                                              ".damaged-20261121-120000"));
    CHECK(memory.notices[0].hint.find("homeostat confirm-ownership") != std::string::npos);
  }
  CHECK(home.files().contains("ledger.db.damaged-20261121-120000"));
  Memory later = home.keep();
  CHECK(later.notices.size() == 1);
  CHECK_FALSE(later.view.unconfirmed.empty());
  succeed(confirm_ownership(later.ledger, later.view));
  CHECK(home.keep().notices.empty());
}

TEST_CASE("memory: a second damaged ledger does not take the place of the first") {
  const Home home;
  for (int i = 0; i < 2; ++i) {
    succeed(home.keep().ledger.save_owned({{www, sample()}}));
    home.damage();
  }
  static_cast<void>(home.keep());
  CHECK(home.files().contains("ledger.db.damaged-20261121-120000"));
  CHECK(home.files().contains("ledger.db.damaged-20261121-120000-2"));
}

TEST_CASE("memory: looking goes on without a damaged ledger, and leaves it as it lies") {
  const Home home;
  succeed(home.keep().ledger.save_owned({{www, sample()}}));
  home.damage();
  const auto before = home.files();
  const Memory memory = value_of(home.open(MemoryUse::look));
  CHECK_FALSE(memory.view.present);
  REQUIRE(memory.notices.size() == 1);
  CHECK(memory.notices[0].message.find("is damaged") != std::string::npos);
  CHECK(home.files() == before);
}

TEST_CASE("memory: who does not hold the lock sets nothing aside") {
  const Home home;
  succeed(home.keep().ledger.save_owned({{www, sample()}}));
  home.damage();
  const auto opened = home.open(MemoryUse::record);
  REQUIRE_FALSE(opened);
  CHECK(opened.error().hint.find("homeostat apply") != std::string::npos);
  CHECK(home.files().size() == 2);
}

TEST_CASE("memory: a file that was never a ledger is refused, not set aside") {
  const Home home;
  std::ofstream(home.places.ledger) << std::string(5000, 'x');
  CHECK_FALSE(home.open(MemoryUse::keep, true));
  CHECK(home.files() == std::set<std::string>{"ledger.db"});
  // In the site's own folder it can only be ours.
  CHECK(home.open(MemoryUse::keep, false));
  CHECK(home.files().contains("ledger.db.damaged-20261121-120000"));
}

TEST_CASE("memory: a lost key takes the secrets' hashes along, and nothing else") {
  const Home home;
  Owned row = sample();
  {
    Memory memory = home.keep();
    row.agreed = {{"env/PW", hashed("s3cret", memory.hash), commit_a, at(1)},
                  {"memory", "2GiB", commit_a, at(1)}};
    succeed(memory.ledger.save_owned({{www, row}}));
  }
  CHECK(home.keep().view.owned.at(www) == row);
  fs::remove(home.places.key);
  {
    const Memory looked = value_of(home.open(MemoryUse::look));
    CHECK(looked.view.owned.at(www).agreed.size() == 1);
    CHECK(looked.notices.size() == 1);
    CHECK_FALSE(fs::exists(home.places.key));
  }
  const Memory memory = home.keep();
  CHECK(memory.view.owned.at(www).agreed == std::vector<Agreed>{row.agreed[1]});
  REQUIRE(memory.notices.size() == 1);
  CHECK(memory.notices[0].message == "the key " + home.places.key + " is lost, or another one");
}

TEST_CASE("memory: a key that is cut short is set aside") {
  const Home home;
  static_cast<void>(home.keep());
  fs::resize_file(home.places.key, 7);
  CHECK_FALSE(home.open(MemoryUse::record));
  const Memory memory = home.keep();
  CHECK(home.files().contains("key.damaged-20261121-120000"));
  CHECK(memory.notices.size() == 2);
  CHECK(home.keep().notices.empty());
}

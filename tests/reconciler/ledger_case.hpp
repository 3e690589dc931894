// Values for tests of the ledger, and its file as another program sees it.
#pragma once

#include <doctest/doctest.h>
#include <sqlite3.h>

#include "reconciler/ledger.hpp"
#include "tests/support/temp_repo.hpp"

namespace homeostat::ledger_case {

inline Time at(std::int64_t seconds) { return Time(std::chrono::seconds(seconds)); }

// The file as another program sees it.
class RawDatabase {
 public:
  explicit RawDatabase(const std::string& path) {
    REQUIRE(sqlite3_open(path.c_str(), &handle_) == SQLITE_OK);
  }
  RawDatabase(const RawDatabase&) = delete;
  RawDatabase& operator=(const RawDatabase&) = delete;
  ~RawDatabase() { sqlite3_close(handle_); }

  void run(const std::string& sql) {
    CAPTURE(sql);
    REQUIRE(sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
  }
  std::int64_t number(const std::string& sql) {
    sqlite3_stmt* statement = nullptr;
    CAPTURE(sql);
    REQUIRE(sqlite3_prepare_v2(handle_, sql.c_str(), -1, &statement, nullptr) == SQLITE_OK);
    REQUIRE(sqlite3_step(statement) == SQLITE_ROW);
    const auto result = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return result;
  }

 private:
  sqlite3* handle_ = nullptr;
};

template <class T>
T value_of(Result<T> result) {
  if (!result) FAIL(to_string(result.error()));
  return std::move(*result);
}

inline void succeed(const Status& status) {
  if (!status) FAIL(to_string(status.error()));
}

inline Ledger open_ledger(const std::string& path, bool create = true) {
  return value_of(Ledger::open(path, create));
}

inline const Address www{"home", "dns", "lab/www/A", "dns"};
inline const Address jelly{"home", "container", "jellyfin", "pve"};
inline const std::string commit_a(40, 'a');
inline const std::string commit_b(40, 'b');

inline RunRecord run_of(const std::string& verb, const std::string& commit, Time started) {
  RunRecord run;
  run.verb = verb;
  run.commit = commit;
  run.started = started;
  return run;
}

inline LiveResource live_of(const Address& address, const std::string& id) {
  LiveResource live;
  live.address = address;
  live.native_id = id;
  return live;
}

inline Owned sample() {
  Owned owned;
  owned.native_id = "110";
  owned.protect = true;
  owned.marked = true;
  owned.on_remove = OnRemove::stop;
  owned.service = "jellyfin";
  owned.where = {"media.yaml", 9, 3};
  owned.commit = commit_b;
  owned.agreed = {
      {"cores", 2, commit_b, at(200)},
      {"disk", nullptr, "", at(150)},
      {"env/\"odd\"\tkey\n", "tab\there \"quoted\" \xc3\xa9 \\", commit_a, at(100)},
      {"memory", "2GiB", commit_a, at(100)},
      {"mounts", {{{"path", "/data"}, {"read_only", true}}}, commit_a, at(100)},
      {"note", "one\ntwo", commit_a, at(100)},
      {"ratio", 1.5, commit_a, at(100)},
      {"running", true, commit_a, at(100)},
  };
  owned.drift = {{"", at(300), ""}, {"memory", at(400), "root@pam"}};
  return owned;
}

inline Intent intent_sample() {
  Intent intent;
  intent.action = Action::rename;
  intent.from = jelly;
  intent.row = sample();
  intent.row.drift.clear();
  return intent;
}

}  // namespace homeostat::ledger_case

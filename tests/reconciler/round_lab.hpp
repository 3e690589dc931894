// Whole rounds (look, apply, look again) in this process, on servers in memory.
#pragma once

#include <doctest/doctest.h>

#include "reconciler/reconcile.hpp"
#include "reconciler/report/report.hpp"
#include "tests/support/fake_provider.hpp"
#include "tests/support/temp_repo.hpp"

namespace homeostat {

// Site `home` with two servers: `pve` (containers) and `plain`, which has no place for markers.
class RoundLab {
 public:
  RoundLab();
  ~RoundLab();
  RoundLab(const RoundLab&) = delete;
  RoundLab& operator=(const RoundLab&) = delete;

  // The YAML of resources, from now on. Its connections are trusted.
  void spec(const std::string& resources) const;
  [[nodiscard]] FakeProvider& server(const std::string& name) const;
  // The next `times` observations of a server show what the one before them showed.
  void read_stale(const std::string& name, int times) const;

  [[nodiscard]] Request request() const;  // as `apply` makes it
  [[nodiscard]] tl::expected<Round, Errors> try_look() const;
  [[nodiscard]] Round look() const;  // fails the test on errors
  // `wait` is noted and not done.
  Applied apply(Round& round, bool by_service = false);
  // look and apply; the exit code that `apply` would give.
  int run();

  [[nodiscard]] Places places() const;
  [[nodiscard]] std::string folder() const { return dir_.path(); }
  [[nodiscard]] std::string ledger() const { return dir_.path() + "/state/ledger.db"; }
  std::vector<std::chrono::milliseconds> waits;
  PlanOptions options;

 private:
  TempDir dir_;
};

// "update container/web [stuck]", a line a change; quiet ones are left out.
[[nodiscard]] std::string changes_of(const Plan& plan);
// All messages, a line each.
[[nodiscard]] std::string joined(const Errors& errors);

}  // namespace homeostat

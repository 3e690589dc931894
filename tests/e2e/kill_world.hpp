// A small site, and what one run does to it: for tests that kill the program. Another provider gets
// a world of its own by other lines in `head`, and by saying what is live there.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/support/process.hpp"

namespace homeostat::test {

enum class Past : std::uint8_t {
  nothing,  // the first run of all
  settled,  // `before` was applied
  damaged   // the same, and the ledger cannot be read any more
};

struct KillWorld {
  std::string head;    // homeostat.yaml
  std::string before;  // what was applied before
  std::string after;   // what is applied now: every action, a park step, a batch
};
[[nodiscard]] const KillWorld& files_world();

// One copy of the site in a folder of its own; nothing is shared, so several may run at once.
class KillSite {
 public:
  explicit KillSite(std::string folder) : folder_(std::move(folder)) {}
  // Brings the site to where the run to be killed begins, by runs that nobody kills.
  void prepare(const KillWorld& world, Past past) const;
  void copy_to(const KillSite& other) const;
  void remove() const;

  // `apply --yes` with every consent.
  [[nodiscard]] ProcessResult apply(const std::map<std::string, std::string>& environment) const;
  // What is live, in any form in which equal things are equal; leftovers of atomic writes aside.
  [[nodiscard]] std::map<std::string, std::string> live() const;
  // What the ledger owns, a line each; then what is wrong with it, which should be nothing.
  [[nodiscard]] std::string ledger() const;
  [[nodiscard]] const std::string& folder() const { return folder_; }

 private:
  [[nodiscard]] ProcessResult run(const std::vector<std::string>& words,
                                  const std::map<std::string, std::string>& environment) const;
  [[nodiscard]] std::string repo() const { return folder_ + "/repo"; }
  [[nodiscard]] std::string state() const { return folder_ + "/state"; }
  std::string folder_;
};

}  // namespace homeostat::test

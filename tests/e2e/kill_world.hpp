// A small site, and what one run does to it: for tests that kill the program. Another provider gets
// a world of its own by other lines in `head`, and by a KillServer that says what is live there.
#pragma once

#include <map>
#include <memory>
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
  std::string head;                          // homeostat.yaml; URL in it is the server's
  std::map<std::string, std::string> found;  // files that are there before anybody declares them
};
[[nodiscard]] const KillWorld& files_world();
[[nodiscard]] const KillWorld& powerdns_world();

// What of the live state no file of the site holds. Used by one thread at a time.
class KillServer {
 public:
  virtual ~KillServer() = default;
  [[nodiscard]] virtual std::string url() const = 0;
  // Makes it as it was before the first run of all.
  virtual void begin() = 0;
  // All that is live, to a new file, and back from there.
  virtual void keep(const std::string& file) const = 0;
  virtual void bring_back(const std::string& file) const = 0;
  // What is live, in any form in which equal things are equal.
  [[nodiscard]] virtual std::map<std::string, std::string> live() const = 0;
};
// Of the thread that calls: the real server ends with it.
[[nodiscard]] std::unique_ptr<KillServer> start_powerdns();

// One copy of the site in a folder of its own. Those with different servers, or without any, share
// nothing and may run at once.
class KillSite {
 public:
  KillSite(std::string folder, const KillWorld& world, KillServer* server)
      : folder_(std::move(folder)), world_(&world), server_(server) {}
  // Brings the site to where the run to be killed begins, by runs that nobody kills.
  void prepare(Past past);
  // A copy is where the run to be killed begins, and its server what ours was when it was prepared.
  void copy_to(const KillSite& other) const;
  void remove() const;

  // `apply --yes` with every consent.
  [[nodiscard]] ProcessResult apply(const std::map<std::string, std::string>& environment) const;
  // What is live, in any form in which equal things are equal; leftovers of atomic writes aside.
  [[nodiscard]] std::map<std::string, std::string> live() const;
  // What the ledger owns, a line each; then what is wrong with it, which should be nothing.
  [[nodiscard]] std::string ledger() const;

 private:
  [[nodiscard]] ProcessResult run(const std::vector<std::string>& words,
                                  const std::map<std::string, std::string>& environment) const;
  void must(const ProcessResult& result) const;
  void write_head() const;
  [[nodiscard]] std::string repo() const { return folder_ + "/repo"; }
  [[nodiscard]] std::string state() const { return folder_ + "/state"; }
  [[nodiscard]] std::string kept() const { return folder_ + "/server"; }
  std::string folder_;
  const KillWorld* world_;
  KillServer* server_;  // nullptr: all is in files
  Past past_ = Past::nothing;
};

}  // namespace homeostat::test

// Homeostat as one chapter of the contract lives with it: a spec, a ledger, rounds.
#pragma once

#include <set>

#include "reconciler/contract/contract.hpp"

namespace homeostat::contract {

// A folder of its own in the system's place for such, for this user only. It goes with the object.
class ScratchFolder {
 public:
  ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder();
  [[nodiscard]] const std::string& path() const { return path_; }  // "": it could not be made

 private:
  std::string path_;
};

class Story {
 public:
  Story(Bench& bench, const Sample& sample);

  // The sample with this number, with some fields of other values.
  void declare(int number, const Fields& changed = {});
  void undeclare(int number) { declared_.erase(number); }
  // From now on things have other names.
  void rename(const Sample& sample, const std::string& head);
  [[nodiscard]] std::string name(int number) const;  // as in an address
  [[nodiscard]] const Sample& sample() const { return sample_; }
  [[nodiscard]] const std::string& head() const { return head_; }

  [[nodiscard]] tl::expected<Round, Errors> look() { return look(bench.stop()); }
  [[nodiscard]] tl::expected<Round, Errors> look(std::stop_token stop);
  // What a look comes to, sorted: "create dns/lab/story1/A", "adopt ... held", "adopt ... quiet",
  // "unknown dns/lab: why".
  [[nodiscard]] std::vector<std::string> plan();
  [[nodiscard]] static std::vector<std::string> lines_of(const Round& round);
  // Applies a round; what did not go well: "failed dns/lab/story1/A: why".
  std::vector<std::string> carry_out(Round& round) {
    return carry_out(round, bench.stop(), bench.cancel());
  }
  std::vector<std::string> carry_out(Round& round, std::stop_token stop, std::stop_token cancel);
  // look, then carry_out.
  std::vector<std::string> apply();
  // apply, which must go well and leave nothing to do.
  void settle(const std::string& when);

  void expect(bool holds, const std::string& complaint);
  void expect_plan(const std::vector<std::string>& wanted, const std::string& when);
  [[nodiscard]] Complaints complaints() const { return complaints_; }

  Bench& bench;
  PlanOptions options;

 private:
  [[nodiscard]] Request request() const;

  Sample sample_;
  std::string head_;
  std::map<int, Fields> declared_;
  std::set<int> known_;  // declared now or before
  ScratchFolder folder_;
  Complaints complaints_;
};

}  // namespace homeostat::contract

// Homeostat as one chapter of the contract lives with it: a folder with a spec, a ledger, rounds.
#pragma once

#include <set>

#include "reconciler/reconcile.hpp"
#include "tests/contract/contract.hpp"
#include "tests/support/still_clock.hpp"
#include "tests/support/temp_repo.hpp"

namespace homeostat::contract {

// No call of a chapter runs into it, however busy the machine.
constexpr const char* patient = "5m";

class Story {
 public:
  Story(Bench& bench, const Sample& sample, const std::string& timeout = patient);

  // The sample with this number, with some fields of other values.
  void declare(int number, const Fields& changed = {});
  void undeclare(int number) { declared_.erase(number); }
  // From now on things have other names.
  void rename(const Sample& sample, const std::string& head);
  [[nodiscard]] std::string name(int number) const;  // as in an address
  [[nodiscard]] const Sample& sample() const { return sample_; }
  [[nodiscard]] const std::string& head() const { return head_; }

  [[nodiscard]] tl::expected<Round, Errors> look(std::stop_token stop = {});
  // What a look comes to, sorted: "create dns/lab/story1/A", "adopt ... held", "adopt ... quiet",
  // "unknown dns/lab: why".
  [[nodiscard]] std::vector<std::string> plan();
  [[nodiscard]] static std::vector<std::string> lines_of(const Round& round);
  // Applies a round; what did not go well: "failed dns/lab/story1/A: why".
  std::vector<std::string> carry_out(Round& round, std::stop_token stop = {});
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
  [[nodiscard]] std::string spec() const;
  [[nodiscard]] Request request();

  Sample sample_;
  std::string head_;
  std::map<int, Fields> declared_;
  std::set<int> known_;  // declared now or before
  TempDir folder_;
  test::StillClock clock_;  // waits between tries take no time
  Complaints complaints_;
};

// With each # as the number.
[[nodiscard]] std::string numbered(std::string text, int number);
// "a, b"
[[nodiscard]] std::string joined(const std::vector<std::string>& lines);

}  // namespace homeostat::contract

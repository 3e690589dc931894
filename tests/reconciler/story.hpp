// A situation of planning with its past, and the golden files of how its plan is shown:
// tests/golden/<name>/{plan.txt,plan.json,plan.md}, and drift.txt where git is not the only cause.
#pragma once

#include <string>
#include <string_view>

#include "reconciler/suspend.hpp"
#include "reconciler/undone.hpp"
#include "tests/reconciler/plan_fixture.hpp"

namespace homeostat::testing {

// Two containers, their records, a proxy host and a monitor; see plan_fixture.hpp for the head.
[[nodiscard]] std::string small_lab();

class Story {
 public:
  // Settled on 2026-11-19 09:00 at commit 1d0c7e2; the plan is made on 2026-11-20 14:02:11.
  explicit Story(std::string_view resources = small_lab());
  // The same with a head of its own.
  Story(std::string_view head, std::string_view resources);
  // Nothing is there and nothing is known.
  [[nodiscard]] static Story from_nothing(std::string_view resources);
  [[nodiscard]] static Story from_nothing(std::string_view head, std::string_view resources);

  // The next commit, 3f2a91c by Ana: `from`, which must stand there, becomes `to`.
  Story& edit(std::string_view from, std::string_view to);
  Story& edit_head(std::string_view from, std::string_view to);
  Story& commit(std::string_view resources);
  // One commit in which web and db of the small lab change their addresses.
  Story& swap_addresses();
  // What was edited lies in the work tree only.
  Story& uncommitted();
  Story& without_git();
  // A change by hand, and since when the ledger knows of it.
  Story& by_hand(std::string_view address, const std::string& field, nlohmann::json value);
  Story& seen_since(std::string_view address, const std::string& field, Time since,
                    const std::string& by = {});

  // Run 12 did these changes, and was undone.
  Story& undo(const std::vector<ChangeRecord>& changes);

  // The plan, with the causes that git has.
  [[nodiscard]] Plan plan();
  // Makes the plan and compares all its renderings with the golden files.
  void show(const std::string& name, bool verbose = false);

  Situation s;
  bool offline = false;
  std::vector<BlockedConnection> connections;

 private:
  enum class Past : std::uint8_t { settled, none };
  Story(std::string_view head, std::string_view resources, Past past);
  void load();
  void be_at(Time time);
  void blame(Plan& plan) const;

  std::string head_;
  std::string text_;
  Revision revision_;
};

// 2026-11-<day>
[[nodiscard]] Time november(int day, int hour, int minute, int second = 0);

}  // namespace homeostat::testing

// A plan in a file: what was shown is what is done, or nothing is. The file holds no secret; values
// that a plan stands on are kept as keyed hashes.
#pragma once

#include <map>
#include <string>

#include "reconciler/reconcile.hpp"

namespace homeostat {

// What one resource was when the plan was made: field -> keyed hash of its value. Fields that are
// none: "(id)", the native id; "(protect)".
struct Footing {
  std::map<std::string, std::string> desired, live, agreed;
  friend bool operator==(const Footing&, const Footing&) = default;
};

struct SavedPlan {
  std::string site;
  std::string rev, path;  // of the request
  std::string commit;     // that was read then, or ""
  Time made = {};
  std::string id;  // plan_id()
  PlanOptions options;
  std::map<Address, nlohmann::json> changes;  // all that were not held: what is written
  // Of each change's resource, and of the fields that it refers to.
  std::map<Address, Footing> footings;
  std::map<std::string, std::string> connections;  // of their providers: name -> hash
};

// Of a plan that may run: one with `stops` is not to be saved.
[[nodiscard]] SavedPlan take_down(const Round& round);

// The file's text. `hash` is that of the site (Round::hash): it seals the file.
[[nodiscard]] std::string write_saved_plan(const SavedPlan& plan, const SecretHash& hash);
// What the file says of itself; believe it after check_seal() only. `name` is for messages.
[[nodiscard]] Result<nlohmann::json> parse_saved_plan(const std::string& text,
                                                      const std::string& name);
[[nodiscard]] Result<SavedPlan> plan_in(const nlohmann::json& document, const std::string& name);
// Refused: another site's plan, one made with another key (on another machine), one that was
// changed.
[[nodiscard]] Status check_seal(const nlohmann::json& document, const std::string& name,
                                const std::string& site, const SecretHash& hash);

// The plan's own changes and nothing else.
[[nodiscard]] PlanOptions only_those_of(const SavedPlan& plan);

// What is no longer as it was, a sentence each; `round` was looked at just now and planned with
// only_those_of(plan). Empty: the plan is what would be planned now.
[[nodiscard]] Errors moved_since(const SavedPlan& plan, const Round& round);

}  // namespace homeostat

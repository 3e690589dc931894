// How what plans, reports and the history have in common is written as JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "reconciler/ledger.hpp"
#include "reconciler/plan.hpp"

namespace homeostat {

[[nodiscard]] nlohmann::json text_or_null(const std::string& text);
[[nodiscard]] nlohmann::json time_or_null(Time time);
[[nodiscard]] nlohmann::json place_json(const SourceRef& where);
// Without the excerpt: a line of the user's text, which may hold what belongs nowhere else.
[[nodiscard]] nlohmann::json error_json(const Error& error);
[[nodiscard]] nlohmann::json scope_json(const ScopeSummary& scope);
[[nodiscard]] nlohmann::json finding_json(const Finding& finding);
[[nodiscard]] nlohmann::json connection_json(const BlockedConnection& connection);
[[nodiscard]] nlohmann::json unknown_json(
    const std::map<Scope, std::map<std::string, std::size_t>>& unknown);
// One run, as `history --json` has it.
[[nodiscard]] nlohmann::json run_json(const RunHistory& history);

template <class Values, class Convert>
[[nodiscard]] nlohmann::json json_list(const Values& values, Convert convert) {
  nlohmann::json out = nlohmann::json::array();
  for (const auto& value : values) out.push_back(convert(value));
  return out;
}

}  // namespace homeostat

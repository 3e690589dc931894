#include "reconciler/report/scopes.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "reconciler/report/cells.hpp"
#include "reconciler/report/words.hpp"

namespace homeostat {
namespace {

using Summaries = std::vector<const ScopeSummary*>;

std::string age(const Summaries& scopes, std::optional<Time> now) {
  std::chrono::seconds oldest{0};
  for (const ScopeSummary* scope : scopes) {
    if (now && !scope->unknown && scope->at != Time{}) {
      oldest = std::max(oldest, std::chrono::seconds(*now - scope->at));
    }
  }
  return oldest < std::chrono::hours(1) ? "" : ", " + age_words(oldest) + " old";
}

}  // namespace

ScopeWords describe_scopes(const std::vector<ScopeSummary>& scopes, std::optional<Time> now) {
  std::map<std::string, Summaries> providers;
  for (const ScopeSummary& scope : scopes) providers[scope.scope.provider].push_back(&scope);
  ScopeWords out;
  std::map<std::string, std::vector<std::string>> unknown;  // reason -> what
  for (const auto& [provider, summaries] : providers) {
    std::map<std::string, std::vector<std::string>> why;
    for (const ScopeSummary* scope : summaries) {
      if (!scope->unknown) continue;
      why[error_words(*scope->unknown)].push_back(printable(to_string(scope->scope)));
    }
    const bool all = why.size() == 1 && why.begin()->second.size() == summaries.size();
    if (all) {
      unknown[why.begin()->first].push_back(printable(provider));
      continue;
    }
    out.seen.push_back(printable(provider) + (why.empty() ? " ok" : " partly ok") +
                       age(summaries, now));
    for (const auto& [reason, names] : why) {
      std::vector<std::string>& to = unknown[reason];
      to.insert(to.end(), names.begin(), names.end());
    }
  }
  for (const auto& [reason, names] : unknown) {
    out.unknown.push_back(fmt::format("{} UNKNOWN: {}", fmt::join(names, ", "), reason));
  }
  return out;
}

bool nothing_seen(const std::vector<ScopeSummary>& scopes) {
  return !scopes.empty() && std::ranges::all_of(scopes, [](const ScopeSummary& scope) {
    return scope.unknown.has_value();
  });
}

}  // namespace homeostat

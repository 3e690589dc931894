#include "reconciler/report/scopes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

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

// Each zone is asked for at a url of its own; what failed is the same thing.
std::string without_paths(const std::string& reason) {
  std::string out;
  std::size_t at = 0;
  while (true) {
    const auto scheme = reason.find("://", at);
    if (scheme == std::string::npos) break;
    const auto end = std::min(reason.find_first_of(" \"'`,;)", scheme), reason.size());
    const auto path = std::min(reason.find('/', scheme + 3), end);
    out += reason.substr(at, path - at);
    if (path < end && reason[end - 1] == ':') out += ':';
    at = end;
  }
  return out + reason.substr(at);
}

// What failed alike.
struct Alike {
  std::vector<std::string> names;
  std::set<std::string> reasons;
};

}  // namespace

ScopeWords describe_scopes(const std::vector<ScopeSummary>& scopes, std::optional<Time> now) {
  std::map<std::string, Summaries> providers;
  for (const ScopeSummary& scope : scopes) providers[scope.scope.provider].push_back(&scope);
  ScopeWords out;
  std::map<std::string, Alike> unknown;
  for (const auto& [provider, summaries] : providers) {
    std::map<std::string, Alike> why;
    std::size_t unseen = 0;
    for (const ScopeSummary* scope : summaries) {
      if (!scope->unknown) continue;
      ++unseen;
      const std::string reason = error_words(*scope->unknown);
      Alike& alike = why[without_paths(reason)];
      alike.names.push_back(printable(to_string(scope->scope)));
      alike.reasons.insert(reason);
    }
    if (unseen < summaries.size()) {
      out.seen.push_back(printable(provider) + (unseen == 0 ? " ok" : " partly ok") +
                         age(summaries, now));
    } else if (why.size() == 1) {
      why.begin()->second.names = {printable(provider)};
    }
    for (const auto& [reason, alike] : why) {
      Alike& to = unknown[reason];
      to.names.insert(to.names.end(), alike.names.begin(), alike.names.end());
      to.reasons.insert(alike.reasons.begin(), alike.reasons.end());
    }
  }
  for (const auto& [reason, alike] : unknown) {
    out.unknown.push_back(fmt::format("{} UNKNOWN: {}", fmt::join(alike.names, ", "),
                                      alike.reasons.size() == 1 ? *alike.reasons.begin() : reason));
  }
  return out;
}

bool nothing_seen(const std::vector<ScopeSummary>& scopes) {
  return !scopes.empty() && std::ranges::all_of(scopes, [](const ScopeSummary& scope) {
    return scope.unknown.has_value();
  });
}

}  // namespace homeostat

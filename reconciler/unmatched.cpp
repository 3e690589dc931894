#include "reconciler/unmatched.hpp"

#include <algorithm>

namespace homeostat {

Errors unmatched_words(const Round& round) {
  const auto matches = [&round](const std::string& glob) {
    const auto hit = [&glob](const auto& entry) { return address_matches(entry.first, glob); };
    return std::ranges::any_of(round.planned.desired, hit) ||
           std::ranges::any_of(round.memory.owned, hit) ||
           std::ranges::any_of(round.planned.plan.findings, [&glob](const Finding& finding) {
             return address_matches(finding.address, glob);
           });
  };
  Errors errors;
  const PlanOptions& options = round.request.options;
  for (const auto* globs :
       {&options.only, &options.exclude, &options.adopt, &options.allow_destroy}) {
    for (const std::string& glob : *globs) {
      if (matches(glob)) continue;
      errors.push_back(fail(ErrorKind::invalid_spec, "nothing is declared or owned as " + glob,
                            "write an address or a glob, as in 'dns/lab/*'")
                           .value());
    }
  }
  for (const std::string& word : options.allow_destroy) {
    if (word.find_first_of("*?[") == std::string::npos) continue;
    errors.push_back(fail(ErrorKind::invalid_spec,
                          "--allow-destroy takes addresses, and " + word + " is a glob",
                          "say it once for each resource whose data may go")
                         .value());
  }
  const Plan& plan = round.planned.plan;
  if (errors.empty() && !options.exclude.empty() && plan.resources == 0 && plan.changes.empty() &&
      plan.findings.empty()) {
    errors.push_back(fail(ErrorKind::invalid_spec, "nothing was selected",
                          "--exclude leaves out all that there is, or that --only names")
                         .value());
  }
  std::vector<std::string> scopes;
  for (const ScopeSummary& scope : round.planned.plan.scopes) {
    scopes.push_back(to_string(scope.scope));
  }
  for (const std::string& scope : options.accept_empty) {
    if (std::ranges::find(scopes, scope) != scopes.end()) continue;
    const std::string near = suggestion(scope, scopes);
    errors.push_back(fail(ErrorKind::invalid_spec, "there is no scope " + scope,
                          near.empty() ? "`homeostat status` lists the scopes" : near)
                         .value());
  }
  return errors;
}

}  // namespace homeostat

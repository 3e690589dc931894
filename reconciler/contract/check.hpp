// `homeostat provider check`: the contract on a configured scope, from the first thing that is made
// to the last one that is removed.
#pragma once

#include "reconciler/contract/provider_bench.hpp"

namespace homeostat::contract {

// The one scope that people mean by `text` ("pve", "dns/lab"), where it can be checked: of a zone
// and an instance that nothing is declared on, and that is trusted on this machine (ErrorKind::auth
// where it is not).
[[nodiscard]] Result<Scope> find_scratch(const Judged& judged, const std::string& text);

struct CheckStep {
  std::string subject;  // the kind; of a record its type too
  std::string title;
  Told told;
};
struct CheckResult {
  std::size_t ok = 0;
  std::size_t failed = 0;
  std::size_t cannot = 0;
  std::string ended = {};  // why not all of it was played; "": it was
  Complaints left = {};    // what could not be removed again
};
// The bench is connected for writing, and nothing in its scope is of others. Whatever happens, what
// was made is removed.
[[nodiscard]] CheckResult check(ProviderBench& bench,
                                const std::function<void(const CheckStep&)>& told);

}  // namespace homeostat::contract

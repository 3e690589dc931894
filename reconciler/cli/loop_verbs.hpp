// What the verbs share that speak with a running service through its ledger: `approve`, `suspend`,
// `resume`, `incidents`.
#pragma once

#include "reconciler/cli/cli.hpp"

namespace homeostat::cli {

// --site
void add_site_option(CLI::App& verb, std::string& site);

// The ledger of a site: of the one that is named, else of the spec in the folder, else of the only
// one that the machine file lists. `write`: what was changed wakes the loop. Of what goes wrong the
// error is printed, and gives 1.
using UseLedger = std::function<Result<int>(Ledger&, const std::string& site)>;
int with_ledger(const Global& global, const std::string& site, bool write, const UseLedger& use);

// Has the loop look at once; it looks at a file of the site's once a second.
void wake_loop(const Places& places);

// Who sits here, for "suspended by ...".
[[nodiscard]] std::string user_name();

}  // namespace homeostat::cli

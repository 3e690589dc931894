// What a site shows of itself: figures for the status, rows for the API.
#pragma once

#include <vector>

#include "reconciler/loop/turn.hpp"
#include "reconciler/serve/status.hpp"

namespace homeostat {

// Every declared resource, and what is owned and goes.
[[nodiscard]] std::vector<ResourceRow> rows_of(const Turn& turn);

// What the last turn has shown, into the status.
void show_turn(SiteStatus& status, const Turn& turn);

// What its ledger remembers: the last run, open incidents, messages on their way, suspensions.
void show_memory(SiteStatus& status, const std::string& ledger, Time now);

// Of the commit that is in force; empty fields where it cannot be read.
[[nodiscard]] CommitStatus commit_status(const std::string& repository, const std::string& commit);

}  // namespace homeostat

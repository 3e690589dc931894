// A run and what it changed, for programs.
#pragma once

#include "reconciler/ledger.hpp"

namespace homeostat {

[[nodiscard]] nlohmann::json history_json(const RunHistory& history);

}  // namespace homeostat

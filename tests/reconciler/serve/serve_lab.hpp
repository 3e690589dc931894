// A service whose two sites are in every state that there is, and a server that shows it.
#pragma once

#include "reconciler/serve/api.hpp"

namespace homeostat::test {

inline constexpr const char* token = "a-token-of-32-characters-or-more";

[[nodiscard]] ServiceStatus busy_status();
// All of it, with `token`; the plan is plan_document().
[[nodiscard]] ApiSources full_sources();
[[nodiscard]] std::string plan_document();  // what a renderer made
[[nodiscard]] Server serve(ApiSources sources);

}  // namespace homeostat::test

// The service's figures in Prometheus' text format 0.0.4.
#pragma once

#include <string>

#include "reconciler/serve/status.hpp"

namespace homeostat {

// Sites, provider instances and kinds are named, resources are not. Accepted by `promtool check
// metrics`.
[[nodiscard]] std::string metrics_text(const ServiceStatus& status, Time now);

}  // namespace homeostat

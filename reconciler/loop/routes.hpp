// What the server may ask of the sites.
#pragma once

#include <memory>
#include <vector>

#include "reconciler/loop/site.hpp"
#include "reconciler/serve/api.hpp"

namespace homeostat {

struct ServiceSettings;

// The sites must outlive what is returned.
[[nodiscard]] ApiSources sources_of(const std::vector<std::unique_ptr<Site>>& sites,
                                    const ServiceSettings& settings, Time started);

}  // namespace homeostat

// The tables of the kinds, one file a kind. schema.hpp's kinds() collects them.
#pragma once

#include "specs/schema.hpp"

namespace homeostat {

[[nodiscard]] KindSchema container_kind();
[[nodiscard]] KindSchema ip_kind();
[[nodiscard]] KindSchema dns_kind();
[[nodiscard]] KindSchema proxy_host_kind();
[[nodiscard]] KindSchema monitor_kind();

}  // namespace homeostat

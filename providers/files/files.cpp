#include "providers/core/provider.hpp"

namespace homeostat::files {

const ProviderInfo& type_info() {
  static const ProviderInfo info;
  return info;
}

Result<std::unique_ptr<Provider>> make(const ProviderContext& /*context*/) {
  return fail(ErrorKind::internal, "not yet");
}

}  // namespace homeostat::files

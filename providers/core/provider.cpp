#include "providers/core/provider.hpp"

namespace homeostat {

std::string to_string(const Scope& scope) {
  return scope.zone.empty() ? scope.provider : scope.provider + "/" + scope.zone;
}

Scope scope_of(const Address& address) {
  Scope scope{address.provider, {}};
  if (address.kind == "dns") {
    const std::string_view name = address.name;
    scope.zone = decode_component(name.substr(0, name.find('/')));
  }
  return scope;
}

}  // namespace homeostat

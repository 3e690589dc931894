#include "reconciler/lookups.hpp"

#include <algorithm>

namespace homeostat {

const ProviderKindSchema* extra_of(const ProviderInfo& provider, const std::string& kind) {
  const auto found = provider.schema.kinds.find(kind);
  return found == provider.schema.kinds.end() ? nullptr : &found->second;
}

const ProviderKindSchema* extra_of(const Address& address, const ProviderInfos& providers) {
  const auto provider = providers.find(address.provider);
  if (provider == providers.end() || provider->second == nullptr) return nullptr;
  return extra_of(*provider->second, address.kind);
}

const Error* unknown_because(const Observed& observed, const Scope& scope) {
  static const Error not_looked_at{ErrorKind::transient, "nobody looked at it", {}, {}, {}};
  const auto state = observed.scopes.find(scope);
  if (state == observed.scopes.end()) return &not_looked_at;
  return state->second.unknown ? &*state->second.unknown : nullptr;
}

const Owned* row_of(const LedgerView& ledger, const Address& address) {
  const auto row = ledger.owned.find(address);
  return row == ledger.owned.end() ? nullptr : &row->second;
}

const Agreed* agreed_at(const Owned* row, const FieldPath& path) {
  if (row == nullptr) return nullptr;
  const auto found = std::ranges::lower_bound(row->agreed, path, {}, &Agreed::path);
  return found != row->agreed.end() && found->path == path ? &*found : nullptr;
}

std::vector<std::string> tokens_of(const Address& address, const Attributes& attributes,
                                   const Zones& zones) {
  std::vector<std::string> tokens;
  const KindSchema* kind = find_kind(address.kind);
  if (kind == nullptr || kind->claims == nullptr || !attributes.is_object()) return tokens;
  for (Claim& claim : kind->claims(address, attributes, zones)) {
    tokens.push_back(std::move(claim.token));
  }
  std::ranges::sort(tokens);
  return tokens;
}

std::string claimed_thing(const std::string& token) {
  const std::size_t colon = std::min(token.find(':'), token.size() - 1);
  const std::string what = token.substr(0, std::min(token.find('@'), colon));
  const std::string value = token.substr(colon + 1, token.find('#') - colon - 1);
  return what == "vmid" || what == "port" ? what + " " + value : value;
}

bool same_but_provider(const Address& a, const Address& b) {
  return a.name == b.name && a.kind == b.kind && a.site == b.site && a.provider != b.provider;
}

SourceRef place_of(const Resource& resource, const FieldPath& path, const Spec& spec) {
  for (const FieldOrigin& origin : resource.origins) {
    if (origin.path == path && !origin.lines.empty()) {
      return source_ref(origin.lines.front(), spec.files);
    }
  }
  return source_ref(resource.where, spec.files);
}

}  // namespace homeostat
